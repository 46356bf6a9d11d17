"""Consent forms on the desk, and the little that staff learn of decisions."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from committees.models import Committee, Term
from consent import publishing
from consent.models import Decision, Form, FormText, Purpose
from residents.models import User
from tests import make
from tests.cast import draft, staff
from tests.enrolling import agree

FORMS = "/admin/consent/form/"


def words(form: Form, **changed: Any) -> dict[str, Any]:
    """What the page would post to save every word of a draft."""
    texts = list(form.texts.order_by("-language"))
    given = {
        "seen": publishing.check_number(form),
        "controller_name": "业委会",
        "controller_kind": "owners",
        "controller_address": "柳岸路 1 号",
        "controller_contact": "1 幢 101",
        "method": form.method,
        "categories": ["face_photo", "face_template"],
        "storage": ["device"],
        "ways_in": ["card"],
        "ways_out": ["portal"],
        "retention_days": "0",
        "life_days": "365",
        "recipients-TOTAL_FORMS": "0",
        "recipients-INITIAL_FORMS": "0",
        "texts-TOTAL_FORMS": str(len(texts)),
        "texts-INITIAL_FORMS": str(len(texts)),
    }
    for number, text in enumerate(texts):
        given |= {f"texts-{number}-id": str(text.pk), f"texts-{number}-form": str(form.pk)}
        given |= {f"texts-{number}-{part}": f"{part}." for part in FormText.NOTICE}
    return given | changed


def begun(client: Client, here) -> Form:
    answer = client.post(f"{FORMS}add/", {"neighborhood": here.pk, "purpose": "face_at_gate"})
    assert answer.status_code == 302
    return Form.objects.get(state="draft")


def act(client: Client, form: Form, what: str, **given: str):
    return client.post(f"{FORMS}{form.pk}/{what}/", given)


def read_and_publish(client: Client, form: Form):
    """As the page of the second reader posts it."""
    page = client.get(f"{FORMS}{form.pk}/publish/").content.decode()
    number = re.search(r'name="read" value="(\w+)"', page)
    assert number is not None
    return act(client, form, "publish", read=number[1])


def said(answer: Any) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def second(here, now) -> User:
    return staff(here, username="second", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)


def test_it_is_begun_with_room_for_both_languages_and_what_the_software_does(desk, chair, here):
    form = begun(desk(chair), here)
    assert form.version == 1
    assert set(form.texts.values_list("language", flat=True)) == set(FormText.Language.values)
    assert (form.storage, form.ways_in) == (["device"], ["card"])


@pytest.mark.obligation("4")
def test_nothing_is_ticked_that_the_law_wants_open(desk, chair, here):
    client = desk(chair)
    page = said(client.get(f"{FORMS}{begun(client, here).pk}/change/"))
    for name in ("irrevocable", "sublicensable", "preset", "bundled", "only_words"):
        assert f'name="{name}"' in page
    ticked = re.findall(r'<input[^>]* name="(\w+)"[^>]* checked', page)
    assert set(ticked) == {"categories", "storage", "ways_in", "ways_out"}
    assert "numbers computed from photos of the face" in page


@pytest.mark.obligation("13")
def test_it_is_written_by_one_and_published_by_another(desk, chair, second, here):
    client, other = desk(chair), desk(second)
    form = begun(client, here)
    assert client.post(f"{FORMS}{form.pk}/change/", words(form)).status_code == 302
    assert act(client, form, "submit").status_code == 302
    assert read_and_publish(other, form).status_code == 302
    form.refresh_from_db()
    assert (form.state, form.submitted_by, form.published_by) == (Form.State.PUBLISHED, chair, second)


@pytest.mark.obligation("13")
@pytest.mark.parametrize("who", ["chair", "superuser"])
def test_nobody_is_their_own_second_reader(request, desk, here, who):
    user = request.getfixturevalue(who)
    client = desk(user)
    form = draft(here, Purpose.FACE_AT_GATE)
    assert act(client, form, "submit").status_code == 302
    answer = read_and_publish(client, form)
    assert answer.status_code == 200
    assert "another member of the committee reads it" in said(answer)
    form.refresh_from_db()
    assert form.state == Form.State.READING


def test_nobody_publishes_what_was_handed_in_anew_while_they_read(desk, chair, second, here, now):
    form = draft(here, Purpose.FACE_AT_GATE)
    client, other = desk(chair), desk(second)
    act(client, form, "submit")
    page = said(other.get(f"{FORMS}{form.pk}/publish/"))
    read = re.search(r'name="read" value="(\w+)"', page)[1]
    act(client, form, "back")
    form.texts.filter(language="en").update(effect="Something else.")
    act(client, form, "submit")
    assert "not what you had before you" in said(act(other, form, "publish", read=read))
    assert "Read it on this page" in said(act(other, form, "publish"))
    form.refresh_from_db()
    assert form.state == Form.State.READING


@pytest.mark.obligation("13")
@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ({"texts-0-other_way_in": ""}, "the way in that needs none of this"),
        ({"texts-1-necessity": " "}, "English: why it is needed"),
        ({"life_days": ""}, "Days a yes is good for"),
        ({"controller_contact": ""}, "How to reach them"),
        ({"categories": []}, "Kinds of data"),
        ({"storage": []}, "Where it is kept"),
        ({"ways_out": []}, "Ways to stop it"),
        ({"method": ""}, "Method"),
        ({"ways_in": []}, "no way in without it"),
        ({"irrevocable": "on"}, "no way back"),
        ({"preset": "on"}, "ticked beforehand"),
        ({"texts-0-effect": "本同意不可撤回。"}, "no way back"),
        ({"only_words": "on"}, "there is no version before"),
    ],
)
def test_handing_in_names_the_rule_that_is_in_the_way(desk, chair, here, left_out, named):
    client = desk(chair)
    form = begun(client, here)
    assert client.post(f"{FORMS}{form.pk}/change/", words(form, **left_out)).status_code == 302
    answer = act(client, form, "submit")
    assert answer.status_code == 200
    assert named in said(answer)
    form.refresh_from_db()
    assert form.state == Form.State.DRAFT


@pytest.mark.obligation("7")
def test_more_than_words_is_named_field_by_field(desk, chair, forms):
    client = desk(chair)
    act(client, forms[Purpose.FACE_AT_GATE], "next")
    form = Form.objects.get(state="draft")
    Form.objects.filter(pk=form.pk).update(only_words=True, life_days=30)
    assert "more has changed: Days a yes is good for" in said(act(client, form, "submit"))


@pytest.mark.parametrize(
    "wrong",
    [{"categories": ["everything"]}, {"method": "guessing"}, {"life_days": "long"}, {"storage": ["moon"]}],
)
def test_a_wrong_value_is_refused_and_nothing_typed_is_lost(desk, chair, here, wrong):
    client = desk(chair)
    form = begun(client, here)
    given = words(form, **{"texts-1-effect": "Typed at length."}, **wrong)
    answer = client.post(f"{FORMS}{form.pk}/change/", given)
    assert answer.status_code == 200
    assert "Typed at length." in said(answer)
    assert f"errors field-{next(iter(wrong))}" in said(answer)
    form.refresh_from_db()
    assert form.controller_name == ""


def test_the_same_boxes_in_another_order_are_the_same_datum(desk, chair, here):
    client = desk(chair)
    form = begun(client, here)
    client.post(f"{FORMS}{form.pk}/change/", words(form, categories=["face_template", "face_photo"]))
    form.refresh_from_db()
    assert form.categories == ["face_photo", "face_template"]


@pytest.mark.obligation("28")
def test_a_recipient_is_named_beside_the_form(desk, chair, here):
    client = desk(chair)
    form = begun(client, here)
    one = {
        "recipients-TOTAL_FORMS": "1",
        "recipients-0-form": str(form.pk),
        "recipients-0-name": "青禾",
        "recipients-0-contact": "柳岸路 3 号",
        "recipients-0-what_for": "维修",
        "recipients-0-method": "加密传送",
        "recipients-0-categories": ["face_photo"],
    }
    assert client.post(f"{FORMS}{form.pk}/change/", words(form, **one)).status_code == 302
    assert form.recipients.get().categories == ["face_photo"]
    assert "青禾" in said(client.get(f"{FORMS}{form.pk}/publish/"))


def test_of_two_tabs_the_second_is_told_and_loses_nothing(desk, chair, second, here):
    first, late = desk(chair), desk(second)
    form = begun(first, here)
    opened = publishing.check_number(form)
    first.post(f"{FORMS}{form.pk}/change/", words(form, **{"texts-1-effect": "Hers."}))
    answer = late.post(
        f"{FORMS}{form.pk}/change/",
        words(form, **{"seen": opened, "texts-1-effect": "His, typed at length."}),
    )
    assert answer.status_code == 200
    page = said(answer)
    assert "Somebody saved this draft" in page
    assert "His, typed at length." in page
    assert form.text("en").effect == "Hers."
    # Knowing that, he saves it all the same.
    again = re.search(r'name="seen" value="(\w+)"', page)[1]
    late.post(f"{FORMS}{form.pk}/change/", words(form, **{"seen": again, "texts-1-effect": "His."}))
    assert form.text("en").effect == "His."


def test_a_tab_left_open_while_it_was_handed_in_changes_nothing_and_shows_what_was_typed(desk, chair, here):
    client = desk(chair)
    form = draft(here, Purpose.FACE_AT_GATE)
    act(client, form, "submit")
    answer = client.post(f"{FORMS}{form.pk}/change/", words(form, **{"texts-1-effect": "Typed at length."}))
    assert answer.status_code == 409
    assert "Typed at length." in said(answer)
    assert form.text("en").effect == "effect (en)"


def test_what_is_published_cannot_be_edited(desk, chair, superuser, forms):
    form = forms[Purpose.FACE_AT_GATE]
    before = list(form.texts.order_by("pk").values())
    for user in (chair, superuser):
        client = desk(user)
        page = said(client.get(f"{FORMS}{form.pk}/change/"))
        assert "photos of the face; numbers computed from photos of the face" in page
        assert "face_photo" not in page
        assert client.post(f"{FORMS}{form.pk}/change/", words(form)).status_code == 409
    assert list(form.texts.order_by("pk").values()) == before


def test_the_next_version_begins_with_all_that_this_one_says(desk, chair, forms):
    form = forms[Purpose.FACE_AT_GATE]
    assert desk(chair).post(f"{FORMS}{form.pk}/next/").status_code == 302
    following = Form.objects.get(state="draft")
    assert (following.version, following.text("en").what_for) == (2, form.text("en").what_for)
    assert following.life_days == form.life_days


@pytest.mark.obligation("7", "13")
@pytest.mark.parametrize("yeses", [1, 5])
def test_the_second_reader_sees_it_all_and_what_follows(desk, chair, second, here, forms, now, yeses):
    for _each in range(yeses):
        make.consent(make.resident(here, at=now), at=now)
    client, other = desk(chair), desk(second)
    act(client, forms[Purpose.FACE_AT_GATE], "next")
    form = Form.objects.get(state="draft")
    Form.objects.filter(pk=form.pk).update(life_days=30)
    form.texts.filter(language="en").update(effect="effect for you (en)")
    act(client, form, "submit")
    page = said(other.get(f"{FORMS}{form.pk}/publish/"))
    assert "<del>365 days</del>" in page
    assert "<ins>30 days</ins>" in page
    assert re.search(r"effect ?<ins> ?for you ?</ins> ?\(en\)", page)
    for part in FormText.NOTICE[1:]:
        assert f"{part} (zh-hans)" in page
    counted = "fewer than 5 people" if yeses == 1 else "5 people"
    assert f"every yes before ends. It ends, and is told once, for: {counted}." in page


def test_the_verdict_on_other_words_is_that_every_yes_stands(desk, chair, second, here, forms, now):
    client, other = desk(chair), desk(second)
    act(client, forms[Purpose.FACE_AT_GATE], "next")
    form = Form.objects.get(state="draft")
    form.texts.filter(language="en").update(effect="In other words.")
    act(client, form, "submit")
    assert "the draft does not say so: every yes before ends" in said(other.get(f"{FORMS}{form.pk}/publish/"))
    act(client, form, "back")
    Form.objects.filter(pk=form.pk).update(only_words=True)
    act(client, form, "submit")
    assert "Only words change: every yes stands." in said(other.get(f"{FORMS}{form.pk}/publish/"))
    assert read_and_publish(other, form).status_code == 302
    forms[Purpose.FACE_AT_GATE].refresh_from_db()
    assert forms[Purpose.FACE_AT_GATE].state == Form.State.REWORDED


@pytest.mark.parametrize("who", ["clerk", "auditor"])
def test_only_those_with_the_right_publish(request, desk, here, chair, who):
    form = draft(here, Purpose.FACE_AT_GATE)
    client = desk(request.getfixturevalue(who))
    for what in ("submit", "publish", "back"):
        assert act(client, form, what, read="x").status_code in (403, 404)
    form.refresh_from_db()
    assert form.state == Form.State.DRAFT


@pytest.mark.obligation("A2", "27")
def test_an_auditor_reads_counts_and_nobody_reads_who(desk, auditor, clerk, resident, forms, now):
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    body = desk(auditor).get("/admin/consent/decision/").content.decode()
    assert "fewer than 5" in body
    assert str(resident.pk)[:8] not in body
    assert desk(clerk).get("/admin/consent/decision/").status_code == 403
    decision = Decision.objects.get()
    for page in ("change", "history", "delete"):
        assert desk(auditor).get(f"/admin/consent/decision/{decision.pk}/{page}/").status_code == 404


def test_whose_erasure_it_is_stands_on_no_page(desk, superuser, community, neighbor):
    from residents.models import ErasureOrder

    order = community.first(ErasureOrder)
    client = desk(superuser)
    for page in ("", f"{order.pk}/change/", f"{order.pk}/history/"):
        body = client.get(f"/admin/residents/erasureorder/{page}").content.decode()
        assert str(order.pk)[:8] in body
        assert str(neighbor.pk)[:8] not in body
