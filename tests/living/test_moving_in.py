"""Moving in: with a way in from the first moment that needs no phone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from access import cards
from access.models import Credential
from gate import keypad
from residents import moving
from residents.models import Occupancy
from residents.register import register
from tests import make
from tests.living.conftest import opens

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(here):
    return register(neighborhood=here, name="新来")


def move_in(who, unit, today, now, **also):
    return moving.move_in(**{"resident": who, "unit": unit, "since": today, "at": now, **also})


@pytest.mark.obligation("2", "A4")
def test_it_lends_a_pin_to_who_has_no_card(newcomer, home, gate, today, now, clerk):
    moved = move_in(newcomer, home, today, now, by=clerk)
    lent = Credential.objects.get(resident=newcomer)
    assert (lent.kind, lent.temporary, lent.number) == ("pin", True, moved.way_in.number)
    assert keypad.is_right(lent.verifier, moved.way_in.pin)
    assert opens(newcomer)


@pytest.mark.obligation("2")
def test_it_gives_the_card_in_the_same_act(newcomer, home, gate, today, now):
    moved = move_in(newcomer, home, today, now, card="04A2 9999", tenure=Occupancy.Tenure.TENANT)
    assert Credential.objects.get(resident=newcomer).pk == moved.way_in.credential
    assert not moved.way_in.pin
    assert opens(newcomer)
    assert moved.occupancy.tenure == "tenant"


def test_a_card_that_they_have_is_enough(newcomer, home, gate, today, now):
    cards.issue(resident=newcomer, number="04A2 7777", at=now)
    assert not move_in(newcomer, home, today, now).way_in.pin
    assert Credential.objects.filter(resident=newcomer).count() == 1


def test_a_card_that_cannot_be_given_undoes_it_all(newcomer, home, gate, card, today, now):
    for number, reason in (("04A20001", "taken"), ("no", "number")):
        with pytest.raises(moving.CardRefused) as refused:
            move_in(newcomer, home, today, now, card=number)
        assert refused.value.reason == reason
    assert not newcomer.occupancies.exists()
    assert not newcomer.credentials.exists()


@pytest.mark.parametrize("keypad", [False])
def test_where_no_gate_takes_a_pin_a_card_is_asked_for(newcomer, home, gate, today, now):
    with pytest.raises(moving.CardNeeded):
        move_in(newcomer, home, today, now)
    assert not newcomer.occupancies.exists()
    move_in(newcomer, home, today, now, card="04A2 5555")


@pytest.mark.parametrize(
    ("since", "until", "refused"),
    [
        (0, 0, moving.EndsBeforeItBegins),
        (0, -3, moving.EndsBeforeItBegins),
        (3650, None, moving.TooFar),
        (-40_000, None, moving.TooFar),
        (0, 40_000, moving.TooFar),
    ],
)
def test_it_refuses_days_that_make_no_sense(newcomer, home, today, now, since, until, refused):
    until = None if until is None else today + timedelta(days=until)
    with pytest.raises(refused):
        move_in(newcomer, home, today + timedelta(days=since), now, until=until)
    assert not newcomer.occupancies.exists()


def test_it_refuses_a_dwelling_of_another_neighborhood(newcomer, elsewhere, today, now):
    with pytest.raises(moving.AnotherNeighborhood):
        move_in(newcomer, make.unit(elsewhere), today, now)


@pytest.mark.parametrize(
    ("since", "until", "free"),
    [
        (-10, -5, True),
        (-10, -4, False),
        (0, 5, False),
        (-20, None, False),
        (5, None, True),
        (4, None, False),
        (-100, 100, False),
    ],
)
def test_nobody_lives_twice_in_one_dwelling(here, home, today, now, since, until, free, newcomer):
    def day(n):
        return None if n is None else today + timedelta(days=n)

    Occupancy.objects.create(neighborhood=here, resident=newcomer, unit=home, since=day(-5), until=day(5))
    for write in (
        lambda: move_in(newcomer, home, day(since), now, until=day(until)),
        lambda: Occupancy.objects.create(
            neighborhood=here, resident=newcomer, unit=home, since=day(since), until=day(until)
        ),
    ):
        if free:
            with transaction.atomic():
                write()
            break
        with pytest.raises((moving.LivesThereAlready, DatabaseError)), transaction.atomic():
            write()
    assert newcomer.occupancies.count() == 1 + free


def test_in_two_dwellings_at_once_they_may(resident, here, today, now):
    move_in(resident, make.unit(here), today, now)
    assert Occupancy.objects.current(today).filter(resident=resident).count() == 2


def test_a_stranger_and_staff_elsewhere_move_nobody_in(newcomer, home, today, now, stranger, outsider, chair):
    for by in (stranger.user, outsider, chair):
        with pytest.raises(PermissionDenied):
            move_in(newcomer, home, today, now, by=by)


def test_a_schoolchild_needs_a_name_and_a_plain_card(here, home, gate, today, now):
    child = register(neighborhood=here, name="小柳", born=date(today.year - 9, 5, 1))
    move_in(child, home, today, now, card="04A2 0009")
    assert opens(child)
    assert child.user is None


def test_who_comes_back_within_the_grace_has_not_left(resident, home, card, here, today, now):
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    moved = move_in(resident, make.unit(here), today, now)
    resident.refresh_from_db()
    assert resident.left_at is None
    assert moved.way_in.pin  # the card was ended with the old home
