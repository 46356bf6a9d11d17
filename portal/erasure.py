"""What is done at each kind of place of an erasure, across the rooms, in one visible list.

Each kind has one function. It deletes what may still be there, asks the place again, and returns what it saw when nothing
is left; `None` when it is not sure yet. Only then is the place marked as gone; whatever else happens, it is tried again,
later each time and for ever (laws 4 and 12, F15, F16). Safe to run twice and to race.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from access import photos, retention
from committees import said
from consent import scans, stopping
from residents import erasure, leaving
from residents.models import ErasurePlace
from sharing import given
from vault import epochs, keys, rewrite

log = logging.getLogger(__name__)

Kind = ErasurePlace.Kind
State = ErasurePlace.State
Evidence = dict[str, str | int | bool]


def rows(place: ErasurePlace) -> Evidence | None:
    """They went with the withdrawal itself, or it could not have committed. Asked again all the same."""
    left = sum(room.rows_left(place.target) for room in (retention, leaving, scans, said, given))
    return {"rows": left} if left == 0 else None


def photo_files(place: ErasurePlace) -> Evidence | None:
    photos.delete_all(place.target)
    return None if photos.remain(place.target) else {"files": 0}


def key(place: ErasurePlace) -> Evidence | None:
    keys.destroy(id=place.target)
    state = keys.state(place.target)
    return {"key": str(state), **_final(place.target)} if state == keys.State.DESTROYED else None


def _final(key: UUID) -> Evidence:
    """Under which wrapping epoch it ended, and on which day that ends too: from then on no backup opens it."""
    final = epochs.final_on([key])[key]
    day = final.since or final.expected
    found: Evidence = {} if final.epoch is None else {"epoch": final.epoch}
    return found if day is None else {**found, "final_on": timezone.localtime(day).date().isoformat()}


def pages(place: ErasurePlace) -> Evidence | None:
    """The old versions of deleted rows, in the files of the tables that held ciphertext or wrapped keys."""
    others = ErasurePlace.objects.open().filter(order=place.order_id, kind__in=[Kind.ROWS, Kind.KEY])
    if others.exists():
        return None  # rewritten too early, the pages would keep what goes after
    tables: tuple[str, ...] = {
        leaving.PERSON: (*leaving.NAMES, given.TABLE),
        leaving.WAYS_IN: (*retention.CIPHERTEXT, leaving.ADDRESSES),
        stopping.PAPER: (),
    }.get(place.order.purpose, retention.CIPHERTEXT)
    if scans.are_in(place.order_id):
        tables = (*tables, scans.TABLE)
    if said.are_in(place.order_id):
        tables = (*tables, *said.TABLES)
    seen = {table: rewrite.rewrite(table=table, using="default") for table in tables}
    seen["vault_key"] = rewrite.rewrite_keys()
    return dict(seen) if all(seen.values()) else None


def device(place: ErasurePlace) -> Evidence | None:
    """Only the device itself can say it, by a receipt (`access/receipts.py`)."""
    return None


def recipient(place: ErasurePlace) -> Evidence | None:
    """Only who was given it can say it, by a signature (`sharing/recalls.py`)."""
    return None


# In the order in which they are seen to.
PLACE_KINDS: Mapping[Kind, Callable[[ErasurePlace], Evidence | None]] = {
    Kind.ROWS: rows,
    Kind.PHOTOS: photo_files,
    Kind.KEY: key,
    Kind.PAGES: pages,
    Kind.DEVICE: device,
    Kind.RECIPIENT: recipient,
}


def run(*, order: UUID, at: datetime) -> bool:
    """See to every place of the order that is due. True if none of them must be tried again."""
    due = ErasurePlace.objects.filter(order=order, state=State.WAITING, due_at__lte=at).exclude(
        kind__in=erasure.ANSWER_THEMSELVES
    )
    turns = list(PLACE_KINDS)
    settled = [_see_to(place, at) for place in sorted(due, key=lambda each: turns.index(Kind(each.kind)))]
    return all(settled)


def _see_to(place: ErasurePlace, at: datetime) -> bool:
    try:
        evidence = PLACE_KINDS[Kind(place.kind)](place)
        if evidence is not None:
            erasure.mark_gone(place=place.pk, evidence=evidence, at=at)
            return True
    except Exception as error:  # noqa: BLE001  (one place must not keep the others; it is tried again and again)
        # By name only: the message of a database error can hold the row.
        named = type(error).__name__
        log.error("erasure place %s (%s), attempt %d: %s", place.pk, place.kind, place.attempts + 1, named)
    erasure.postpone(place=place, at=at)
    return False
