"""A new wrapping key each week, and the end of the old one.

One turn goes as far as it can, and the next goes on from there; killed anywhere, or run by two at once, it does no step
half and none twice. The steps, and what each leaves that others can see:

1. A new epoch opens: its salt lies whole in both places, then its row is written. A salt whose maker died before the row
   is taken up by the next.
2. Every living key is wrapped anew, in small batches that pass over what somebody else holds. Its bytes are exchanged only
   for what they were, so that a key that was destroyed meanwhile stays so. Readers go on: bytes name what wrapped them.
3. The table's file is rewritten and the old epoch is cleared: from here on the database lets no key under it.
4. After the grace its salt is destroyed in both places, each is looked at again, and only then is the epoch retired.

Where a place is missing, or a salt in it, nothing is opened and nothing is destroyed: it waits, and `/healthz/` says so.
Time is the database's: a worker whose clock steps opens nothing early and ends nothing early.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connections, router, transaction
from django.db.models import QuerySet

from vault import canary, epochs, rewrite
from vault.keys import row_name
from vault.models import Epoch, Key
from vault.salts import PlaceMissing
from vault.wrapping import WrappedKeyDamaged, WrappingKeyMissing

log = logging.getLogger(__name__)

BATCH = 200
# For how long one turn of the sweep wraps keys anew, so that others get their turn; the rest waits for the next.
TURN_SECONDS = 30.0
# What may be late by so much before the alarm sounds.
PATIENCE = timedelta(days=1)
# The trigger on new epochs takes it too.
_OPENING = 1818848877

DUE = """
    SELECT coalesce(bool_or(number > 0), false),
        coalesce(max(opened_at) FILTER (WHERE number > 0) + make_interval(secs => %s) <= statement_timestamp(), true)
    FROM vault_epoch
"""
TAKE = """
    SELECT id, subject, purpose, wrapped FROM vault_key
    WHERE epoch = %s AND wrapped IS NOT NULL AND id > %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
EXCHANGE = "UPDATE vault_key SET wrapped = %s WHERE id = %s AND wrapped = %s AND destroyed_at IS NULL"
SAY = {
    "cleared_at": "UPDATE vault_epoch SET cleared_at = statement_timestamp() WHERE number = %s AND cleared_at IS NULL",
    "retired_at": "UPDATE vault_epoch SET retired_at = statement_timestamp() WHERE number = %s AND retired_at IS NULL",
}


class Waits(Exception):
    """Nothing more can be done now; the message says for what it waits, without secrets."""


@dataclass(kw_only=True)
class Turn:
    """What one turn did."""

    opened: int | None = None
    wrapped: int = 0
    # Keys whose bytes did not open: they keep their epoch from ending.
    stuck: list[UUID] = field(default_factory=list)
    cleared: list[int] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    waits: str = ""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """What `/healthz/` is told."""

    living: int
    lacking: int
    late: bool


def open_first() -> bool:
    """Make the places and the first epoch, where there is none. Safe to repeat; false if there was one."""
    with connections[_alias()].cursor() as cursor:
        cursor.execute(DUE, [0])
        if cursor.fetchone()[0]:
            return False
    epochs.keeper().prepare()
    return _open(first=True) is not None


def turn(*, now: bool = False, seconds: float = TURN_SECONDS) -> Turn:
    """Do what is due; `now`: open the next epoch whether it is due or not. Waits for nobody, and never raises for a place
    that is missing: what it waits for is in the answer, and in the log. No batch begins after so many seconds."""
    done = Turn()
    rows = list(Epoch.objects.order_by("number"))
    if not now and not _is_anything_to_do(rows):
        return done
    if connections[_alias()].in_atomic_block:
        raise transaction.TransactionManagementError(
            "Files do not roll back: no turn is part of a transaction."
        )
    try:
        if now or _is_due():
            done.opened = _open(first=False)
        _wrap_anew(done, until=time.monotonic() + seconds)
        _clear(done)
        _retire(done)
    except (Waits, PlaceMissing, WrappingKeyMissing, OSError) as held:
        done.waits = str(held) if not isinstance(held, OSError) else f"{held.strerror}: {held.filename}"
        log.warning("wrapping epochs wait: %s", done.waits)
    return done


def alarm(*, at: datetime) -> Alarm:
    """By the rows and the files, whoever should have seen to it."""
    rows = list(Epoch.objects.order_by("number"))
    newest = next((row for row in reversed(rows) if row.number), None)
    ended = [row for row in rows if row.retire_after is not None and row.retired_at is None]
    late = (
        newest is None
        or epochs.ends(newest) + PATIENCE < at
        or any(row.retire_after + PATIENCE < at for row in ended if row.retire_after)
    )
    living = [row for row in rows if row.number and row.cleared_at is None]
    try:
        lacking = len(epochs.keeper().lacking([bytes(row.name) for row in living]))
    except (WrappingKeyMissing, OSError):
        lacking = 2 * len(living)
    return Alarm(living=len(living), lacking=lacking, late=late)


def mend() -> None:
    """By a person's word alone, as after a medium was lost: what one place has of living epochs goes to the other."""
    keeper = epochs.keeper()
    keeper.prepare()
    keeper.mend([bytes(name) for name in _living()])


def _alias() -> str:
    return router.db_for_write(Epoch)


def _living() -> list[bytes]:
    """Epochs under which there may be keys."""
    found = Epoch.objects.filter(number__gt=0, cleared_at=None).order_by("number")
    return [bytes(name) for name in found.values_list("name", flat=True)]


def _is_anything_to_do(rows: list[Epoch]) -> bool:
    if any(row.retire_after is not None and row.retired_at is None for row in rows):
        return True
    if any(row.number for row in rows) and _is_due():
        return True
    return bool(_come_back(rows))


def _is_due() -> bool:
    """A vault without any is opened by a person's command: it knows where the places are meant to be."""
    with connections[_alias()].cursor() as cursor:
        cursor.execute(DUE, [timedelta(days=settings.EPOCH_DAYS).total_seconds()])
        is_any, due = cursor.fetchone()
    return bool(is_any and due)


def _open(*, first: bool) -> int | None:
    """The number of the new epoch, or None where somebody else was first."""
    before = list(Epoch.objects.values_list("number", flat=True))
    with transaction.atomic(using=_alias()), connections[_alias()].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OPENING])
        cursor.execute("SELECT number, name FROM vault_epoch")
        known = {number: bytes(name) for number, name in cursor.fetchall()}
        if set(known) != set(before) or (first and any(known)):
            return None
        canary.opens()  # a salt of another root would open nothing
        keeper = epochs.keeper()
        if lacking := keeper.lacking(_living()):
            raise Waits(f"not in its place: {', '.join(lacking)}")
        name = keeper.make(known=set(known.values()))
        number = max(known, default=0) + 1
        cursor.execute("INSERT INTO vault_epoch (number, name) VALUES (%s, %s)", [number, name])
        cursor.execute(
            "UPDATE vault_epoch SET retire_after = statement_timestamp() + make_interval(secs => %s)"
            " WHERE retire_after IS NULL AND number < %s",
            [epochs.grace().total_seconds(), number],
        )
    log.info("wrapping epoch %d is open", number)
    return number


def _wrap_anew(done: Turn, *, until: float) -> None:
    for number in _ended().values_list("number", flat=True):
        last: UUID | None = UUID(int=0)
        while last is not None and time.monotonic() < until:
            last = _wrap_batch(number, last, done)
    for id in done.stuck:
        log.error("key %s does not open, so its epoch cannot end", id)


def _ended() -> QuerySet[Epoch]:
    """Followed by another one, and perhaps not empty yet."""
    return Epoch.objects.filter(retire_after__isnull=False, cleared_at=None).order_by("number")


def _wrap_batch(number: int, after: UUID, done: Turn) -> UUID | None:
    """Of one epoch: the last id that was looked at; None when nothing is left."""
    with transaction.atomic(using=_alias()), connections[_alias()].cursor() as cursor:
        wrap = epochs.newest().wrap
        cursor.execute(TAKE, [number, after, BATCH])
        rows = cursor.fetchall()
        opener = epochs.Openers()
        exchanged = []
        for id, subject, purpose, old in rows:
            aad = row_name(id=id, subject=subject, purpose=purpose)
            try:
                plain = opener.unwrap(bytes(old), aad=aad)
            except (WrappedKeyDamaged, WrappingKeyMissing):
                done.stuck.append(id)
                continue
            exchanged.append((wrap(plain, aad=aad), id, old))
        if exchanged:
            cursor.executemany(EXCHANGE, exchanged)
        done.wrapped += len(exchanged)
    return rows[-1][0] if rows else None


def _clear(done: Turn) -> None:
    empty = [
        number
        for number in _ended().values_list("number", flat=True)
        if not Key.objects.filter(epoch=number, wrapped__isnull=False).exists()
    ]
    if not empty or not rewrite.rewrite_keys():
        return
    for number in empty:
        done.cleared += [number] * _say(number, "cleared_at")


def _retire(done: Turn) -> None:
    rows = list(Epoch.objects.order_by("number"))
    over = _over()
    waiting = [row for row in rows if row.number in over]
    back = _come_back(rows)
    if not waiting and not back:
        return
    keeper = epochs.keeper()
    if lacking := keeper.lacking(_living()):
        raise Waits(f"not in its place: {', '.join(lacking)}")
    for row in waiting:
        if row.number != epochs.ROOT and not keeper.destroy(bytes(row.name)):
            raise Waits(f"the salt of epoch {row.number} is not gone from both places")
        if _say(row.number, "retired_at"):
            done.retired.append(row.number)
            log.info("wrapping epoch %d is retired", row.number)
    for name in back:
        log.warning("the salt of a retired epoch was there again: %s", name.hex())
        keeper.destroy(name)


def _over() -> set[int]:
    """Cleared, and their grace is over, by the database's clock; none beside one before it that is not."""
    with connections[_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT number, cleared_at IS NOT NULL AND retire_after <= statement_timestamp()"
            " FROM vault_epoch WHERE retired_at IS NULL ORDER BY number"
        )
        found = set()
        for number, over in cursor.fetchall():
            if not over:
                break
            found.add(number)
    return found


def _come_back(rows: list[Epoch]) -> set[bytes]:
    """Salts of retired epochs: on a medium that was away, or out of somebody's copy."""
    retired = {bytes(row.name) for row in rows if row.retired_at is not None}
    return epochs.keeper().names() & retired if retired else set()


def _say(number: int, what: str) -> int:
    """1 if it was said by this very call. Refused by the database where it is not so."""
    with connections[_alias()].cursor() as cursor:
        cursor.execute(SAY[what], [number])
        return int(cursor.rowcount)
