"""What was signed is shown for ever as it was signed, and what was decided is listed, for the person's own eyes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from consent import deciding, voices, withdrawal
from consent.models import Form, Purpose
from residents import standing_by
from residents.ages import today_in
from residents.models import Resident, User
from residents.register import register
from tests.cast import draft, publish
from tests.enrolling import agree

FACE = Purpose.FACE_AT_GATE
HISTORY = f"/consents/{FACE}/history/"


def address(form: Form) -> str:
    return f"/consents/forms/{form.pk}/"


@pytest.mark.obligation("7", "35")
def test_it_is_shown_in_the_language_signed_and_the_other_with_its_number(
    me: Client, resident: Resident, chair: User, forms: dict[Purpose, Form], now
):
    agree(resident, forms, FACE, at=now)  # in Chinese
    publish(form=draft(resident.neighborhood, FACE, version=2), by=chair, at=now)
    page = me.get(address(forms[FACE])).content.decode()
    assert page.index("effect (zh-hans)") < page.index("effect (en)")
    assert bytes(forms[FACE].content_hash).hex() in page
    assert "It was decided on in 中文." in page
    assert "computed anew just now" in page
    assert "version 1 of the form" in page


@pytest.mark.obligation("35")
def test_nobody_else_sees_that_it_was_decided_on(
    them: Client, stranger, sign_in, resident, clerk, forms, now
):
    agree(resident, forms, FACE, at=now)
    for other in (them, sign_in(stranger)):
        assert other.get(address(forms[FACE])).status_code == 404
        assert "yes" not in other.get(HISTORY).content.decode().split("<main")[1].split("</main")[0].replace(
            "every answer is no", ""
        )
    assert Client().get(address(forms[FACE])).status_code == 302


@pytest.mark.obligation("15")
def test_a_guardian_sees_what_was_signed_for_the_child_until_a_court_bars_them(
    me: Client, resident: Resident, clerk: User, forms: dict[Purpose, Form], now
):
    today = today_in(resident.neighborhood, now)
    child = register(neighborhood=resident.neighborhood, name="柳苗苗", born=today - timedelta(days=900))
    guardianship = standing_by.verify_guardian(
        child=child, guardian=resident, verified="register", by=clerk, at=now
    )
    assert me.get(address(forms[FACE])).status_code == 404
    deciding.refuse(
        resident=child,
        purpose=FACE,
        form=forms[FACE],
        voice=voices.guardian(resident.user, guardianship, "en"),
        at=now,
    )
    assert me.get(address(forms[FACE])).status_code == 200
    standing_by.bar(guardianship=guardianship, paper="(2026) 浙 0101 民初 1 号", by=clerk, at=now)
    assert me.get(address(forms[FACE])).status_code == 404


@pytest.mark.obligation("35")
def test_the_history_says_what_when_by_whom_by_which_route_and_on_which_version(
    me: Client, resident: Resident, chair: User, forms: dict[Purpose, Form], now
):
    voice = voices.own(resident.user, "en")
    deciding.refuse(resident=resident, purpose=FACE, form=forms[FACE], voice=voice, at=now)
    agree(resident, forms, FACE, at=now)
    withdrawal.withdraw(resident=resident, purpose=FACE, voice=voice, at=now)
    standing = agree(resident, forms, FACE, at=now)[FACE]
    second = publish(form=draft(resident.neighborhood, FACE, version=2), by=chair, at=now)
    withdrawal.expire(standing=standing, at=now)
    agree(resident, forms | {FACE: second}, FACE, at=now - timedelta(days=400))
    withdrawal.expire(standing=resident.standings.get(), at=now)
    page = me.get(HISTORY).content.decode()
    told = [words for words in page.replace("</span>", "<span>").split("<span>") if words.strip() in ALL]
    assert [words.strip() for words in told] == ALL
    assert page.count("You, on this website") == 5
    assert page.count("By itself") == 2
    assert page.count(address(forms[FACE])) == 5
    assert page.count(address(second)) == 2


ALL = ["Ran out", "Yes", "Ended with its form", "Yes", "Stopped", "Yes", "No"]


@pytest.mark.obligation("12")
def test_what_they_decided_against_is_at_the_bottom_and_nowhere_else(
    me: Client, resident: Resident, doors, forms: dict[Purpose, Form], now
):
    before = me.get("/").content.decode().split("<main")[1]
    assert f"/decisions/{FACE}/" in before
    voice = voices.own(resident.user, "en")
    deciding.refuse(resident=resident, purpose=FACE, form=forms[FACE], voice=voice, at=now)
    assert f"/decisions/{FACE}/" not in me.get("/").content.decode().split("<main")[1]
    page = me.get("/decisions/").content.decode().split("<main")[1]
    assert page.index('id="decided"') < page.index(f"/decisions/{FACE}/")
    assert "I say yes" in me.get(f"/decisions/{FACE}/").content.decode()  # they can come back to it


def test_the_data_stands_before_the_words(me: Client, forms: dict[Purpose, Form]):
    page = me.get(f"/decisions/{FACE}/").content.decode()
    facts = [
        "柳岸小区业委会",
        "1 幢 101 室",
        "photos of the face",
        "365 days",
        "deleted at once",
        "card",
        "at the desk",
    ]
    places = [page.index(words) for words in facts]
    assert max(places) < page.index("what_for (en)")
