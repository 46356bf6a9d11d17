"""A page of the record: several sources as one list, newest first, that goes on from a place and never counts rows.

A place is after a row: when it was, of which source, its key. Twenty thousand rows cost what twenty do, rows that come
meanwhile move nothing, and somebody else's place is only a moment in one's own record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from portal.screens.record.lines import Line
from portal.screens.record.sources import BY_CODE, Source
from residents.models import Resident

PAGE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Microseconds, source, key. No more digits than a moment and a key have, so that what fits can be asked for.
WRITTEN = re.compile(r"([0-9]{1,16})\.([a-z_]{1,20})\.([0-9a-f]{32}|[0-9]{1,18})")


class NoSuchPlace(Exception):
    """What came back is nothing that was ever written here."""


@dataclass(frozen=True)
class Place:
    at: datetime
    code: str
    key: UUID | int

    def __str__(self) -> str:
        key = self.key if isinstance(self.key, int) else self.key.hex
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.code}.{key}"


@dataclass(frozen=True)
class Span:
    """From a moment until before another; none is no bound."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Page:
    lines: Sequence[Line]
    older: str  # the place where the next one goes on; empty at the end


def place(written: str) -> Place | None:
    """None for nothing. Raises: NoSuchPlace"""
    if not written:
        return None
    parts = WRITTEN.fullmatch(written)
    source = BY_CODE.get(parts[2]) if parts else None
    if parts is None or source is None or source.numbered == (len(parts[3]) == 32):
        raise NoSuchPlace
    at = EPOCH + timedelta(microseconds=int(parts[1]))
    return Place(at, source.code, int(parts[3]) if source.numbered else UUID(parts[3]))


def page(
    sources: Sequence[Source],
    *,
    resident: Resident,
    size: int = PAGE,
    after: Place | None = None,
    span: Span | None = None,
) -> Page:
    """One query for each source."""
    found: list[tuple[Source, Any]] = []
    for source in sources:
        rows = source.rows(resident).filter(_within(source, span or Span()) & _beyond(source, after))
        ordered = rows.order_by(f"-{source.clock}", "-pk")
        found += [(source, row) for row in ordered[: size + 1]]
    # Each source's own order stays where two are of one moment.
    found.sort(key=lambda each: (EPOCH - each[0].when(each[1]), each[0].code))
    shown = found[:size]
    older = ""
    if len(found) > size:
        source, row = shown[-1]
        older = str(Place(source.when(row), source.code, row.pk))
    return Page([source.line(row) for source, row in shown], older)


def _within(source: Source, span: Span) -> Q:
    since = Q((f"{source.clock}__gte", span.since)) if span.since else Q()
    return since & Q((f"{source.clock}__lt", span.until)) if span.until else since


def _beyond(source: Source, after: Place | None) -> Q:
    """What comes after the place, in the order of `page`."""
    if after is None:
        return Q()
    before = Q((f"{source.clock}__lt", after.at))
    at_once = Q((source.clock, after.at))
    if source.code == after.code:
        return before | (at_once & Q(pk__lt=after.key))
    return before | at_once if source.code > after.code else before
