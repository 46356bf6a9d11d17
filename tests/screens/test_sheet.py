"""`/sheet/`: my ways in, in large letters, on one sheet of paper that names nobody."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from access import pins, rules
from access.models import Gate
from consent.models import Form, Purpose
from residents.models import Neighborhood, Resident
from tests import make
from tests.enrolling import agree

PAGE = "/sheet/"


@pytest.fixture
def place(here: Neighborhood) -> None:
    Neighborhood.objects.filter(pk=here.pk).update(office="1 幢底层", guard_phone="0571 8800 1000")


@pytest.mark.obligation("14")
def test_it_says_how_i_get_in_whom_to_call_and_where_the_desk_is(me: Client, place, doors: list[Gate]):
    said = me.get(PAGE).content.decode()
    assert "Opens 2 gates at all hours: North gate, South gate." in said
    assert 'href="tel:057188001000"' in said
    assert "1 幢底层" in said


def test_it_lends_no_hand_to_whoever_finds_it(
    me: Client, resident: Resident, place, doors: list[Gate], forms: dict[Purpose, Form], now: datetime
):
    """Neither who lives where, nor that somebody opens by face, nor a PIN."""
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    lent = pins.lend(resident=resident, at=now)
    said = me.get(PAGE).content.decode()
    assert resident.name not in said
    assert str(resident.occupancies.get().unit) not in said
    assert "Face" not in said
    assert lent.pin not in said


def test_it_says_what_to_do_without_a_card(me: Client):
    assert "You have no card at the moment." in me.get(PAGE).content.decode()


def test_it_is_one_press_from_the_first_page(me: Client):
    assert f'href="{PAGE}"' in me.get("/").content.decode()


def test_it_is_only_for_who_is_signed_in(anybody: Client, them: Client, doors: list[Gate]):
    assert anybody.get(PAGE)["Location"] == f"/sign-in/?next={PAGE}"
    assert "South gate" not in them.get(PAGE).content.decode()  # the neighbor's own


def test_it_costs_the_same_however_many_gates(
    me: Client, resident: Resident, doors: list[Gate], here, now: datetime, django_assert_num_queries
):
    with django_assert_num_queries(6):
        me.get(PAGE)
    for _ in range(5):
        rules.add(gate=make.gate(here, at=now), unit=resident.occupancies.get().unit, at=now)
    with django_assert_num_queries(6):
        me.get(PAGE)
