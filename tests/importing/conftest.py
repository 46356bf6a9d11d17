"""A list that is brought in, from the file to the last batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from residents.importing import applying, running, undoing, uploading
from residents.models import Import, ImportRow, Neighborhood, User


def to_the_end(source: Import, at: datetime) -> Import:
    """As workers do, one message after the other."""
    while running.work(imported=source.pk, at=at):
        pass
    source.refresh_from_db()
    return source


def fates(source: Import) -> dict[int, tuple[str, str]]:
    """Number of the line -> (fate, reason): what came of it, or is planned."""
    return {row.number: (row.outcome or row.fate, row.reason) for row in source.lines.order_by("number")}


def notes(source: Import) -> dict[int, list[str]]:
    return dict(ImportRow.objects.filter(source=source).values_list("number", "notes"))


@pytest.fixture
def look(here: Neighborhood, clerk: User, now: datetime) -> Callable[..., Import]:
    """The dry run alone. Dwellings that are missing are made, unless told otherwise."""

    def looked(content: bytes, **also: Any) -> Import:
        given = {"neighborhood": here, "by": clerk, "at": now, "make_dwellings": True} | also
        return uploading.dry_run(content=content, **given)

    return looked


@pytest.fixture
def bring_in(look: Callable[..., Import], clerk: User, now: datetime) -> Callable[..., Import]:
    def brought(content: bytes, **also: Any) -> Import:
        source = look(content, **also)
        applying.begin(source=source, by=clerk, at=also.get("at", now))
        return to_the_end(source, also.get("at", now))

    return brought


@pytest.fixture
def undo(clerk: User, now: datetime) -> Callable[[Import], Import]:
    def undone(source: Import) -> Import:
        undoing.begin(source=source, by=clerk, at=now)
        return to_the_end(source, now)

    return undone
