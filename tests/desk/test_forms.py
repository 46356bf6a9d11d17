"""Consent forms on the desk, and the little that staff learn of decisions."""

from __future__ import annotations

import pytest
from django.test import Client

from consent.models import Decision, Form, FormText, Purpose
from tests.cast import draft
from tests.enrolling import agree

FORMS = "/admin/consent/form/"


def words(form: Form, **changed: str) -> dict[str, str]:
    """What the page would post to save every word of a draft."""
    texts = list(form.texts.order_by("-language"))
    given = {
        "controller_name": "业委会",
        "controller_kind": "owners",
        "controller_address": "柳岸路 1 号",
        "controller_contact": "1 幢 101",
        "method": form.method,
        "categories": '["face_photo"]',
        "storage": '["device"]',
        "ways_in": '["card"]',
        "ways_out": '["portal"]',
        "retention_days": "0",
        "life_days": "365",
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


def test_it_is_begun_with_room_for_both_languages(desk, chair, here):
    form = begun(desk(chair), here)
    assert form.version == 1
    assert set(form.texts.values_list("language", flat=True)) == set(FormText.Language.values)


@pytest.mark.obligation("13")
def test_it_is_written_and_published(desk, chair, here):
    client = desk(chair)
    form = begun(client, here)
    assert client.post(f"{FORMS}{form.pk}/change/", words(form)).status_code == 302
    assert client.post(f"{FORMS}{form.pk}/publish/").status_code == 302
    form.refresh_from_db()
    assert (form.state, form.published_by) == (Form.State.PUBLISHED, chair)


@pytest.mark.obligation("13")
@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ({"texts-0-other_way_in": ""}, "the way in that needs none of this"),
        ({"texts-1-necessity": " "}, "English: why it is needed"),
        ({"life_days": ""}, "days a yes is good for"),
        ({"controller_contact": ""}, "how to reach them"),
    ],
)
def test_publishing_names_what_is_missing(desk, chair, here, left_out, named):
    client = desk(chair)
    form = begun(client, here)
    client.post(f"{FORMS}{form.pk}/change/", words(form, **left_out))
    answer = client.post(f"{FORMS}{form.pk}/publish/")
    assert answer.status_code == 200
    assert named in answer.content.decode()
    form.refresh_from_db()
    assert form.state == Form.State.DRAFT


def test_what_is_published_cannot_be_edited(desk, chair, superuser, forms):
    form = forms[Purpose.FACE_AT_GATE]
    before = list(form.texts.order_by("pk").values())
    for user in (chair, superuser):
        client = desk(user)
        assert client.get(f"{FORMS}{form.pk}/change/").status_code == 200
        assert client.post(f"{FORMS}{form.pk}/change/", words(form)).status_code == 403
    assert list(form.texts.order_by("pk").values()) == before


def test_the_next_version_begins_with_the_words_of_this_one(desk, chair, forms):
    form = forms[Purpose.FACE_AT_GATE]
    assert desk(chair).post(f"{FORMS}{form.pk}/next/").status_code == 302
    following = Form.objects.get(state="draft")
    assert (following.version, following.text("en").what_for) == (2, form.text("en").what_for)


@pytest.mark.parametrize("who", ["clerk", "auditor"])
def test_only_those_with_the_right_publish(request, desk, here, chair, who):
    form = draft(here, Purpose.FACE_AT_GATE)
    answer = desk(request.getfixturevalue(who)).post(f"{FORMS}{form.pk}/publish/")
    assert answer.status_code in (403, 404)
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
