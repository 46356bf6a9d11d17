"""Whom a notice is for, asked in one place and from both sides: of a reader which notices, of a notice which people.

For a building it is for whoever lives in it or owns a dwelling of it. A reader is of those a notice is for today, or was on the
day it was published: what was said to somebody stays theirs to read, and who moves in reads what was said to the house before.
Guardians and helpers read what is for the person they stand by today.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from committees.models import Notice
from committees.models.notices import NoticeQuerySet
from residents import leaving
from residents.ages import today_in
from residents.models import Building, Guardianship, Helper, Neighborhood, Occupancy, Ownership, Resident

Audience = Notice.Audience


@dataclass(frozen=True)
class Reader:
    """Somebody of a neighborhood, and all that decides what they read there."""

    here: Neighborhood
    until: datetime | None  # up to when they belonged here; None: they do
    said_to: Q

    def said(self) -> NoticeQuerySet:
        """What was ever published for them, taken down or not."""
        said = Notice.objects.filter(self.said_to, neighborhood=self.here, published_at__isnull=False)
        return said.said_before(self.until)

    def readable(self) -> NoticeQuerySet:
        return self.said().published().with_buildings().select_related("committee")


@dataclass(frozen=True)
class _Span:
    """From a day up to, not including, another, somebody lived or owned in a building."""

    owns: bool
    building: UUID
    since: date
    until: date | None

    def holds(self, today: date) -> bool:
        return self.since <= today and (self.until is None or self.until > today)


def reader(*, resident: Resident, at: datetime) -> Reader:
    """One query, and one more for who has left."""
    here = resident.neighborhood
    until = leaving.belonged_until(resident=resident, at=at)
    said_to = Q(audience=Audience.ALL)
    for span in _spans(resident, today_in(here, at)):
        said_to |= _through(span, here, at)
    return Reader(here, until, said_to)


def people(*, notice: Notice, at: datetime) -> QuerySet[Resident]:
    """Whom it is for today, whether or not they have an account. Who stands by somebody is not counted among them."""
    today = today_in(notice.neighborhood, at)
    lives = Occupancy.objects.current(today).filter(resident=OuterRef("pk"))
    owns = Ownership.objects.current(today).filter(resident=OuterRef("pk"))
    if notice.audience == Audience.BUILDINGS:
        lives = lives.filter(unit__building__in=notice.buildings)
        owns = owns.filter(unit__building__in=notice.buildings)
    # In one expression for each, so that it is one query whatever the neighborhood's size.
    belongs = {
        Audience.ALL: Q(left_at=None) | Q(Exists(owns)),
        Audience.BUILDINGS: Q(Exists(lives)) | Q(Exists(owns)),
        Audience.OWNERS: Q(Exists(owns)),
        Audience.LIVING: Q(Exists(lives)),
    }
    found = Resident.objects.living().filter(neighborhood=notice.neighborhood)
    return found.filter(belongs[Audience(notice.audience)])


def buildings_named(*, buildings: Collection[UUID]) -> set[UUID]:
    """The effect of that name: which of these any notice is for, a draft or one that was taken down among them. One query."""
    found = Notice.objects.filter(audience=Audience.BUILDINGS, buildings__overlap=list(buildings))
    return {each for named in found.values_list("buildings", flat=True) for each in named} & set(buildings)


def gone(*, notice: Notice) -> bool:
    """Whether a building that it is for is no more. One that what it puts right was for may be missing. One query, if it is
    for buildings."""
    if notice.audience != Audience.BUILDINGS:
        return False
    asked = set(notice.buildings)
    if notice.corrects is not None:
        asked -= set(notice.corrects.buildings)
    return Building.objects.filter(pk__in=asked, neighborhood=notice.neighborhood_id).count() < len(asked)


def _spans(resident: Resident, today: date) -> list[_Span]:
    stands_by = Q(resident=resident)
    stands_by |= Q(resident__in=Guardianship.objects.current(today).filter(guardian=resident).values("child"))
    stands_by |= Q(resident__in=Helper.objects.current(today).filter(helper=resident).values("resident"))
    columns = ("unit__building", "since", "until")
    lived = Occupancy.objects.filter(stands_by).annotate(owns=Value(False))
    owned = Ownership.objects.filter(stands_by).annotate(owns=Value(True))
    rows = lived.values_list("owns", *columns).union(owned.values_list("owns", *columns))
    return [_Span(*row) for row in rows]


def _through(span: _Span, here: Neighborhood, at: datetime) -> Q:
    """What is for somebody because of this: all of it while it lasts, else what was published in its days."""
    for_them = Q(audience=Audience.BUILDINGS, buildings__contains=[span.building])
    for_them |= Q(audience=Audience.OWNERS if span.owns else Audience.LIVING)
    if span.holds(today_in(here, at)):
        return for_them
    zone = ZoneInfo(here.time_zone)
    in_its_days = Q(published_at__gte=datetime.combine(span.since, time(), tzinfo=zone))
    if span.until is not None:
        in_its_days &= Q(published_at__lt=datetime.combine(span.until, time(), tzinfo=zone))
    return for_them & in_its_days
