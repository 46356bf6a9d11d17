"""How often somebody may look at people's details, and what about it the auditor hears of (obligations 23 and 27).

Counted is the person, not the account: two accounts that are one person look as one (`residents_accounts_of`). The database
refuses what goes beyond thirty in an hour or a hundred in a day; the settings may lower both and never raise them. An unusual
look is not refused, for there may be a good reason: it sounds an alarm. In a practice neighborhood nobody is looked at.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q

from residents import ages, alarms
from residents.approving import NeedsApproval
from residents.models import Approval, LookUp, Neighborhood, Occupancy, Resident, User

# The law's own numbers: see the trigger `residents_lookup_are_few`.
HOUR, MOST_IN_AN_HOUR = timedelta(hours=1), 30
DAY, MOST_IN_A_DAY = timedelta(days=1), 100
# From half of what one may, the auditor hears of it.
MANY = 2
MORNING, NIGHT = 6, 22


class LooksSpent(Exception):
    """They looked as often as one may. `again_at` is when the next is possible."""

    def __init__(self, *, most: int, span: timedelta, again_at: datetime) -> None:
        super().__init__(f"{most} within {span}")
        self.most, self.span, self.again_at = most, span, again_at


def limits() -> tuple[tuple[int, timedelta], ...]:
    """How many in how long. The settings lower it; the law stands whatever they say."""
    return (
        (max(0, min(settings.LOOKS_AN_HOUR, MOST_IN_AN_HOUR)), HOUR),
        (max(0, min(settings.LOOKS_A_DAY, MOST_IN_A_DAY)), DAY),
    )


def heard(*, resident: Resident, by: User, at: datetime) -> AbstractContextManager[None]:
    """Around a look, as its transaction: if it is refused, the alarm for that stays."""
    kinds: dict[type[Exception], alarms.Kind] = {
        LooksSpent: alarms.Kind.LOOKS_MANY,
        NeedsApproval: alarms.Kind.LOOKS_MINORS_REFUSED,
    }
    return alarms.if_refused(kinds, neighborhood=resident.neighborhood, by=by, at=at)


def allow(*, by: User, neighborhood: Neighborhood, at: datetime) -> int:
    """Inside the look's transaction: hold this person, so that of two looks at once the second counts the first. How many
    more than half of what one may this one is; nothing or less is usual.

    Raises: LooksSpent
    """
    if neighborhood.practice:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT residents_one_at_a_time(%s)", [by.pk])
    looked = list(
        LookUp.objects.filter(
            by__in=accounts_of(by), at__gt=at - DAY, emergency=None, neighborhood__practice=False
        )
        .order_by("-at")
        .values_list("at", flat=True)
    )
    beyond = []
    for most, span in limits():
        within = [each for each in looked if each > at - span]
        if len(within) >= most:
            since = within[most - 1] if most else at  # where nobody may look at all, nobody may later either
            raise LooksSpent(most=most, span=span, again_at=since + span)
        beyond.append(len(within) + 1 - most // MANY)
    return max(beyond)


def watch(look: LookUp, *, beyond: int) -> None:
    """After a look, in its transaction: what is unusual about it."""
    here, at = look.neighborhood, look.at
    if here.practice:
        return
    if beyond > 0:
        alarms.sound(kind=alarms.Kind.LOOKS_MANY, neighborhood=here, by=look.by, at=at)
    if not MORNING <= at.astimezone(ZoneInfo(here.time_zone)).hour < NIGHT:
        alarms.sound(kind=alarms.Kind.LOOKS_AT_NIGHT, neighborhood=here, by=look.by, at=at)
    if is_near_home(resident=look.resident, by=look.by, at=at):
        alarms.sound(
            kind=alarms.Kind.LOOKS_OWN_NEIGHBORS, neighborhood=here, by=look.by, subject=look.pk, at=at
        )


def watch_asking(*, resident: Resident, by: User, at: datetime) -> None:
    """Whoever asks for a minor's details again within a day of a no."""
    answered = Approval.objects.filter(resident=resident, asked_by__in=accounts_of(by), until=None)
    if not resident.neighborhood.practice and answered.filter(answered_at__gt=at - DAY).exists():
        alarms.sound(kind=alarms.Kind.LOOKS_MINORS_REFUSED, neighborhood=resident.neighborhood, by=by, at=at)


def is_near_home(*, resident: Resident, by: User, at: datetime) -> bool:
    """Whether they live in one building now, or live or ever lived in one dwelling. Two queries."""
    today = ages.today_in(resident.neighborhood, at)
    theirs = Occupancy.objects.filter(resident=resident)
    here_now = Q(unit__building__in=theirs.current(today).values("unit__building"), since__lte=today) & (
        Q(until=None) | Q(until__gt=today)
    )
    mine = Occupancy.objects.filter(resident__user__in=accounts_of(by)).exclude(resident=resident)
    return mine.filter(Q(unit__in=theirs.values("unit")) | here_now).exists()


def accounts_of(user: User) -> list[UUID]:
    """Those of the same person, as far as the register knows; the database answers, which also refuses."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT residents_accounts_of(%s)", [user.pk])
        return [row[0] for row in cursor.fetchall()]
