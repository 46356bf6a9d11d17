"""What the rules about what was answered and given are about: of people who were erased then, which the owner alone can date."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from residents.models import Resident
from sharing.models import Answer, DisclosedRow, LeakPerson, LeakTold, OrderPerson
from tests import long_ago, make
from tests.retention.due.places import Place, StillThere, numbers, there
from tests.sharing import giving, leaking, ordering

Row = Answer | DisclosedRow | LeakPerson | LeakTold | OrderPerson


def answer(place: Place, clock: datetime) -> StillThere:
    who = _somebody(place)
    giving.agreed(who)
    return _gone(who, clock, Answer.objects.get(resident=who))


def given(place: Place, clock: datetime) -> StillThere:
    """It was made, and nobody fetched it before its person was erased."""
    who = _somebody(place)
    giving.given(who)
    return _gone(who, clock, DisclosedRow.objects.get(resident=who))


def named(place: Place, clock: datetime) -> StillThere:
    who, where, today = _somebody(place), place.neighborhood, timezone.now()
    office = ordering.authority(where, by=giving.chair(where), at=today, name=f"分局 {next(numbers)}")
    ordering.drafted(office, who, by=giving.clerk(where), at=today)
    return _gone(who, clock, OrderPerson.objects.get(resident=who))


def affected(place: Place, clock: datetime) -> StillThere:
    who = _somebody(place)
    leaking.told(place.neighborhood, by=giving.chair(place.neighborhood))
    return _gone(who, clock, LeakPerson.objects.get(resident=who))


def told(place: Place, clock: datetime) -> StillThere:
    who = _somebody(place)
    leaking.told(place.neighborhood, by=giving.chair(place.neighborhood))
    return _gone(who, clock, LeakTold.objects.get(reader=who))


def _somebody(place: Place) -> Resident:
    return make.resident(place.neighborhood, at=timezone.now())


def _gone(who: Resident, clock: datetime, row: Row) -> StillThere:
    make.tombstone(who, at=timezone.now())
    long_ago.given_at(who, clock)
    return there(type(row), row.pk)
