"""At the desk: looking too often, a life in danger, and who looks at it afterwards."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from committees.models import Committee, Term
from residents import alarms, emergencies
from residents.models import Alarm, Emergency, EmergencyReview, LookUp, Neighborhood
from tests import make
from tests.cast import staff
from tests.desk.conftest import Desk
from tests.drawn import without_drawn

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "27", "16")]
TYPED = {"reason": "smoke behind the door", "told": "119 at 14:02"}


def text(response) -> str:
    return unescape(response.content.decode())


def at(person) -> str:
    return reverse("desk_emergency_of", args=[person.pk])


@pytest.fixture
def head(here, now):
    return staff(here, username="head", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)


@pytest.fixture
def opened(resident, clerk, now) -> Emergency:
    return emergencies.break_glass(of=resident, by=clerk, capacity="property.clerk", at=now, **TYPED)


@pytest.mark.obligation("F24")
def test_who_looked_too_often_is_told_what_to_do(hut: Client, resident, settings):
    settings.LOOKS_AN_HOUR = 1
    look = reverse("desk_look_up", args=[resident.pk])
    assert hut.post(look, {"what_for": "repair", "words": "a pipe"}).status_code == 302
    page = text(hut.post(look, {"what_for": "asked", "words": "ring me back"}))
    assert "as often as one may in that time" in page
    assert "You can look again from" in page
    assert LookUp.objects.count() == 1
    assert Alarm.objects.filter(kind="looks.many").exists()
    page = text(
        hut.post(f"/admin/residents/resident/{resident.pk}/look-up/", {"what_for": "asked", "words": "again"})
    )
    assert "as often as one may in that time" in page
    assert 'value="again"' in page


def test_what_was_typed_is_still_there(hut: Client, resident, neighbor, settings):
    settings.LOOKS_AN_HOUR = 1
    hut.post(reverse("desk_look_up", args=[resident.pk]), {"what_for": "repair", "words": "a pipe"})
    page = text(
        hut.post(reverse("desk_look_up", args=[neighbor.pk]), {"what_for": "asked", "words": "ring me back"})
    )
    assert 'value="ring me back"' in page
    assert '<option value="asked" selected' in page
    assert "0571" not in without_drawn(page, neighbor.pk)
    assert neighbor.name not in page


def test_it_opens_at_once_and_only_after_the_form(hut: Client, resident):
    person = text(hut.get(reverse("desk_person", args=[resident.pk])))
    assert at(resident) in person
    before = text(hut.get(at(resident)))
    assert resident.name not in before
    assert "checked" not in before  # nothing is chosen beforehand
    assert hut.post(at(resident), {"of": "person", **TYPED}).status_code == 302
    page = text(hut.get(at(resident)))
    assert resident.name in page
    assert "057188000101" in page
    assert resident.name in text(hut.get(reverse("desk_person", args=[resident.pk])))
    hut.post(at(resident), {"of": "person", **TYPED})
    assert Emergency.objects.count() == 1  # sent twice it is one


def test_a_dwelling_opens_all_who_live_in_it_and_no_other(
    hut: Client, resident, neighbor, stranger, here, now
):
    child = make.resident(here, at=now, lives_in=make.home(resident))
    for wrong in (make.home(neighbor).pk, make.home(stranger).pk, "", "everybody"):
        page = text(hut.post(at(resident), {"of": wrong, **TYPED}))
        assert "smoke behind the door" in page
    assert not Emergency.objects.exists()
    hut.post(at(resident), {"of": make.home(resident).pk, **TYPED})
    page = text(hut.get(at(resident)))
    assert resident.name in page
    assert child.name in page
    assert neighbor.name not in page


@pytest.mark.parametrize("missing", ["of", "reason", "told"])
def test_a_mistake_is_said_beside_its_field_and_loses_nothing(hut: Client, resident, missing):
    page = text(hut.post(at(resident), {"of": "person", **TYPED, missing: ""}))
    assert "Please look at this again" in page
    for name, words in TYPED.items():
        assert (words in page) is (name != missing)
    assert not Emergency.objects.exists()


def test_a_third_is_refused_and_it_says_what_to_do(hut: Client, resident, neighbor, clerk, here, now):
    third = make.resident(here, at=now)
    for each in (resident, neighbor):
        hut.post(at(each), {"of": "person", **TYPED})
    page = text(hut.post(at(third), {"of": "person", **TYPED}))
    assert "until then you cannot open a third" in page
    assert "smoke behind the door" in page
    assert third.name not in page


def test_it_stands_on_the_first_page_of_auditor_and_chairs_until_it_is_looked_at(
    desk: Desk, opened, auditor, chair, head, clerk, resident, now
):
    waits = "Somebody else has to look at it within"
    for who in (auditor, chair, head):
        assert waits in text(desk(who).get("/desk/"))
    assert waits not in text(desk(clerk).get("/desk/"))
    page = text(desk(head).get("/desk/emergencies/"))
    assert TYPED["reason"] in page
    assert resident.name not in page
    assert "0571" not in without_drawn(page, resident.pk, opened.pk)
    address = reverse("desk_emergency_review", args=[opened.pk])
    prefix = str(opened.pk)[:8]
    wrong = text(desk(head).post(address, {f"{prefix}-words": "I rang 119"}))
    assert 'value="I rang 119"' in wrong
    assert not EmergencyReview.objects.exists()
    answer = {f"{prefix}-needed": "no", f"{prefix}-words": "a neighbor had the key"}
    assert desk(head).post(address, answer).status_code == 302
    assert desk(head).post(address, answer).status_code == 302  # twice is once
    for who in (auditor, chair, head):
        assert waits not in text(desk(who).get("/desk/"))
    mine = text(desk(resident.user).get("/record/"))
    assert TYPED["reason"] in mine
    assert TYPED["told"] in mine
    assert "it was not needed. a neighbor had the key" in mine


def test_it_says_when_it_is_late(desk: Desk, resident, clerk, chair, now):
    long_ago = now - timedelta(days=3, minutes=1)
    Emergency.objects.create(
        neighborhood=resident.neighborhood, resident=resident, by=clerk, capacity="property.clerk", at=long_ago,
        until=long_ago + timedelta(minutes=30), **TYPED,
    )  # fmt: skip
    assert "Late" in text(desk(chair).get("/desk/emergencies/"))


def test_an_auditor_reads_alarms_one_by_one(desk: Desk, opened, auditor, outsider, clerk):
    unread = "about people’s data is unread"
    assert unread in text(desk(auditor).get("/desk/"))
    listed = text(desk(auditor).get("/admin/residents/alarm/"))
    assert "because a life was in danger" in listed
    alarm = Alarm.objects.get()
    read = f"/admin/residents/alarm/{alarm.pk}/read/"
    for nosy in (clerk, outsider):
        assert desk(nosy).post(read).status_code in (302, 403, 404)
        assert desk(nosy).get("/admin/residents/alarm/").status_code in (302, 403, 404)
    assert alarms.unread(neighborhood=alarm.neighborhood, by=clerk).exists()
    desk(auditor).post(read)
    assert unread not in text(desk(auditor).get("/desk/"))


def test_strangers_find_none_of_it(nobody_else, desk: Desk, opened, resident, clerk, manager_of_cards):
    review = reverse("desk_emergency_review", args=[opened.pk])
    nobody_else(at(resident))
    nobody_else(at(resident), {"of": "person", **TYPED})
    for path in ("/desk/emergencies/", review):
        for who in (clerk, manager_of_cards, resident.user):
            client = desk(who)
            answer = client.post(path, {}) if path == review else client.get(path)
            assert answer.status_code == 404
    assert desk(clerk).get(reverse("desk_emergency_of", args=[uuid4()])).status_code == 404
    assert desk(manager_of_cards).get(at(resident)).status_code == 404
    assert not EmergencyReview.objects.exists()
    assert Emergency.objects.count() == 1


@pytest.fixture
def manager_of_cards(here, now):
    return staff(here, username="manager", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now)


def test_another_neighborhoods_is_not_there(desk: Desk, hut: Client, opened, stranger, elsewhere, now):
    assert hut.get(at(stranger)).status_code == 404
    other = staff(elsewhere, username="far", kind=Committee.Kind.RESIDENTS, role=Term.Role.AUDITOR, at=now)
    page = text(desk(other).get("/desk/emergencies/"))
    assert TYPED["reason"] not in page
    assert desk(other).post(reverse("desk_emergency_review", args=[opened.pk]), {}).status_code == 404


def test_nobody_practises_it(hut: Client, here, now):
    place = Neighborhood.objects.create(name="练习小区", practice=True)
    hut.post("/desk/neighborhood/", {"neighborhood": place.pk})
    assert hut.get("/desk/emergencies/").status_code == 404


def test_the_list_costs_the_same_whatever_waits(desk: Desk, opened, head, here, now):
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/desk/emergencies/").status_code == 200
        return len(seen)

    client = desk(head)
    client.get("/desk/emergencies/")
    few = cost()
    for number in range(3):
        by = staff(here, username=f"c{number}", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
        emergencies.break_glass(
            of=make.resident(here, at=now), by=by, capacity="property.clerk", at=now, **TYPED
        )
    assert cost() == few
