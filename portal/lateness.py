"""The dead-man's switch of scheduled deletion: when it is late, auditors and chairs are told (law 8, obligation 20).

Two questions, both of which a dead sweep cannot answer well of itself: does a row stand that should have gone long ago, in this
neighborhood; and when did a sweep last go through at all. Whoever lives asks them: the worker every minute, by its own clock and
not by beat's messages, and each request to `/healthz/`. So beat may be dead, or the worker, and it comes out.

Each time that something comes to be late is a row (`Lateness`), and one alarm. What is put right ends it, and what is late again
is told again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Max
from redis.exceptions import RedisError

from portal import retention
from residents import alarms, auditing
from residents.models import Alarm, Lateness, Neighborhood, RetentionRun

log = logging.getLogger(__name__)

# Who answers for it, and who looks after those who do: as the desk's own alarm is shown to.
TOLD = ("audit", "publish_forms")
# One looks at a time, whoever it is: those who come meanwhile need not.
LOCK = 0x4C4E4D_1A7E


def last_sweep() -> datetime | None:
    """When one last went through without a failure, by its own account. Where Redis has forgotten, the rows answer that each
    day's first sweep writes: since then it may have gone on for a day. None: there never was one."""
    try:
        said: float | None = cache.get(retention.RETENTION_KEY)
    except RedisError:
        said = None
    if said is not None:
        return datetime.fromtimestamp(said, tz=UTC)
    found: datetime | None = RetentionRun.objects.aggregate(last=Max("last_at"))["last"]
    return found + timedelta(days=1) if found else None


def is_silent(*, at: datetime) -> bool:
    """No sweep for so long that somebody has to look."""
    last = last_sweep()
    # One from times to come was written before the clock was set back: whoever wrote it may have died since.
    return last is not None and abs(at - last) > timedelta(seconds=settings.RETENTION_SILENT_SECONDS)


def look(*, at: datetime) -> int:
    """Write down what came to be late and what is no more, and tell of the former. How many alarms sounded."""
    late = _late_in(at)
    silent = is_silent(at=at)
    with transaction.atomic():
        if not _alone():
            return 0
        standing = {(each.neighborhood_id, each.rule): each for each in Lateness.objects.filter(over_at=None)}
        over = [each.pk for key, each in standing.items() if key not in _now(late, silent)]
        Lateness.objects.filter(pk__in=over).update(over_at=at)
        begun = [key for key in _now(late, silent) if key not in standing]
        return sum(_begin(neighborhood, rule, at) for neighborhood, rule in begun)


def watch(*, at: datetime) -> None:
    """`look`, for those who do something else: what keeps them from it is logged, and the next one looks again."""
    try:
        look(at=at)
        auditing.ring(at=at)  # of the yearly audit, which a dead sweep would not miss either
    except DatabaseError as error:
        log.error("looking for what is late: %s", type(error).__name__)


def standing(neighborhoods: Iterable[UUID] | None) -> bool:
    """Whether nobody sweeps, as it was noticed; in these neighborhoods, or anywhere."""
    found = Lateness.objects.filter(rule=Lateness.SWEEP, over_at=None)
    return (found if neighborhoods is None else found.filter(neighborhood__in=neighborhoods)).exists()


def _now(late: dict[UUID, set[str]], silent: bool) -> set[tuple[UUID, str]]:
    found = {(here, rule) for here, rules in late.items() for rule in rules}
    return found | {(here, Lateness.SWEEP) for here in late if silent}


def _late_in(at: datetime) -> dict[UUID, set[str]]:
    """By neighborhood. Where nothing is late anywhere that is one query more than the list of them."""
    everywhere = retention.late(at=at)
    found: dict[UUID, set[str]] = {}
    for here in Neighborhood.objects.filter(practice=False).values_list("pk", flat=True):
        mine = retention.late(at=at, rules=everywhere, where=[here]) if everywhere else []
        found[here] = {rule.code for rule in mine}
    # What belongs to no neighborhood is everybody's.
    nobodys = {rule.code for rule in everywhere} - set().union(*found.values()) if found else set()
    for rules in found.values():
        rules |= nobodys
    return found


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def _begin(neighborhood: UUID, rule: str, at: datetime) -> bool:
    try:
        with transaction.atomic():
            begun = Lateness.objects.create(neighborhood_id=neighborhood, rule=rule, since=at)
    except IntegrityError:  # somebody else noticed it, with another lock than ours
        return False
    silent = rule == Lateness.SWEEP
    alarms.sound(
        kind=Alarm.Kind.RETENTION_SILENT if silent else Alarm.Kind.RETENTION_LATE,
        neighborhood=begun.neighborhood,
        subject=begun.pk,
        at=at,
        perms=TOLD,
    )
    return True
