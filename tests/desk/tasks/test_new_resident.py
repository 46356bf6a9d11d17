"""New resident: one page, one act, and a way in from the first moment; no phone, no photo, no identity number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from access import rules
from access.models import Credential
from portal.screens.desk.moving_in import NewcomerForm
from residents.models import DeskAct, LookUp, Occupancy, Resident
from tests.cast import dwelling
from tests.desk.tasks.test_lost_card import secrets_on

NEW = "/desk/new/"


@pytest.fixture
def flat(here, south, north, now):
    unit = dwelling(here, "305")
    for gate in (south, north):
        rules.add(gate=gate, unit=unit, at=now)
    return unit


@pytest.fixture
def filled(now) -> dict[str, Any]:
    return {"dwelling": "1-305", "name": "林 新", "tenure": "tenant", "since": now.date().isoformat()}


def newcomer() -> Resident:
    return Resident.objects.get(occupancies__unit__number="305")


def test_without_a_card_a_pin_is_lent_and_printed(hut: Client, flat, filled):
    page = hut.post(NEW, filled).content.decode()
    who = newcomer()
    assert who.name == "林 新"
    lived = who.occupancies.get()
    assert (lived.unit, lived.tenure) == (flat, Occupancy.Tenure.TENANT)
    lent = who.credentials.get()
    assert (lent.kind, lent.temporary) == ("pin", True)
    assert secrets_on(page)[0] == lent.number
    assert DeskAct.objects.get().act == DeskAct.Act.MOVED_IN


def test_with_a_card_it_opens_their_gates(hut: Client, flat, filled):
    page = hut.post(NEW, filled | {"card": "0479990001"}).content.decode()
    held = newcomer().credentials.get()
    assert (held.kind, held.temporary) == ("card", False)
    assert "Your card opens: North Gate, South Gate." in page
    assert secrets_on(page) == []


@pytest.mark.obligation("A4")
def test_there_is_no_field_for_a_phone_a_photo_or_an_identity_number(hut: Client, flat, filled):
    assert set(NewcomerForm.base_fields) == {"dwelling", "name", "tenure", "since", "born", "card"}
    hut.post(NEW, filled | {"phone": "13800000000", "id_number": "330106199001011234"})
    who = newcomer()
    assert who.phone_sealed is None
    assert who.born is None


def test_of_a_child_the_day_of_birth_is_kept(hut: Client, flat, filled, now):
    born = now.date() - timedelta(days=8 * 365)
    hut.post(NEW, filled | {"born": born.isoformat()})
    assert newcomer().born == born


@pytest.mark.parametrize("years", [18, 19, 80, -1])
def test_of_anybody_else_it_is_refused(hut: Client, flat, filled, now, years):
    today = now.date()
    born = date(today.year - years, today.month, min(today.day, 28))
    page = hut.post(NEW, filled | {"born": born.isoformat()}).content.decode()
    assert "18 or older" in page or "still to come" in page
    assert not Resident.objects.filter(occupancies__unit__number="305").exists()


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({"dwelling": "9-999"}, "no such dwelling"),
        ({"dwelling": ""}, "required"),
        ({"name": ""}, "required"),
        ({"tenure": ""}, "required"),
        ({"tenure": "king"}, "valid choice"),
        ({"since": "2099-01-01"}, "Within a year"),
        ({"since": "gestern"}, "valid date"),
        ({"card": "x"}, "no card number"),
        ({"name": "a\x07b"}, "Write the name"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(hut: Client, flat, filled, bent, words):
    people, credentials = Resident.objects.count(), Credential.objects.count()
    page = hut.post(NEW, filled | bent).content.decode()
    assert words in page
    assert page.count("autofocus") == 1
    assert (Resident.objects.count(), Credential.objects.count()) == (people, credentials)
    assert not DeskAct.objects.exists()


def test_a_dwelling_that_may_be_two_is_asked_back(hut: Client, here, flat, filled, now):
    from residents.models import Building, Unit

    Unit.objects.create(
        neighborhood=here, building=Building.objects.create(neighborhood=here, name="2"), number="305"
    )
    page = hut.post(NEW, filled | {"dwelling": "305"}).content.decode()
    assert "Which one? Write it whole: 1 305, 2 305" in page


def test_a_card_that_is_taken_keeps_everything_from_being_written(hut: Client, flat, filled, card):
    page = hut.post(NEW, filled | {"card": "0471112222"}).content.decode()
    assert "Somebody has this card." in page
    assert not Resident.objects.filter(name="林 新").exists()


def test_the_same_person_twice_is_noticed(hut: Client, flat, filled):
    hut.post(NEW, filled)
    page = hut.post(NEW, filled).content.decode()
    assert "Somebody of this name lives there already." in page
    assert Resident.objects.filter(occupancies__unit=flat).count() == 1


def test_the_letter_is_a_page_further(hut: Client, flat, filled):
    page = hut.post(NEW, filled).content.decode()
    assert f'href="/desk/people/{newcomer().pk}/"' in page


@pytest.mark.obligation("27")
def test_nobody_else_takes_people_in(nobody_else, flat, filled):
    nobody_else(NEW)
    nobody_else(NEW, filled)
    assert not Resident.objects.filter(occupancies__unit=flat).exists()
    assert not LookUp.objects.exists()
