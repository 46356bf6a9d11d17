"""Saying yes or no to one purpose."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.test import Client

from consent import stopping, withdrawal
from consent.models import Decision, Form, FormText, Purpose, Standing
from portal.screens.purposes import WORDS
from residents import holds, leaving
from residents.models import ErasureOrder, Resident, User
from tests.cast import draft, publish
from tests.enrolling import agree

FACE = Purpose.FACE_AT_GATE
PAGE = f"/decisions/{FACE}/"
DECIDE = f"{PAGE}decide/"


def say(choice: str, form: Form) -> dict[str, str]:
    return {"choice": choice, "form": str(form.pk)}


def test_every_purpose_has_words():
    assert set(WORDS) == {*Purpose, leaving.WAYS_IN, leaving.PERSON, stopping.PAPER, holds.PURPOSE}


def test_each_purpose_has_its_line(me: Client, forms: dict[Purpose, Form]):
    page = me.get("/decisions/").content.decode()
    assert page.count("Not decided") == len(Purpose)


def test_a_neighborhood_without_forms_asks_for_nothing(me: Client):
    assert "asks for no consent at all" in me.get("/decisions/").content.decode()
    assert "There is no form to sign at the moment" in me.get(PAGE).content.decode()


def test_the_form_is_shown_whole_in_the_reader_s_language(me: Client, forms: dict[Purpose, Form]):
    page = me.get(PAGE).content.decode()
    for part in FormText.NOTICE:
        assert f"{part} (en)" in page
    assert bytes(forms[FACE].content_hash or b"").hex() in page


@pytest.mark.obligation("4", "5")
def test_yes_is_about_this_purpose_alone(me: Client, resident: Resident, forms: dict[Purpose, Form]):
    assert "/enrol/" in me.post(DECIDE, say("yes", forms[FACE]))["Location"]
    assert [each.purpose for each in Standing.objects.filter(resident=resident)] == [FACE]
    decision = Decision.objects.get(resident=resident)
    assert (decision.kind, decision.actor, decision.language, decision.route) == (
        "given",
        resident.user,
        "en",
        "portal",
    )


@pytest.mark.obligation("4", "A4")
@pytest.mark.parametrize(
    "bundled",
    [
        {"purpose": [Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET]},
        {Purpose.PHOTO_OVER_INTERNET: "yes"},
        {"choice": ["yes", "no"]},
        {"choice": ["no", "yes"]},
        {"sharing": "yes"},
    ],
)
def test_what_is_bundled_is_refused_whole(
    me: Client, resident: Resident, forms: dict[Purpose, Form], bundled: dict[str, object]
):
    assert me.post(DECIDE, {**say("yes", forms[FACE]), **bundled}).status_code == 400
    assert not Decision.objects.filter(resident=resident).exists()


@pytest.mark.obligation("4", "A4")
def test_two_forms_in_one_answer_are_refused_whole(me: Client, resident: Resident, forms):
    both = [str(forms[purpose].pk) for purpose in (FACE, Purpose.PHOTO_OVER_INTERNET)]
    assert me.post(DECIDE, {"choice": "yes", "form": both}).status_code == 400
    assert not Decision.objects.filter(resident=resident).exists()


@pytest.mark.obligation("4")
def test_nothing_is_chosen_beforehand(me: Client, forms: dict[Purpose, Form]):
    page = me.get(PAGE).content.decode()
    assert "checked" not in page
    assert "selected" not in page


def test_no_is_written_down_and_changes_nothing(me: Client, resident: Resident, forms: dict[Purpose, Form]):
    answer = me.post(DECIDE, say("no", forms[FACE]), follow=True)
    assert "Your no is written down." in answer.content.decode()
    assert "Nobody will ask you again." in answer.content.decode()
    assert Decision.objects.get(resident=resident).kind == "refused"


def test_pressing_twice_is_one_yes(me: Client, resident: Resident, forms: dict[Purpose, Form]):
    for _ in range(2):
        assert me.post(DECIDE, say("yes", forms[FACE])).status_code == 302
    assert Decision.objects.filter(resident=resident).count() == 1


def test_no_after_yes_stops_and_deletes(
    me: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now)
    answer = me.post(DECIDE, say("no", forms[FACE]))
    assert answer["Location"] == f"/deletions/{ErasureOrder.objects.get().pk}/"
    assert not Standing.objects.exists()


def test_a_form_that_changed_is_shown_again_and_nothing_is_written(
    me: Client, resident: Resident, chair: User, forms: dict[Purpose, Form], now: datetime
):
    publish(form=draft(forms[FACE].neighborhood, FACE, version=2), by=chair, at=now)
    answer = me.post(DECIDE, say("yes", forms[FACE]), follow=True)
    assert "The form has changed in the meantime." in answer.content.decode()
    assert "Form version 2" in answer.content.decode()
    assert not Decision.objects.filter(resident=resident).exists()


def test_the_form_of_another_purpose_is_not_this_one(
    me: Client, resident: Resident, forms: dict[Purpose, Form]
):
    me.post(DECIDE, say("yes", forms[Purpose.TEMPLATE_ON_SERVER]))
    assert not Standing.objects.filter(resident=resident).exists()


def test_the_form_of_another_neighborhood_is_not_ours(
    me: Client, resident: Resident, elsewhere, chair: User, now: datetime
):
    theirs = publish(form=draft(elsewhere, FACE), by=chair, at=now)
    me.post(DECIDE, say("yes", theirs))
    assert not Standing.objects.filter(resident=resident).exists()
    assert "There is no form to sign" in me.get(PAGE).content.decode()


def test_what_serves_another_purpose_leads_there_first(
    me: Client, resident: Resident, forms: dict[Purpose, Form]
):
    sending = Purpose.PHOTO_OVER_INTERNET
    assert "This only makes sense beside" in me.get(f"/decisions/{sending}/").content.decode()
    answer = me.post(f"/decisions/{sending}/decide/", say("yes", forms[sending]))
    assert answer["Location"] == PAGE
    assert not Standing.objects.filter(resident=resident).exists()


def test_what_was_signed_is_what_is_shown(
    me: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now)
    page = me.get(PAGE).content.decode()
    assert "Form version 1" in page
    assert "Stop and delete" in page


@pytest.mark.obligation("7", "12")
@pytest.mark.parametrize("swept", [False, True])
def test_a_changed_form_ends_an_earlier_yes_and_says_so(
    me: Client, resident: Resident, chair: User, forms: dict[Purpose, Form], now: datetime, swept: bool
):
    standings = agree(resident, forms, at=now)
    new = publish(form=draft(forms[FACE].neighborhood, FACE, version=2), by=chair, at=now)
    if swept:
        withdrawal.expire(standing=standings[FACE], at=now)
    page = me.get(PAGE).content.decode()
    assert "so your earlier yes ended" in page
    assert "Your card goes on working." in page
    assert "Form version 2" in page
    assert "Form changed" in me.get("/decisions/").content.decode()
    assert "Nothing is waiting." in me.get("/").content.decode()
    if swept:
        assert "By itself: the form changed" in me.get("/record/").content.decode()
        served = me.get("/decisions/photo_over_internet/").content.decode()
        assert "this earlier yes ended with it" in served
    me.post(DECIDE, say("yes", new))
    assert Standing.objects.get(resident=resident, purpose=FACE).decision.form == new
    assert "Stop and delete" in me.get(PAGE).content.decode()


def test_a_yes_that_ran_out_is_no_yes(
    me: Client, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, FACE, at=now - timedelta(days=366))
    page = me.get(PAGE).content.decode()
    assert "Stop and delete" not in page
    assert "I say yes" in page


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"choice": "yes"},
        {"form": "FORM"},
        {"choice": "maybe", "form": "FORM"},
        {"choice": "YES", "form": "FORM"},
        {"choice": "yes\0", "form": "FORM"},
        {"choice": "yes", "form": "not a uuid"},
        {"choice": "yes", "form": "\0"},
        {"choice": "yes", "form": "x" * 100_000},
        {"choice": "x" * 100_000, "form": "FORM"},
    ],
)
def test_what_is_no_answer_is_refused_and_writes_nothing(
    me: Client, resident: Resident, forms: dict[Purpose, Form], given: dict[str, str]
):
    filled = {name: str(forms[FACE].pk) if value == "FORM" else value for name, value in given.items()}
    answer = me.post(DECIDE, filled)
    assert answer.status_code == 400
    assert "什么都没有被保存" in answer.content.decode()
    assert not Decision.objects.filter(resident=resident).exists()


def test_a_form_nobody_knows_is_a_form_that_changed(me: Client, resident: Resident, forms):
    assert me.post(DECIDE, {"choice": "yes", "form": str(uuid.uuid4())})["Location"] == PAGE
    assert not Decision.objects.filter(resident=resident).exists()


@pytest.mark.parametrize("purpose", ["fingerprint", "FACE_AT_GATE", "face_at_gate%00", "../admin"])
def test_an_unknown_purpose_is_no_page(me: Client, purpose: str):
    for act in ("", "decide/", "stop/"):
        assert me.post(f"/decisions/{purpose}/{act}").status_code == 404


def test_no_field_can_name_somebody_else(me: Client, neighbor: Resident, forms: dict[Purpose, Form]):
    for name, value in (("resident", neighbor.pk), ("user", neighbor.user_id), ("actor", neighbor.user_id)):
        assert me.post(DECIDE, {**say("yes", forms[FACE]), name: str(value)}).status_code == 400
    assert not Decision.objects.exists()


def test_it_is_mine_alone(me: Client, them: Client, forms: dict[Purpose, Form]):
    me.post(DECIDE, say("yes", forms[FACE]))
    assert "You said yes" not in them.get("/decisions/").content.decode()


def test_whoever_is_not_signed_in_decides_nothing(anybody: Client, forms: dict[Purpose, Form]):
    answer = anybody.post(DECIDE, say("yes", forms[FACE]))
    assert answer["Location"] == "/sign-in/?next=/"
    assert not Decision.objects.exists()


@pytest.mark.obligation("6")
def test_staff_decide_for_nobody(sign_in, clerk: User, resident: Resident, forms: dict[Purpose, Form]):
    answer = sign_in(clerk).post(DECIDE, say("yes", forms[FACE]))
    assert answer["Location"] == "/desk/"
    assert not Decision.objects.exists()


def test_deciding_is_a_press_and_not_an_address(me: Client, forms: dict[Purpose, Form]):
    assert me.get(DECIDE).status_code == 405
    assert me.get(f"{PAGE}stop/").status_code == 405


def test_another_site_cannot_press_it(resident: Resident, forms: dict[Purpose, Form]):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident.user)
    assert strict.post(DECIDE, say("yes", forms[FACE])).status_code == 403
    assert not Decision.objects.exists()
