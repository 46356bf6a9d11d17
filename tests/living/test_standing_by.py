"""Guardians until the fourteenth birthday, and helpers who may report a lost card and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from consent.deciding import TooYoung, give
from consent.models import Decision, Purpose
from consent.voices import own
from residents import ages, moving, standing_by
from residents.models import Guardianship, Helper, Neighborhood, Resident
from residents.register import register
from residents.standing_by import StandingByRefused
from tests import make

pytestmark = pytest.mark.django_db
NOON = {"hour": 4, "tzinfo": UTC}


@pytest.fixture
def child(here, home, today, now) -> Resident:
    born = ages.years_before(today, 10)
    who = register(neighborhood=here, name="小柳", born=born)
    moving.move_in(resident=who, unit=home, since=today, at=now)
    return who


@pytest.fixture
def guarded(child, resident, clerk, now) -> Guardianship:
    return standing_by.verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)


@pytest.mark.obligation("15")
@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Urumqi"]
)
def test_it_ends_on_the_fourteenth_birthday_by_the_neighborhoods_calendar(
    here, guarded, child, resident, zone
):
    """The last moment before the day, and the first of it; nothing has to run in between."""
    Neighborhood.objects.filter(pk=here.pk).update(time_zone=zone)
    child.neighborhood.time_zone = zone
    birthday = child.born.replace(year=child.born.year + 14)
    midnight = datetime(birthday.year, birthday.month, birthday.day, tzinfo=ZoneInfo(zone))
    assert standing_by.is_guardian(resident, child, midnight - timedelta(seconds=1))
    assert not standing_by.is_guardian(resident, child, midnight)


@pytest.mark.obligation("15")
@given(born=st.dates(date(2000, 1, 1), date(2040, 12, 31)), ahead=st.integers(-3, 3))
def test_whoever_was_born_on_a_day_is_under_age_until_that_day_comes_round(born, ahead):
    """Against a second way of counting. Born on a leap day, one is older on the first of March."""
    day = date(born.year + 14, born.month, born.day) if (born.month, born.day) != (2, 29) else None
    if day is None:
        try:
            day = date(born.year + 14, 2, 29)
        except ValueError:
            day = date(born.year + 14, 3, 1)
    on = day + timedelta(days=ahead)
    who = Resident(born=born)
    assert ages.is_under(who, 14, on) is (on < day)


@pytest.mark.obligation("15")
def test_under_fourteen_nobody_says_yes_alone_and_on_the_birthday_they_may(here, resident, forms, today, now):
    form = forms[Purpose.FACE_AT_GATE]

    def yes() -> None:
        with transaction.atomic():
            give(
                resident=resident, purpose=Purpose.FACE_AT_GATE, form=form, voice=own(resident.user, "en"), at=now,
            )  # fmt: skip

    make.enable(here, at=now, for_minors=True)
    Resident.objects.filter(pk=resident.pk).update(born=ages.years_before(today, 14) + timedelta(days=1))
    with pytest.raises(TooYoung):
        yes()
    with pytest.raises(DatabaseError, match="agrees alone"), transaction.atomic():
        Decision.objects.create(
            neighborhood=here, resident=resident, form=form, purpose=form.purpose, kind="given",
            actor=resident.user, capacity="self", route="portal", language="en", form_hash=form.content_hash,
        )  # fmt: skip
    Resident.objects.filter(pk=resident.pk).update(born=ages.years_before(today, 14))
    yes()


def test_a_guardian_is_verified_by_somebody_else(child, resident, flatmate, clerk, outsider, chair, now):
    for by in (resident.user, outsider, chair):
        with pytest.raises(PermissionDenied):
            standing_by.verify_guardian(child=child, guardian=resident, verified="birth", by=by, at=now)
    with pytest.raises(StandingByRefused, match="not_a_child"):
        standing_by.verify_guardian(child=flatmate, guardian=resident, verified="birth", by=clerk, at=now)
    with pytest.raises(StandingByRefused, match="self"):
        standing_by.verify_guardian(child=child, guardian=child, verified="birth", by=clerk, at=now)


def test_a_guardian_is_an_adult_of_the_same_neighborhood(child, stranger, here, clerk, today, now):
    teen = register(neighborhood=here, name="大柳", born=ages.years_before(today, 17))
    for who, reason in ((teen, "minor"), (stranger, "elsewhere")):
        with pytest.raises(StandingByRefused, match=reason):
            standing_by.verify_guardian(child=child, guardian=who, verified="birth", by=clerk, at=now)


def test_raw_rows_make_nobody_a_guardian(child, resident, flatmate, clerk, here, today):
    for who, ward, by in ((resident, child, resident.user), (resident, flatmate, clerk)):
        with pytest.raises(DatabaseError, match="a guardian is"), transaction.atomic():
            Guardianship.objects.create(
                neighborhood=here, child=ward, guardian=who, since=today, verified="birth", verified_by=by
            )


def test_the_child_moves_out_with_the_guardian(guarded, child, resident, neighbor, today, now):
    with pytest.raises(PermissionDenied):
        moving.move_out(resident=child, on=today, by=neighbor.user, at=now)
    moving.move_out(resident=child, on=today, by=resident.user, at=now)
    assert child.move_outs.get().route == "guardian"
    assert not standing_by.is_guardian(resident, child, now)


def test_moving_out_ends_it_whichever_of_the_two(guarded, child, resident, today, now):
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    assert not standing_by.is_guardian(resident, child, now)
    guarded.refresh_from_db()
    assert guarded.until == today


def test_only_the_birthdays_of_minors_are_written(here, today):
    for born in (today + timedelta(days=1), ages.years_before(today, 18), date(1950, 1, 1)):
        with pytest.raises(DatabaseError, match="minors only"), transaction.atomic():
            register(neighborhood=here, name="谁", born=born)
    assert register(neighborhood=here, name="谁", born=ages.years_before(today, 18) + timedelta(days=1)).born


@pytest.mark.obligation("20")
def test_a_birthday_is_forgotten_on_the_eighteenth(here, today, now):
    who = register(neighborhood=here, name="谁", born=ages.years_before(today, 18) + timedelta(days=1))
    assert standing_by.forget_births(at=now) == 0
    assert standing_by.forget_births(at=now + timedelta(days=1)) == 1
    who.refresh_from_db()
    assert who.born is None


# --- Helpers


@pytest.fixture
def named(resident, neighbor, now) -> Helper:
    return standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)


def test_a_helper_reports_a_lost_card_and_strangers_do_not(
    resident, neighbor, flatmate, stranger, named, now
):
    assert standing_by.may_report_lost(neighbor, resident, now)
    for who in (flatmate, stranger, resident):
        assert not standing_by.may_report_lost(who, resident, now)
    assert not standing_by.may_report_lost(resident, neighbor, now)  # it goes one way


@pytest.mark.obligation("6")
def test_a_helper_never_says_yes(resident, neighbor, named, forms, now):
    with pytest.raises(DatabaseError, match="nobody decides"), transaction.atomic():
        give(
            resident=resident, purpose=Purpose.FACE_AT_GATE, form=forms[Purpose.FACE_AT_GATE],
            voice=own(neighbor.user, "en"), at=now,
        )  # fmt: skip


def test_nobody_else_names_them(resident, neighbor, stranger, outsider, now):
    for by in (neighbor.user, stranger.user, outsider):
        with pytest.raises(PermissionDenied):
            standing_by.name_helper(resident=resident, helper=neighbor, by=by, at=now)


def test_either_of_the_two_ends_it(resident, neighbor, flatmate, named, now):
    with pytest.raises(PermissionDenied):
        standing_by.end_helper(helper=named, by=flatmate.user, at=now)
    assert standing_by.end_helper(helper=named, by=neighbor.user, at=now)
    assert not standing_by.end_helper(helper=named, by=resident.user, at=now)
    assert not standing_by.may_report_lost(neighbor, resident, now)


def test_twice_oneself_children_and_more_than_five_are_refused(resident, neighbor, named, child, here, now):
    def name(who):
        standing_by.name_helper(resident=resident, helper=who, by=resident.user, at=now)

    for who, reason in ((neighbor, "already"), (resident, "self"), (child, "minor")):
        with pytest.raises(StandingByRefused, match=reason):
            name(who)
    for _ in range(4):
        name(register(neighborhood=here, name="谁"))
    with pytest.raises(StandingByRefused, match="too_many"):
        name(register(neighborhood=here, name="谁"))


def test_a_helper_is_found_by_the_number_they_tell(resident, neighbor, stranger):
    assert standing_by.by_number(resident, standing_by.number_of(neighbor)) == neighbor
    assert standing_by.by_number(resident, standing_by.number_of(stranger)) is None
    for wrong in ("", "1", "zz", "'; DROP TABLE", "0" * 300, "12345678"):
        assert standing_by.by_number(resident, wrong) is None
