"""Scheduled deletion (laws 8 and 9): every room's rules, seen to a batch at a time.

Beat sends a sweep every SWEEP_SECONDS. Each batch claims what is due with FOR UPDATE SKIP LOCKED and ends it in one
small transaction, which also counts it: two workers at once share the work, a killed one has done what it committed and
nothing else, and whoever holds a row for something else is left alone until the next sweep. Rules take turns, so a
mountain of one kind keeps no other waiting; what does not fit into RETENTION_SECONDS is due again in the next sweep. A
rule that fails is logged by name and keeps nobody else, and a row that fails keeps no other row.

Whether anything is late is asked of the rows themselves (`late`), so a sweeper that lies, sleeps or dies is found out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, QuerySet, Value
from django.utils import timezone

import access.retention
import committees.retention
import consent.retention
import residents.retention
import sharing.retention
from residents import holds
from residents.erasure import Place
from residents.keeping import ROWS_A_PAGE, Kept, Rule, delete_along, delete_at_once
from residents.models import Resident, RetentionRun

log = logging.getLogger(__name__)

# In the order in which people read them: what happens at the door first.
ROOMS = (access.retention, consent.retention, sharing.retention, residents.retention, committees.retention)
RULES: Sequence[Rule] = tuple(rule for room in ROOMS for rule in room.RULES)
KEPT: Sequence[Kept] = tuple(kept for room in ROOMS for kept in room.KEPT)

RETENTION_KEY = "retention:last"
# A batch that would have to wait for somebody gives up instead: nobody waits for a sweep, and a sweep for nobody.
LOCK_WAIT_MS = 500
# Of what is claimed row by row, no more at a time, however large the rule's batch.
CLAIMED = 5000
# Reports count no further; what is left is "at least so many".
COUNTED = 100_000


@dataclass
class Turn:
    """One rule in one sweep."""

    rule: Rule
    gone: int = 0
    failed: int = 0
    seconds: float = 0.0
    more: bool = True
    passed_over: set[Any] = field(default_factory=set)  # looked at in this sweep, and still there
    along: bool = False  # the table's file, and from which page on
    page: int = 0


def sweep(
    *,
    at: datetime,
    rules: Sequence[Rule] | None = None,
    seconds: float | None = None,
    after: Callable[[Turn], object] | None = None,
) -> list[Turn]:
    """See to what is due, as far as the time goes. Each rule gets at least one batch; `after` is told of each of them.

    Whatever stops it, be it an exception of `after`, a signal or a kill, what was committed is done and counted, and the next
    sweep goes on from there.
    """
    rules = RULES if rules is None else rules
    deadline = time.monotonic() + (settings.RETENTION_SECONDS if seconds is None else seconds)
    today = timezone.localdate(at)
    _open_the_day(rules, today, at)
    turns = [Turn(rule) for rule in rules]
    waiting = turns
    while waiting:
        for turn in waiting:
            _take(turn, today, at)
            if after is not None:
                after(turn)
        over = time.monotonic() >= deadline
        waiting = [] if over else [turn for turn in waiting if turn.more]
    for turn in turns:
        _report(turn, today, at)
    # Of all rules, or it is no sweep: whoever ran one by hand has not seen to the others.
    if rules is RULES and not any(turn.failed for turn in turns):
        cache.set(RETENTION_KEY, at.timestamp(), timeout=None)
    return turns


def keep_person(*, resident: Resident, erased: bool, at: datetime) -> list[Place]:
    """The effect of that name: what legal holds want kept of somebody who leaves or is about to be erased, of every room."""
    return holds.keep_person(resident=resident, rules=RULES, erased=erased, at=at)


def due(rule: Rule, *, at: datetime, most: int = COUNTED) -> tuple[int, datetime | date | None]:
    """How many are due, and the oldest one's clock. Counted up to `most`."""
    found = rule.due(at)
    count = found.values("pk")[:most].count()
    return count, found.values_list(rule.clock, flat=True).first() if count else None


def late(
    *, at: datetime, rules: Iterable[Rule] | None = None, where: Collection[Any] | None = None
) -> list[Rule]:
    """Rules of which something has been due for longer than their grace; in these neighborhoods, if told which."""
    asked: dict[str, Rule] = {}
    questions = []
    for rule in RULES if rules is None else rules:
        rows = rule.late(at)
        if where is not None:
            path = _path_to_neighborhood(rows.model)
            if path is None:
                continue
            rows = rows.filter(**{f"{path}__in": where})
        asked[rule.code] = rule
        questions.append(rows.order_by().values_list(Value(rule.code))[:1])
    if not questions:
        return []
    answers = questions[0].union(*questions[1:], all=True)  # one query for all of them
    return [asked[code] for code in sorted(code for (code,) in answers)]


def _path_to_neighborhood(model: Any) -> str | None:
    """How rows of this kind say where they belong; None for those that belong to no neighborhood."""
    names = {each.name for each in model._meta.get_fields()}
    if "neighborhood" in names:
        return "neighborhood"
    for owner in ("resident", "gate"):
        if owner in names:
            return f"{owner}__neighborhood"
    return None


def _take(turn: Turn, today: date, at: datetime) -> None:
    """One batch; and where that fails, its rows one by one, so that a bad one keeps no other."""
    began = time.monotonic()
    claimed: list[Any] = []
    try:
        if turn.rule.at_once and not turn.failed and not holds.stand(rule=turn.rule, at=at):
            turn.gone += _all_at_once(turn, today, at)
        else:
            turn.gone += _batch(turn, min(turn.rule.batch, CLAIMED), claimed, today, at)
    except Exception as error:  # noqa: BLE001  (the next sweep tries again, and the alarm sounds when it is late)
        _failed(turn, error)
        if len(claimed) > 1:
            _one_by_one(turn, claimed, today, at)
        else:
            turn.passed_over.update(claimed)
        turn.more = bool(claimed) or (turn.rule.at_once and turn.failed == 1)
    turn.seconds += time.monotonic() - began


def _one_by_one(turn: Turn, rows: list[Any], today: date, at: datetime) -> None:
    for row in rows:
        try:
            turn.gone += _batch(turn, 1, [], today, at, only=row)
        except Exception as error:  # noqa: BLE001
            _failed(turn, error)
            turn.passed_over.add(row)


@transaction.atomic
def _all_at_once(turn: Turn, today: date, at: datetime) -> int:
    """A batch of what is deleted in one statement, and counted with it.

    The first are found as the few of an ordinary night are. Where that comes full there is a mountain, and the file is walked
    from there on, for as long as most of what lies there is due.
    """
    _wait_for_nobody()
    due, size = turn.rule.due(at), turn.rule.batch
    if turn.along:
        stretch = -(-size // ROWS_A_PAGE)
        gone = delete_along(due, turn.page, stretch)
        turn.page += stretch
        turn.along = gone > size // 2
        turn.more = True
    else:
        gone, turn.page = delete_at_once(due, size)
        turn.along = turn.more = gone >= size
    if gone:
        _of_today(turn.rule, today).update(deleted=F("deleted") + gone)
    return gone


def _batch(turn: Turn, size: int, claimed: list[Any], today: date, at: datetime, *, only: Any = None) -> int:
    """Claim, end, count: all of it or nothing. `claimed` is filled for whoever has to look at a failure."""
    rows = turn.rule.due(at)
    if only is not None:
        rows = rows.filter(pk=only)
    elif turn.passed_over:
        rows = rows.exclude(pk__in=turn.passed_over)
    held = turn.rule.holdable
    if held is not None and held.under_a_key and holds.stand(rule=turn.rule, at=at):
        with transaction.atomic():
            _claim(turn.rule, rows, size, claimed, at)
        # Claimed anew below, by themselves: what is copied a second time is the copy that is there.
        rows = rows.filter(pk__in=list(claimed))
    more = len(claimed) >= size
    with transaction.atomic():
        claimed.clear()
        _claim(turn.rule, rows, size, claimed, at)
        gone = turn.rule.forget(claimed, at) if claimed else 0
        if gone:
            # Last, and of the sweep alone: two sweeps take turns here for a moment, and nobody else comes by.
            _of_today(turn.rule, today).update(deleted=F("deleted") + gone)
    if gone < len(claimed):
        turn.passed_over.update(claimed)
    turn.more = more or len(claimed) >= size
    return gone


def _claim(rule: Rule, rows: QuerySet[Any], size: int, claimed: list[Any], at: datetime) -> None:
    """With copies of what a hold wants kept of them, inside a transaction."""
    _wait_for_nobody()
    claimed += rule.claim(rows, size)
    if claimed:
        holds.keep(rule=rule, rows=rule.rows().filter(pk__in=claimed), at=at)


def _wait_for_nobody() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MS}ms'")


def _failed(turn: Turn, error: Exception) -> None:
    turn.failed += 1
    # By name only: the message of a database error can hold the row.
    log.error("retention of %s: %s", turn.rule.code, type(error).__name__)


def _open_the_day(rules: Sequence[Rule], today: date, at: datetime) -> None:
    known = set(RetentionRun.objects.filter(day=today).values_list("rule", flat=True))
    missing = [
        RetentionRun(rule=rule.code, day=today, last_at=at) for rule in rules if rule.code not in known
    ]
    RetentionRun.objects.bulk_create(missing, ignore_conflicts=True)


def _report(turn: Turn, today: date, at: datetime) -> None:
    """What is left. Written only where there is something to say: most sweeps find nothing."""
    left = bool(turn.more or turn.failed or turn.passed_over)
    still, oldest = due(turn.rule, at=at) if left else (0, None)
    run = _of_today(turn.rule, today)
    if not (turn.gone or turn.failed or still) and not run.filter(still_due__gt=0).exists():
        return
    run.update(
        failed=F("failed") + turn.failed,
        still_due=still,
        oldest_due=_moment(oldest),
        seconds=F("seconds") + turn.seconds,
        last_at=at,
    )


def _of_today(rule: Rule, today: date) -> QuerySet[RetentionRun]:
    return RetentionRun.objects.filter(rule=rule.code, day=today)


def _moment(when: datetime | date | None) -> datetime | None:
    """A date counts from its first moment."""
    if when is None or isinstance(when, datetime):
        return when
    return datetime.combine(when, clock.min, tzinfo=UTC)
