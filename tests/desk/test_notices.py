"""Notices on the desk: a body's own members draft and publish; how a body is reached is said by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from committees import publishing
from committees.models import Committee, Notice, Term
from residents.models import User
from tests.access.test_enrolment_races import at_once
from tests.cast import PASSWORD
from tests.committees.notices import draft, published

NOTICES = "/admin/committees/notice/"
BODIES = "/admin/committees/committee/"


def words(committee: Committee, **changed: str) -> dict[str, str]:
    return {
        "committee": str(committee.pk),
        "kind": "notice",
        "title": "停水通知",
        "text": "明天上午停水两小时。",
        "title_en": "",
        "text_en": "",
        "meets_at_0": "",
        "meets_at_1": "",
        "place": "",
        "until": "",
        **changed,
    }


def saved(notice: Notice, **changed: str) -> dict[str, str]:
    """As the page of the draft posts it, opened just now."""
    notice = Notice.objects.get(pk=notice.pk)
    return words(notice.committee, seen=publishing.check_number(notice), **changed)


def read(client: Client, address: str) -> dict[str, str]:
    """As a page posts it that shows what will be published."""
    found = re.search(r'name="read" value="(\w+)"', client.get(address).content.decode())
    assert found is not None
    return {"read": found[1]}


def body_of(user: User) -> Committee:
    return Committee.objects.get(terms__user=user)


def test_a_body_drafts_and_publishes_what_is_its_own(desk, chair, now):
    client: Client = desk(chair)
    assert client.get(f"{NOTICES}add/").status_code == 200
    answer = client.post(f"{NOTICES}add/", words(body_of(chair)))
    assert answer.status_code == 302
    made = Notice.objects.get()
    assert (made.written_by, made.published_at) == (chair, None)
    changed = saved(made, text="后天上午停水。")
    assert client.post(f"{NOTICES}{made.pk}/change/", changed).status_code == 302
    page = f"{NOTICES}{made.pk}/publish/"
    assert "Name no resident" in client.get(page).content.decode()
    assert client.post(page, read(client, page)).status_code == 302
    made.refresh_from_db()
    assert (made.text, made.published_by) == ("后天上午停水。", chair)
    assert "It is published already" in client.post(page).content.decode()
    assert client.post(f"{NOTICES}{made.pk}/change/", words(made.committee, text="x")).status_code == 403
    assert client.post(f"{NOTICES}{made.pk}/correct/").status_code == 302
    assert Notice.objects.get(corrects=made).published_at is None
    assert client.post(f"{NOTICES}{made.pk}/take-down/").status_code == 302
    assert not Notice.objects.published().exists()


def once(page: str) -> str:
    return re.search(r'name="once" value="([0-9a-f-]{36})"', page)[1]


def test_a_form_that_is_sent_twice_is_one_draft(desk, chair):
    client: Client = desk(chair)
    page = client.get(f"{NOTICES}add/").content.decode()
    sent = words(body_of(chair), once=once(page))
    assert once(client.get(f"{NOTICES}add/").content.decode()) != sent["once"]
    assert client.post(f"{NOTICES}add/", sent)["Location"] == NOTICES
    made = Notice.objects.get()
    again = client.post(f"{NOTICES}add/", sent, follow=True)
    assert again.redirect_chain == [(f"{NOTICES}{made.pk}/change/", 302)]
    assert "It was sent before" in again.content.decode()
    assert LogEntry.objects.filter(object_id=str(made.pk)).count() == 1
    assert (
        client.post(f"{NOTICES}add/", sent | {"text": "后天停水。"}).status_code == 302
    )  # back, and other words
    assert set(Notice.objects.values_list("text", flat=True)) == {made.text, "后天停水。"}


@pytest.mark.parametrize("nonsense", ["", "x", "<script>"])
def test_a_form_without_its_number_is_a_new_one(desk, chair, nonsense):
    client = desk(chair)
    for _ in range(2):
        assert client.post(f"{NOTICES}add/", words(body_of(chair), once=nonsense)).status_code == 302
    assert Notice.objects.count() == 2


def test_the_number_stays_with_what_was_typed_when_something_is_wrong(desk, chair):
    client = desk(chair)
    number = once(client.get(f"{NOTICES}add/").content.decode())
    page = client.post(f"{NOTICES}add/", words(body_of(chair), once=number, kind="meeting")).content.decode()
    assert once(page) == number
    assert 'name="once"' not in client.get(f"{NOTICES}{_made(client, chair)}/change/").content.decode()


def _made(client: Client, chair: User) -> UUID:
    client.post(f"{NOTICES}add/", words(body_of(chair)))
    return Notice.objects.get().pk


@pytest.mark.parametrize("act", ["add", "correct"])
def test_two_tabs_at_once_make_one_draft(committed, desk, here, chair, act):
    shown = published(here, chair, at=datetime.now(UTC))
    for _ in range(3):
        sent = words(body_of(chair), once=str(uuid4())) if act == "add" else {}
        tabs = [desk(chair) for _ in range(3)]
        address = f"{NOTICES}add/" if act == "add" else f"{NOTICES}{shown.pk}/correct/"
        assert at_once(*[partial(_post, each, address, sent) for each in tabs]) == [None] * 3
        assert Notice.objects.filter(published_at=None).count() == 1
        Notice.objects.filter(published_at=None).delete()


def _post(client: Client, address: str, sent: dict[str, str]) -> None:
    assert client.post(address, sent).status_code == 302


@pytest.mark.obligation("27")
def test_a_clerk_of_the_company_does_not_speak_for_the_owners(desk, here, chair, clerk, now):
    owners, client = body_of(chair), desk(clerk)
    assert str(owners.pk) not in client.get(f"{NOTICES}add/").content.decode()
    answer = client.post(f"{NOTICES}add/", words(owners))
    assert answer.status_code == 200
    assert not Notice.objects.exists()
    theirs = draft(here, chair, at=now, title="内部草稿")
    assert "内部草稿" not in client.get(NOTICES).content.decode()
    for address in ("change/", "publish/"):
        assert client.post(f"{NOTICES}{theirs.pk}/{address}", words(owners)).status_code in (302, 404)
    shown = publishing.publish(notice=theirs, by=chair, at=now)
    assert "内部草稿" in client.get(NOTICES).content.decode()  # now everybody reads it
    for address in ("correct/", "take-down/"):
        assert client.post(f"{NOTICES}{shown.pk}/{address}").status_code == 403
    assert Notice.objects.published().count() == 1


@pytest.mark.obligation("27")
def test_who_runs_the_system_speaks_for_nobody(desk, superuser, here, chair, now):
    client, made = desk(superuser), draft(here, chair, at=now)
    assert client.get(f"{NOTICES}add/").status_code == 403
    assert client.post(f"{NOTICES}add/", words(made.committee)).status_code == 403
    assert client.post(f"{NOTICES}{made.pk}/publish/").status_code in (302, 404)
    assert not Notice.objects.published().exists()


@pytest.mark.obligation("31")
def test_a_number_is_refused_beside_its_field_and_nothing_typed_is_lost(desk, chair):
    sent = words(body_of(chair), title="找人", text="请致电 138 0571 4321")
    page = desk(chair).post(f"{NOTICES}add/", sent).content.decode()
    assert "A notice holds no telephone number but those of the bodies" in page
    assert "请致电 138 0571 4321" in page
    assert not Notice.objects.exists()


def test_a_meeting_without_a_place_is_an_error_of_the_form(desk, chair):
    page = desk(chair).post(f"{NOTICES}add/", words(body_of(chair), kind="meeting")).content.decode()
    assert "A meeting says when and where it is" in page
    assert not Notice.objects.exists()


def test_an_auditor_reads_and_writes_nothing(desk, here, chair, auditor, now):
    made = published(here, chair, at=now)
    client = desk(auditor)
    assert client.get(f"{NOTICES}{made.pk}/change/").status_code == 200
    assert client.get(f"{NOTICES}add/").status_code == 403
    assert client.post(f"{NOTICES}{made.pk}/take-down/").status_code == 403


# --- How a body is reached


def contact(**changed: str) -> dict[str, str]:
    return {
        "office": "1 幢底层",
        "hours": "8:00–20:00",
        "phone": "0571 8800 1001",
        "night_phone": "",
        **changed,
    }


def test_a_body_says_itself_how_it_is_reached(desk, clerk):
    theirs = body_of(clerk)
    client = desk(clerk)
    assert (
        client.post(f"{BODIES}{theirs.pk}/change/", contact(night_phone="110", name="x")).status_code == 302
    )
    theirs.refresh_from_db()
    assert (theirs.office, theirs.night_phone) == ("1 幢底层", "110")
    assert theirs.name != "x"  # that is not theirs to say


def test_a_wrong_number_is_answered_beside_its_field(desk, clerk):
    theirs = body_of(clerk)
    page = desk(clerk).post(f"{BODIES}{theirs.pk}/change/", contact(phone="ask Lin")).content.decode()
    assert "Write a telephone number" in page
    assert "ask Lin" in page
    assert "8:00–20:00" in page
    theirs.refresh_from_db()
    assert theirs.phone == ""


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider"])
def test_nobody_else_says_it_for_them(request, desk, chair, who):
    owners = body_of(chair)
    answer = desk(request.getfixturevalue(who)).post(f"{BODIES}{owners.pk}/change/", contact())
    assert answer.status_code in (302, 403, 404)
    owners.refresh_from_db()
    assert owners.office == ""


# --- Who is named


def test_the_operator_appoints_with_a_name_where_it_may_be_shown(desk, superuser, here, now):
    User.objects.create_user(username="newclerk", password=PASSWORD)
    company = Committee.objects.create(neighborhood=here, kind=Committee.Kind.PROPERTY, name="物业")
    sent = {
        "committee": company.pk,
        "sign_in_name": "newclerk",
        "role": "clerk",
        "starts": "2026-01-01",
        "ends": "2099-01-01",
        "public_name": "廖敏",
    }
    client = desk(superuser)
    page = client.post("/admin/committees/term/add/", sent).content.decode()
    assert "Tick this if they have agreed" in page
    assert client.post("/admin/committees/term/add/", {**sent, "name_agreed": "on"}).status_code == 302
    term = Term.objects.get()
    assert (term.public_name, term.name_agreed) == ("廖敏", True)
    page = f"/admin/committees/term/{term.pk}/name/"
    assert "Only the name" in client.post(page, {"public_name": "廖敏 138"}).content.decode()
    assert "Tick this" in client.post(page, {"public_name": "廖敏敏"}).content.decode()
    assert client.post(page, {"public_name": ""}).status_code == 302
    term.refresh_from_db()
    assert term.public_name == ""


@pytest.mark.obligation("31")
@pytest.mark.parametrize("who", ["chair", "clerk", "auditor"])
def test_nobody_names_themselves_or_another(request, desk, chair, who):
    term = Term.objects.get(user=chair)
    answer = desk(request.getfixturevalue(who)).post(
        f"/admin/committees/term/{term.pk}/name/", {"public_name": "x"}
    )
    assert answer.status_code in (302, 403, 404)
    term.refresh_from_db()
    assert term.public_name == ""
