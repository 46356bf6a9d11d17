"""Sharing on the desk: from a draft to the file, and who may fetch it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sharing import answering, copying, disclosing, requesting, tallies
from sharing.models import Copy, Disclosure, Recipient, RecipientKey, Request
from tests.sharing import receiving
from tests.sharing.passing import its_time_passes

REQUESTS = "/admin/sharing/request/"


@pytest.fixture
def recipient(here) -> Recipient:
    return Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")


def wish(recipient, **changed):
    ahead = timezone.localtime(timezone.now() + timedelta(days=7))
    return {
        "recipient": recipient.pk,
        "purpose": "送水",
        "purpose_en": "Water",
        "fields_asked": ["name", "dwelling"],
        "retention_days": "30",
        "deadline_0": ahead.strftime("%Y-%m-%d"),
        "deadline_1": "12:00:00",
    } | changed


@pytest.fixture
def asked(recipient, clerk, chair, now) -> Request:
    """Put to residents ten days ago; their time is over."""
    then = now - timedelta(days=10)
    drafted = requesting.draft(
        recipient=recipient,
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=30,
        deadline=now - timedelta(days=1),
        by=clerk,
        at=then,
    )
    return requesting.put_to_residents(request=drafted, by=chair, at=then)


@pytest.fixture
def decided(recipient, resident, neighbor, clerk, chair, now) -> Request:
    """One said yes, one no, and their time is over."""
    drafted = requesting.draft(
        recipient=recipient,
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=30,
        deadline=now + timedelta(days=1),
        by=clerk,
        at=now,
    )
    asked = requesting.put_to_residents(request=drafted, by=chair, at=now)
    answering.answer(request=asked, resident=resident, fields=asked.fields, actor=resident.user, at=now)
    answering.answer(request=asked, resident=neighbor, fields=[], actor=neighbor.user, at=now)
    return its_time_passes(asked)


@pytest.fixture
def built(decided, chair, now) -> Disclosure:
    disclosure = disclosing.release(request=decided, by=chair, at=now)
    receiving.made(disclosure, at=now)
    return disclosure


def test_one_drafts_and_another_puts_it(desk, clerk, chair, recipient):
    assert desk(clerk).post(f"{REQUESTS}add/", wish(recipient)).status_code == 302
    request = Request.objects.get()
    assert (request.drafted_by, request.fields) == (clerk, ["name", "dwelling"])
    assert desk(clerk).post(f"{REQUESTS}{request.pk}/put/").status_code == 403
    assert desk(chair).post(f"{REQUESTS}{request.pk}/put/").status_code == 302
    request.refresh_from_db()
    assert (request.state, request.opened_by) == (Request.State.OPEN, chair)


@pytest.mark.obligation("28")
def test_an_operator_who_drafted_it_cannot_put_it(desk, superuser, recipient):
    client = desk(superuser)
    client.post(f"{REQUESTS}add/", wish(recipient))
    answer = client.post(f"{REQUESTS}{Request.objects.get().pk}/put/")
    assert answer.status_code == 200
    assert "second person" in answer.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"fields_asked": []}, {"fields_asked": ["face"]}, {"retention_days": "0"}, {"deadline_0": "2020-01-01"}],
)
def test_a_wrong_draft_is_an_error_of_the_form(desk, clerk, recipient, wrong):
    assert desk(clerk).post(f"{REQUESTS}add/", wish(recipient, **wrong)).status_code == 200
    assert not Request.objects.exists()


def test_what_was_asked_cannot_be_edited(desk, superuser, asked):
    client = desk(superuser)
    assert client.post(f"{REQUESTS}{asked.pk}/change/", {"purpose": "all else"}).status_code == 403
    # The recipient is part of it, and the database says so: an answer, not a fault.
    address = f"/admin/sharing/recipient/{asked.recipient_id}/change/"
    answer = client.post(address, {"name": "somebody else", "contact": "x"}, follow=True)
    assert "nothing was saved" in answer.content.decode()
    asked.recipient.refresh_from_db()
    assert asked.recipient.name == "青禾送水站"


def test_it_is_released_once_their_time_is_over(desk, chair, asked):
    assert desk(chair).post(f"{REQUESTS}{asked.pk}/release/").status_code == 302
    assert Disclosure.objects.get().asked_by == chair
    assert desk(chair).post(f"{REQUESTS}{asked.pk}/release/").status_code == 200


@pytest.mark.obligation("A2", "28", "F11")
@pytest.mark.parametrize("who", ["chair", "clerk", "auditor", "superuser"])
def test_nobody_at_the_desk_opens_what_is_given(request, desk, built, who):
    client = desk(request.getfixturevalue(who))
    for page in ("change/", "file/", "history/"):
        for answer in (
            client.get(f"/admin/sharing/disclosure/{built.pk}/{page}"),
            client.post(f"/admin/sharing/disclosure/{built.pk}/{page}"),
        ):
            assert "柳一" not in answer.content.decode()
            assert "attachment" not in answer.get("Content-Disposition", "")
    assert "waits to be fetched" in client.get("/admin/sharing/disclosure/").content.decode()


@pytest.mark.obligation("27")
def test_nobody_at_the_desk_learns_who_said_no_or_how_many(
    desk, superuser, built, decided, resident, neighbor
):
    asked = decided
    tallies.freeze(request=asked.pk)
    client = desk(superuser)
    for page in (
        REQUESTS,
        f"{REQUESTS}{asked.pk}/change/",
        f"/admin/sharing/disclosure/{built.pk}/change/",
        "/admin/sharing/disclosure/",
    ):
        body = client.get(page).content.decode()
        for person in (resident, neighbor):
            assert str(person.pk)[:8] not in body
    assert "fewer than 5" in client.get(f"{REQUESTS}{asked.pk}/change/").content.decode()


def test_it_says_how_far_it_is(desk, chair, asked, now):
    disclosure = disclosing.release(request=asked, by=chair, at=now)
    page = f"/admin/sharing/disclosure/{disclosure.pk}/change/"
    assert "not made yet" in desk(chair).get(page).content.decode()
    copy = copying.settle(disclosure=disclosure.pk, at=now)
    assert "0% encrypted" in desk(chair).get(page).content.decode()
    assert copying.write(copy=copy.pk, at=now).state == Copy.State.READY


def test_without_a_key_it_says_what_to_do(desk, chair, asked, now):
    RecipientKey.objects.update(ended_at=now)
    answer = desk(chair).post(f"{REQUESTS}{asked.pk}/release/")
    assert answer.status_code == 200
    assert "no confirmed key yet" in answer.content.decode()
    assert not Disclosure.objects.exists()
