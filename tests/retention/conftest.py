"""Somewhere for things to fall due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.retention.due import Place


@pytest.fixture
def now() -> datetime:
    """Tomorrow, almost: who comes of age then is still a child to the database, which keeps no adult's date of birth."""
    return datetime.now(UTC) + timedelta(hours=23, minutes=55)


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, settings, monkeypatch) -> None:
    """Photos of these tests alone, and no messages: what is due is due without one."""
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


@pytest.fixture
def place(db: None, now: datetime) -> Place:
    return Place.made(now)
