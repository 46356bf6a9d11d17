"""What is done at each kind of place of an erasure, across the rooms, in one visible list.

Each kind has one function. It deletes what may still be there, asks the place again, and returns what it saw when nothing
is left; `None` when it is not sure yet. Only then is the place marked as gone; whatever else happens, it is tried again,
later each time and for ever (laws 4 and 12, F15, F16). Safe to run twice and to race.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache, partial
from uuid import UUID

from django.utils import timezone

from access import photos, retention
from committees import said
from consent import scans, stopping
from residents import erasure, holds, leaving
from residents.models import Backup, ErasurePlace
from sharing import given
from vault import epochs, keys, rewrite
from vault.models import Key

log = logging.getLogger(__name__)

Kind = ErasurePlace.Kind
State = ErasurePlace.State
Evidence = dict[str, str | int | bool]
Rewrite = Callable[[str], bool]

KEYS = Key._meta.db_table


def rows(place: ErasurePlace) -> Evidence | None:
    """They went with the withdrawal itself, or it could not have committed. Asked again all the same."""
    left = sum(room.rows_left(place.target) for room in (retention, leaving, scans, said, given, holds))
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


def _rewrite(table: str) -> bool:
    return rewrite.rewrite_keys() if table == KEYS else rewrite.rewrite(table=table, using="default")


def pages(place: ErasurePlace, rewritten: Rewrite = _rewrite) -> Evidence | None:
    """The old versions of deleted rows, in the files of the tables that held ciphertext or wrapped keys."""
    seen = {table: rewritten(table) for table in _tables(place)}
    return dict(seen) if all(seen.values()) else None


def _tables(place: ErasurePlace) -> tuple[str, ...]:
    tables: tuple[str, ...] = {
        leaving.PERSON: (*leaving.NAMES, *retention.WAYS, given.TABLE),
        leaving.WAYS_IN: (*retention.CIPHERTEXT, leaving.ADDRESSES),
        stopping.PAPER: (),
        holds.PURPOSE: holds.TABLES,
    }.get(place.order.purpose, retention.CIPHERTEXT)
    if scans.are_in(place.order_id):
        tables = (*tables, scans.TABLE)
    if said.are_in(place.order_id):
        tables = (*tables, *said.TABLES)
    return (*tables, KEYS)


def device(place: ErasurePlace) -> Evidence | None:
    """Only the device itself can say it, by a receipt (`access/receipts.py`)."""
    return None


def recipient(place: ErasurePlace) -> Evidence | None:
    """Only who was given it can say it, by a signature (`sharing/recalls.py`)."""
    return None


def backup(place: ErasurePlace) -> Evidence | None:
    """A set that may have been copied counts until its time is up, and until its folder was asked (`portal/backups.py`)."""
    found = Backup.objects.filter(pk=place.target, state=Backup.State.GONE).first()
    if found is None:
        return None
    where = "declared" if found.declared else "files"
    return {"expired": found.expires_at.isoformat(), where: True if found.declared else 0}


# In the order in which they are seen to; pages after all others.
PLACE_KINDS: Mapping[Kind, Callable[..., Evidence | None]] = {
    Kind.ROWS: rows,
    Kind.PHOTOS: photo_files,
    Kind.KEY: key,
    Kind.PAGES: pages,
    Kind.DEVICE: device,
    Kind.RECIPIENT: recipient,
    Kind.BACKUP: backup,
}


def run(*, order: UUID, at: datetime, kinds: Collection[Kind] | None = None) -> bool:
    """See to every place of the order that is due, or to those of these kinds. True if none of them must be tried again."""
    return run_all(orders=[order], at=at, kinds=kinds)


def run_all(*, orders: Collection[UUID], at: datetime, kinds: Collection[Kind] | None = None) -> bool:
    """See to what is due of all these orders. A table's file is rewritten once for all of them: it costs as much as the table
    is long, however many rows of it went."""
    due = ErasurePlace.objects.filter(order__in=orders, state=State.WAITING, due_at__lte=at)
    due = due.exclude(kind__in=erasure.ANSWER_THEMSELVES).select_related("order")
    if kinds is not None:
        due = due.filter(kind__in=kinds)
    turns = list(PLACE_KINDS)
    first = sorted(due.exclude(kind=Kind.PAGES), key=lambda each: turns.index(Kind(each.kind)))
    settled = [_see_to(place, partial(PLACE_KINDS[Kind(place.kind)], place), at) for place in first]
    # Who may go on is asked before the first file is rewritten: what goes only after that is still in it.
    last = [(place, _is_emptied(place)) for place in due.filter(kind=Kind.PAGES)]
    once = cache(_rewrite)
    settled += [
        _see_to(place, partial(PLACE_KINDS[Kind.PAGES], place, once) if emptied else lambda: None, at)
        for place, emptied in last
    ]
    return all(settled)


def _is_emptied(place: ErasurePlace) -> bool:
    """Rewritten too early, the pages would keep what goes after."""
    others = ErasurePlace.objects.open().filter(order=place.order_id, kind__in=[Kind.ROWS, Kind.KEY])
    # What a hold keeps has pages of its own in the hold's order, which are rewritten when it has ended.
    return not others.exclude(state=State.HELD).exists()


def _see_to(place: ErasurePlace, ask: Callable[[], Evidence | None], at: datetime) -> bool:
    try:
        evidence = ask()
        if evidence is not None:
            erasure.mark_gone(place=place.pk, evidence=evidence, at=at)
            return True
    except Exception as error:  # noqa: BLE001  (one place must not keep the others; it is tried again and again)
        # By name only: the message of a database error can hold the row.
        named = type(error).__name__
        log.error("erasure place %s (%s), attempt %d: %s", place.pk, place.kind, place.attempts + 1, named)
    erasure.postpone(place=place, at=at)
    return False
