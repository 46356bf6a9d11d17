"""How well each body answered, month by month: counts of requests, public to everybody who lives here, and of nobody.

Counted from the steps, which stay, and not from the request's own due times, which begin anew when it is opened again; by the days
that it was asked under, whatever the body says since. A month in which few people asked says that few did, and no more, however
often each of them asked: who complained is not to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncMonth

from committees.models import Committee, ServiceRequest, ServiceStep
from committees.models.service import BY_STAFF, Status
from residents.ages import today_in
from residents.models import Neighborhood

MONTHS = 6


@dataclass(frozen=True)
class Month:
    """Of one body: what was asked in it, however long the answer took. `few` asked, and nothing else is told.

    Done is when staff first said so; that it was opened again is told beside, and takes nothing back. What was called off after
    an answer was asked and answered, and nobody waits for its end.
    """

    first: date
    asked: int = 0
    few: bool = False
    replied_in_time: int = 0
    replied_late: int = 0
    never_replied: int = 0  # though it was due
    done_in_time: int = 0
    done_late: int = 0
    never_done: int = 0
    reopened: int = 0


COUNTS = tuple(each.name for each in fields(Month) if each.name not in ("first", "few"))


def months(*, neighborhood: Neighborhood, at: datetime) -> dict[Committee.Kind, list[Month]]:
    """The last six that are over, the newest first, of each kind of body that is here or was asked. Two queries."""
    firsts = _firsts(today_in(neighborhood, at))
    zone = ZoneInfo(neighborhood.time_zone)
    bounds = [datetime(day.year, day.month, 1, tzinfo=zone) for day in (firsts[-1], _next(firsts[0]))]
    counted = _counted(neighborhood, bounds[0], bounds[1], zone, at)
    there = set(Committee.objects.filter(neighborhood=neighborhood).values_list("kind", flat=True))
    return {
        kind: [counted.get((kind, first), Month(first)) for first in firsts]
        for kind in Committee.Kind
        if kind in there or any(body == kind for body, _first in counted)
    }


def few_asked(*, neighborhood: Neighborhood, since: datetime, until: datetime, at: datetime) -> bool:
    """Whether of some body everybody reads that few asked it, in a month of this time. One query."""
    zone = ZoneInfo(neighborhood.time_zone)
    return any(month.few for month in _counted(neighborhood, since, until, zone, at).values())


def _counted(
    neighborhood: Neighborhood, since: datetime, until: datetime, zone: ZoneInfo, at: datetime
) -> dict[tuple[str, date], Month]:
    """What its own writer called off before anybody answered counts for nobody."""
    steps = ServiceStep.objects.filter(request=OuterRef("pk")).order_by("number").values("at")
    asked = (
        ServiceRequest.objects.filter(neighborhood=neighborhood, opened_at__gte=since, opened_at__lt=until)
        .annotate(
            replied=Subquery(steps.filter(status__in=BY_STAFF)[:1]),
            done=Subquery(steps.filter(status=Status.DONE)[:1]),
            again=Subquery(steps.filter(status=Status.REOPENED)[:1]),
            reply_by=_after("reply_days"),
            done_by=_after("done_days"),
        )
        .exclude(status=Status.CALLED_OFF, replied=None)
    )
    called_off = Q(status=Status.CALLED_OFF)
    rows = (
        asked.annotate(month=TruncMonth("opened_at", tzinfo=zone))
        .values("body", "month")
        .annotate(
            people=Count("resident", distinct=True),
            asked=Count("pk"),
            replied_in_time=Count("pk", filter=Q(replied__lte=F("reply_by"))),
            replied_late=Count("pk", filter=Q(replied__gt=F("reply_by"))),
            never_replied=Count("pk", filter=Q(replied=None, reply_by__lte=at)),
            done_in_time=Count("pk", filter=Q(done__lte=F("done_by"))),
            done_late=Count("pk", filter=Q(done__gt=F("done_by"))),
            never_done=Count("pk", filter=Q(done=None, done_by__lte=at) & ~called_off),
            reopened=Count("pk", filter=Q(again__isnull=False)),
        )
        .order_by()
    )
    found: dict[tuple[str, date], Month] = {}
    for row in rows:
        first = row["month"].astimezone(zone).date()
        counts: dict[str, Any] = {name: row[name] for name in COUNTS}  # type: ignore[literal-required]
        few = row["people"] < neighborhood.fewest_counted
        found[row["body"], first] = Month(first, few=True) if few else Month(first, **counts)
    return found


def _after(days: str) -> Combinable:
    """So many days after it was asked, as the database counts them."""
    passed = ExpressionWrapper(F(days) * Value(timedelta(days=1)), output_field=DurationField())
    return ExpressionWrapper(F("opened_at") + passed, output_field=DateTimeField())


def _firsts(today: date) -> list[date]:
    """The first days of the last months that are over, the newest first."""
    found = [_before(today.replace(day=1))]
    while len(found) < MONTHS:
        found.append(_before(found[-1]))
    return found


def _before(first: date) -> date:
    return date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)


def _next(first: date) -> date:
    return date(first.year + (first.month == 12), first.month % 12 + 1, 1)
