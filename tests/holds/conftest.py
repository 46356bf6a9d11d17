"""Two of the residents' committee, and somebody with things that are due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from access.models import EntryEvent
from residents.models import Neighborhood, Resident, User
from tests import holding, make
from vault import rewrite


@pytest.fixture(autouse=True)
def folder(tmp_path, settings, monkeypatch) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


@pytest.fixture
def pages(monkeypatch) -> None:
    """Files are rewritten after a commit; within a rolled back test they are taken to be."""
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)


@pytest.fixture
def two(here: Neighborhood, now: datetime) -> tuple[User, User]:
    return holding.two(here, at=now)


@pytest.fixture
def entry(here: Neighborhood, now: datetime) -> Callable[..., EntryEvent]:
    """An entry by somebody's own card, so many days ago."""
    gate = make.gate(here, at=now)
    device = make.device(gate, at=now).device
    cards: dict[UUID, UUID] = {}

    def made(who: Resident, *, days: int) -> EntryEvent:
        if who.pk not in cards:
            cards[who.pk] = make.card(who, at=now).pk
        at = now - timedelta(days=days)
        return EntryEvent.objects.create(
            neighborhood=here, gate=gate, device=device, boot=uuid4(), sequence=1, kind="card",
            credential=cards[who.pk], outcome="opened", device_time=at, received_at=at,
        )  # fmt: skip

    return made
