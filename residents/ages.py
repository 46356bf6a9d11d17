"""Ages, by the calendar of the neighborhood: who needs a guardian, and whose date of birth is kept no longer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from residents.models import Neighborhood, Resident

GUARDED, MINOR = 14, 18


def today_in(neighborhood: Neighborhood, at: datetime) -> date:
    """The neighborhood's calendar day at this moment."""
    return at.astimezone(ZoneInfo(neighborhood.time_zone)).date()


def day_after(day: date) -> date:
    """The first day on which somebody does not live there, whose last day this is; the calendar's own end included."""
    return day if day == date.max else day + timedelta(days=1)


def years_before(day: date, years: int) -> date:
    """Whoever was born after that day is not `years` old on `day`. Born on a leap day, one is older on 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def is_under(resident: Resident, years: int, on: date) -> bool:
    """Only the birthdays of minors are kept: whoever has none is of age."""
    return resident.born is not None and resident.born > years_before(on, years)


def is_guarded(resident: Resident, at: datetime) -> bool:
    """Under fourteen at this moment, by the calendar of where they live."""
    return is_under(resident, GUARDED, today_in(resident.neighborhood, at))


def birthday(born: date, years: int) -> date:
    """The first day on which somebody is that old."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def fourteen_at(resident: Resident) -> datetime:
    """The moment from which a child decides alone: midnight of the birthday, where they live.

    The date of birth must be kept, as it is of every minor.
    """
    assert resident.born is not None
    zone = ZoneInfo(resident.neighborhood.time_zone)
    return datetime.combine(birthday(resident.born, GUARDED), time(), tzinfo=zone)
