"""Special days: on a public holiday the hours of a Sunday hold, on the Saturday that makes up for it those of a Monday.

They are the neighborhood's, the same for every gate and everybody (law 2), and are entered before they come. Gates are
told of them for more than a year ahead, so that one that is cut off keeps the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from access.models import SpecialDay
from access.ordering import in_codes, insist, note, told_to_gates
from residents.ages import today_in
from residents.models import Neighborhood, User

SHOWN_AHEAD = timedelta(days=14)


def enter(*, day: SpecialDay, by: User, at: datetime) -> SpecialDay:
    """A new day, or one that is changed before it comes.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, day.neighborhood, at)
    with told_to_gates(day.neighborhood_id), in_codes():
        day.set_by, day.set_at = by, at
        day.save()
        note("special_day", day.neighborhood_id, day=day.day, counts_as=day.counts_as, by=by.pk)
    return day


def take_out(*, day: SpecialDay, by: User, at: datetime) -> None:
    """It is a day like any other again.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, day.neighborhood, at)
    with told_to_gates(day.neighborhood_id), in_codes():
        SpecialDay.objects.filter(pk=day.pk).delete()
        note("special_day", day.neighborhood_id, day=day.day, counts_as=None, by=by.pk)


def coming(neighborhood: Neighborhood, at: datetime) -> Sequence[SpecialDay]:
    """Today and the next two weeks."""
    today = today_in(neighborhood, at)
    found = SpecialDay.objects.filter(
        neighborhood=neighborhood, day__gte=today, day__lte=_until(today)
    ).order_by("day")
    return list(found)


def _until(today: date) -> date:
    return today + SHOWN_AHEAD
