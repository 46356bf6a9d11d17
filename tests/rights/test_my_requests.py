"""My requests on the screen: what I ask, by when I am answered, the reason of a no, and nobody else's."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from residents import relatives, rights
from residents.models import Instruction, RequestWords, RightsRequest
from tests.minors.conftest import age
from tests.rights.conftest import ask, pass_by

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("32")]
WORDS = "Why is my number kept?"


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def sent(client: Client, kind: str, **given):
    return client.post(f"/requests/new/{kind}/", {"once": uuid.uuid4(), **given})


def test_three_ways_come_first_and_three_are_under_more(me):
    page = text(me, "/requests/")
    first, more = page.split("<details", 1)
    for kind in ("see", "correct", "delete"):
        assert f"/requests/new/{kind}/" in first
    for kind in ("explain", "restrict", "copy"):
        assert f"/requests/new/{kind}/" in more
        assert f"/requests/new/{kind}/" not in first
    assert "within 15 days" in page


def test_it_is_found_from_home_the_account_and_every_page(me):
    for path in ("/", "/account/", "/retention/"):
        assert 'href="/requests/"' in text(me, path)


@pytest.mark.parametrize("kind", ["delete", "explain", "restrict"])
def test_it_is_asked_in_my_own_words_and_shown_with_its_day(me, resident, kind):
    answer = sent(me, kind, words=WORDS)
    asked = RightsRequest.objects.get()
    assert answer.url == f"/requests/{asked.pk}/"
    page = text(me, answer.url)
    assert WORDS in page
    assert "You have an answer by" in page
    assert "internet information office" in page
    assert asked.kind == kind


def test_to_see_needs_no_asking_and_can_be_asked(me):
    assert 'href="/record/"' in text(me, "/requests/new/see/")
    page = text(me, sent(me, "see").url)
    assert 'href="/record/"' in page
    assert RightsRequest.objects.get().state == "done"


def test_what_is_wrong_and_what_it_should_be(me, resident, clerk, now):
    page = sent(me, "correct", about="phone", wanted="0571 8800 0777", words="New")
    asked = RightsRequest.objects.get()
    assert "057188000777" in text(me, page.url)
    rights.answer(request=asked, done=True, words="", by=clerk, at=now)
    assert "done" in text(me, page.url)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("delete", {"words": ""}, "This field is required"),
        ("delete", {"words": "\u3000 \u200b"}, "This field is required|Write what you ask for"),
        ("explain", {"words": "x" * 2001}, "at most 2000"),
        ("explain", {"words": "My number is 330106199001011234"}, "Leave out the number of the document"),
        ("correct", {"wanted": "柳"}, "Choose what is wrong"),
        ("correct", {"about": "name", "wanted": ""}, "Write what it should say"),
        (
            "correct",
            {"about": "phone", "wanted": "the new one", "words": "kept"},
            "Write the phone number in digits",
        ),
        ("correct", {"about": "name", "wanted": "330106199001011234"}, "Leave out the number"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(me, kind, given, said):
    answer = sent(me, kind, **given)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(said, page)
    for typed in (given.get("words", ""), given.get("wanted", "")):
        assert typed.strip("\u3000 \u200b") in page
    assert not RightsRequest.objects.exists()


def test_pressed_twice_it_is_one_request_and_without_a_page_it_is_none(me):
    once = uuid.uuid4()
    first = me.post("/requests/new/delete/", {"once": once, "words": WORDS})
    assert me.post("/requests/new/delete/", {"once": once, "words": WORDS}).url == first.url
    assert me.post("/requests/new/delete/", {"words": WORDS}).status_code == 200
    assert RightsRequest.objects.count() == 1


def test_a_no_shows_its_reason_whose_it_is_and_the_way_out(me, resident, clerk, now):
    asked = ask(resident, "delete", at=now)
    rights.answer(request=asked, done=False, words="The gates stand on it.", by=clerk, at=now)
    page = text(me, f"/requests/{asked.pk}/")
    assert "The gates stand on it." in page
    assert "Refused: the reason" in page
    assert "Property company" in page
    assert "residents’ committee" in page
    assert "Take it back" not in page
    assert "refused, with a reason" in text(me, "/requests/")


def test_a_late_one_says_so_and_where_to_go(me, resident, now):
    asked = ask(resident, at=now)
    pass_by(asked, timedelta(days=16))
    assert "late" in text(me, "/requests/")
    assert "Nobody may make you wait longer" in text(me, f"/requests/{asked.pk}/")


def test_it_is_taken_back_with_one_press(me, resident, now):
    asked = ask(resident, at=now)
    assert "Taken back." in me.post(f"/requests/{asked.pk}/take-back/", follow=True).content.decode()
    again = me.post(f"/requests/{asked.pk}/take-back/", follow=True)
    assert "answered in the meantime" in again.content.decode()


def test_somebody_elses_is_not_there(resident, neighbor, stranger, clerk, sign_in, now):
    asked = ask(resident, at=now)
    for who in (neighbor, stranger):
        client = sign_in(who)
        assert client.get(f"/requests/{asked.pk}/").status_code == 404
        assert client.post(f"/requests/{asked.pk}/take-back/").status_code == 404
        assert str(asked.pk) not in text(client, "/requests/")
        stolen = client.post("/requests/new/explain/", {"once": asked.pk, "words": "mine"})
        assert stolen.status_code == 404
    for path in ("/requests/", f"/requests/{asked.pk}/", "/requests/new/see/", "/requests/after/"):
        assert Client().get(path).status_code == 302
    asked.refresh_from_db()
    assert asked.is_open


def test_a_guardian_asks_for_a_child_until_the_birthday(fam, neighbor, sign_in, now):
    mother, there = sign_in(fam.mother), f"/living/children/{fam.child.pk}/requests/delete/"
    assert there in text(mother, "/requests/")
    answer = mother.post(there, {"once": uuid.uuid4(), "words": WORDS})
    asked = RightsRequest.objects.get()
    assert asked.voice == "guardian"
    assert "小柳" in text(mother, answer.url)
    father = sign_in(fam.father)
    assert WORDS in text(father, answer.url)
    assert "Take it back" not in text(father, answer.url)
    assert father.post(f"{answer.url}take-back/").status_code == 404
    assert sign_in(neighbor).get(there).status_code == 404
    age(fam.child, 0, now)
    for client in (mother, father):
        assert client.get(there).status_code == 404
        assert client.get(answer.url).status_code == 404


def test_when_its_words_are_gone_it_says_so(me, resident, clerk, now):
    asked = ask(resident, at=now)
    rights.answer(request=asked, done=True, words="To ring you.", by=clerk, at=now)
    asked.refresh_from_db()
    pass_by(asked, rights.KEPT + timedelta(days=1))
    RequestWords.objects.filter(request=asked).delete()
    assert "three years are over" in text(me, f"/requests/{asked.pk}/")


def test_it_costs_the_same_whatever_was_asked_and_is_paged(me, resident, now):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            me.get("/requests/")
        return len(seen)

    ask(resident, at=now)
    few = queries()
    for number in range(30):
        ask(resident, at=now, words=f"{number}?")
    assert queries() == few
    assert text(me, "/requests/").count("An answer is due by") == 20
    assert text(me, "/requests/?page=2").count("An answer is due by") == 11
    assert me.get("/requests/?page=zzz").status_code == 200


@pytest.mark.obligation("34")
def test_what_i_want_for_after_my_death_is_mine_to_say(me, resident):
    assert "as the law has it" in text(me, "/requests/")
    for given, said in (
        ({}, "Choose one of the two"),
        ({"wish": "named"}, "Write the name of the person"),
        ({"wish": "named", "named": "330106199001011234"}, "Leave out the number"),
    ):
        assert said in me.post("/requests/after/", given).content.decode()
    assert not Instruction.objects.exists()
    me.post("/requests/after/", {"wish": "named", "named": "柳大姑"})
    me.post("/requests/after/", {"wish": "named", "named": "柳大姑"})
    assert Instruction.objects.get().named == "柳大姑"
    assert "柳大姑" in text(me, "/requests/")
    assert "Take it back: the law alone decides" in text(me, "/requests/after/")
    me.post("/requests/after/take-back/")
    assert relatives.instruction_of(resident) is None
    assert "nothing to take back" in me.post("/requests/after/take-back/", follow=True).content.decode()


def test_what_waits_and_what_was_answered_of_late_stand_on_the_first_page(
    me, sign_in, resident, neighbor, clerk, now
):
    asked = ask(resident, at=now)
    assert f'href="/requests/{asked.pk}/"' in text(me, "/")
    assert f"/requests/{asked.pk}/" not in text(sign_in(neighbor), "/")
    rights.answer(request=asked, done=True, words="For the gates.", by=clerk, at=now)
    assert f'href="/requests/{asked.pk}/"' in text(me, "/")
    pass_by(asked, timedelta(days=15))
    assert f"/requests/{asked.pk}/" not in text(me, "/")
