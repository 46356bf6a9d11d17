"""At the desk: who may plan, what the pages say, and that strangers find nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from access import changing, pins, rules
from access.models import Credential, MethodChange

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A3")]


def of(user, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.fixture
def page(door) -> str:
    return f"/desk/gates/{door.pk}/methods/"


def test_strangers_residents_and_the_auditor_find_no_such_page(
    door, household, at_the_desk, page, outsider, auditor, resident, now
):
    change = at_the_desk.announced(door, "card", "pin")
    addresses = [page, "/desk/changes/", f"/desk/changes/{change.pk}/notice/"]
    posts = [f"/desk/changes/{change.pk}/{act}/" for act in ("announce", "call-off")]
    for address in (*addresses, f"{page}faces-off/"):
        assert Client().get(address).status_code == 302
        assert of(resident.user).get(address).status_code in (302, 404), address
        assert str(door.pk) not in of(outsider).get(address).content.decode()
    for address in posts:
        for nobody in (outsider, resident.user, auditor):
            assert of(nobody).post(address).status_code in (302, 404)
    change.refresh_from_db()
    assert change.state == MethodChange.State.ANNOUNCED


def test_it_says_what_is_wrong_and_the_way_out(door, household, at_the_desk, page, clerk, now):
    day = changing.earliest(door.neighborhood, now).isoformat()
    same = of(clerk).post(page, {"methods": ["pin", "face"], "takes_effect_on": day, "why": "so"})
    assert "opens by just these already" in same.content.decode()
    soon = {"methods": ["pin"], "takes_effect_on": now.date().isoformat(), "why": "so"}
    assert "fourteen days" in of(clerk).post(page, soon).content.decode()
    assert of(clerk).post(page, {"methods": ["pin"], "takes_effect_on": day, "why": ""}).status_code == 200
    assert not MethodChange.objects.exists()


def test_who_needs_a_card_is_listed_masked_and_by_no_word_about_faces(
    door, household, at_the_desk, page, neighbor, second, now
):
    pins.choose(resident=neighbor, pin="482915", at=now)
    Credential.objects.filter(resident=neighbor, kind="card").update(ended_at=now)
    at_the_desk.plan(door, "card", "qr")
    shown = of(second).get(page).content.decode()
    assert "These need a card" in shown
    assert f"/desk/people/{neighbor.pk}/" in shown
    assert neighbor.name not in shown
    assert "announce it" not in shown
    assert "not counted, so that nobody can be told by it" in shown


def test_the_first_screen_says_that_a_second_person_is_waited_for(door, household, at_the_desk, second):
    assert "waits for a second person" not in of(second).get("/desk/").content.decode()
    at_the_desk.plan(door, "card", "pin")
    assert "waits for a second person" in of(second).get("/desk/").content.decode()


def test_faces_are_switched_off_at_once_with_a_reason(door, household, at_the_desk, page, clerk):
    assert "After an incident" in of(clerk).get(page).content.decode()
    assert of(clerk).post(f"{page}faces-off/", {"why": ""}).status_code == 200
    door.refresh_from_db()
    assert door.by_face
    assert of(clerk).post(f"{page}faces-off/", {"why": "the reader was opened"}).status_code == 302
    door.refresh_from_db()
    assert door.methods == ["card", "pin"]
    assert "After an incident" not in of(clerk).get(page).content.decode()


def test_a_notice_is_printed_of_what_is_announced_and_in_both_languages(
    door, household, at_the_desk, clerk, now
):
    change = at_the_desk.plan(door, "card", "pin")
    address = f"/desk/changes/{change.pk}/notice/"
    assert of(clerk).get(address).status_code == 404
    changing.announce(change=change, by=at_the_desk.second, at=now)
    sheet = of(clerk).get(address).content.decode()
    assert 'lang="en"' in sheet
    assert 'lang="zh-hans"' in sheet
    changing.call_off(change=change, by=clerk, at=now)
    assert of(clerk).get(address).status_code == 404


def test_a_neighbor_of_another_gate_is_not_told(door, household, at_the_desk, here, resident, neighbor, now):
    at_the_desk.announced(door, "card", "pin")
    assert "no longer takes" in of(neighbor.user).get("/").content.decode()
    rules.remove(rule=neighbor.occupancies.get().unit.rules.get(), at=now)
    assert "no longer takes" not in of(neighbor.user).get("/").content.decode()
    assert "no longer takes" in of(resident.user).get("/").content.decode()
