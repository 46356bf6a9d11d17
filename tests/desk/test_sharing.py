"""Sharing on the desk: from a draft to the file, and who may fetch it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from committees import appointing
from committees.models import Committee, Term
from ledger.models import Entry
from residents.ages import today_in
from residents.models import Building, Neighborhood, User
from sharing import answering, copying, disclosing, requesting, tallies
from sharing.models import Contract, Copy, Disclosure, Recipient, RecipientKey, Request
from tests import make
from tests.cast import staff
from tests.sharing import receiving
from tests.sharing.passing import its_time_passes

REQUESTS = "/admin/sharing/request/"
CONTRACTS = "/admin/sharing/contract/"


@pytest.fixture
def recipient(here, chair) -> Recipient:
    recipient = Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")
    receiving.key(recipient, by=chair)
    return recipient


def wish(recipient, **changed):
    ahead = timezone.localtime(timezone.now() + timedelta(days=7))
    return {
        "recipient": recipient.pk,
        "kind": "delivery",
        "basis": "consent",
        "purpose": "送水",
        "purpose_en": "Water",
        "fields_asked": ["name", "dwelling"],
        "retention_days": "30",
        "deadline_0": ahead.strftime("%Y-%m-%d"),
        "deadline_1": "12:00:00",
    } | changed


@pytest.fixture
def chair_of_residents(here, now) -> User:
    kind, role = Committee.Kind.RESIDENTS, Term.Role.CHAIR
    return staff(here, username="chair-of-residents", kind=kind, role=role, at=now)


@pytest.fixture
def drafted(recipient, clerk, now) -> Request:
    return requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=30,
        deadline=now + timedelta(days=1),
        by=clerk,
        at=now,
    )


@pytest.fixture
def asked(recipient, clerk, chair, now) -> Request:
    """Put to residents ten days ago; their time is over."""
    then = now - timedelta(days=10)
    drafted = requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=30,
        deadline=now - timedelta(days=1),
        by=clerk,
        at=then,
    )
    return requesting.put_to_residents(request=make.read_by_two(drafted, at=then), by=chair, at=then)


@pytest.fixture
def decided(recipient, resident, neighbor, clerk, chair, now) -> Request:
    """One said yes, one no, and their time is over."""
    drafted = requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水",
        purpose_en="Water",
        fields=["name"],
        retention_days=30,
        deadline=now + timedelta(days=1),
        by=clerk,
        at=now,
    )
    asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
    answering.answer(request=asked, resident=resident, fields=asked.fields, actor=resident.user, at=now)
    answering.answer(request=asked, resident=neighbor, fields=[], actor=neighbor.user, at=now)
    return its_time_passes(asked)


@pytest.fixture
def built(decided, chair, now) -> Disclosure:
    disclosure = disclosing.release(request=decided, by=chair, at=now)
    receiving.made(disclosure, at=now)
    return disclosure


def test_one_drafts_two_read_and_one_puts_it(desk, clerk, chair, chair_of_residents, recipient):
    assert desk(clerk).post(f"{REQUESTS}add/", wish(recipient)).status_code == 302
    request = Request.objects.get()
    assert (request.drafted_by, request.fields) == (clerk, ["name", "dwelling"])
    assert desk(clerk).post(f"{REQUESTS}{request.pk}/put/").status_code == 403
    assert "Two others" in desk(chair).post(f"{REQUESTS}{request.pk}/put/").content.decode()
    for reader in (chair, chair_of_residents):
        assert desk(reader).post(f"{REQUESTS}{request.pk}/review/", {"yes": "yes"}).status_code == 302
    page = desk(chair).get(f"{REQUESTS}{request.pk}/change/").content.decode()
    assert "owners&#x27; committee: yes" in page
    assert desk(chair).post(f"{REQUESTS}{request.pk}/put/").status_code == 302
    request.refresh_from_db()
    assert (request.state, request.opened_by) == (Request.State.OPEN, chair)
    assert desk(chair).post(f"{REQUESTS}{request.pk}/close/").status_code == 302


@pytest.mark.obligation("28")
def test_one_who_read_it_reads_it_once_and_a_no_says_why(desk, chair, chair_of_residents, drafted):
    address = f"{REQUESTS}{drafted.pk}/review/"
    assert 'type="radio"' in desk(chair).get(address).content.decode()
    assert " checked" not in desk(chair).get(address).content.decode()
    desk(chair).post(address, {"yes": "yes"})
    assert "read it before" in desk(chair).post(address, {"yes": "yes"}).content.decode()
    assert "in your own words" in desk(chair_of_residents).post(address, {"yes": "no"}).content.decode()
    desk(chair_of_residents).post(address, {"yes": "no", "words": "太多了"})
    drafted.refresh_from_db()
    assert drafted.state == "refused"


@pytest.mark.obligation("27", "28")
def test_who_runs_the_system_holds_no_office(desk, superuser, drafted):
    client = desk(superuser)
    for act, said in (("review", {"yes": "yes"}), ("put", {}), ("release", {}), ("close", {})):
        assert "in office today" in client.post(f"{REQUESTS}{drafted.pk}/{act}/", said).content.decode()
    assert Entry.objects.filter(kind="sharing.refused", subject=drafted.pk).count() == 4


@pytest.mark.obligation("A2", "28")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider"])
def test_who_tries_to_read_or_put_without_the_right_is_written_down(request, desk, drafted, who):
    client = desk(request.getfixturevalue(who))
    for act in ("review", "put"):
        assert client.post(f"{REQUESTS}{drafted.pk}/{act}/", {"yes": "yes"}).status_code in {403, 404}
    assert Entry.objects.filter(kind="sharing.refused", subject=drafted.pk).count() == 2


@pytest.mark.obligation("27", "28")
def test_one_whose_term_ended_this_morning_is_told_so(desk, here, drafted, now, monkeypatch):
    today = today_in(here, now)
    committee = Committee.objects.create(neighborhood=here, kind=Committee.Kind.OWNERS, name="业委会")
    user = make.somebody()
    appointing.appoint(
        committee=committee,
        user=user,
        role=Term.Role.CHAIR,
        starts=today - timedelta(days=30),
        ends=today + timedelta(days=1),
        by=None,
        at=now,
    )
    assert desk(user).post(f"{REQUESTS}{drafted.pk}/review/", {"yes": "yes"}).status_code == 302
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=1))
    user.refresh_from_db()
    answer = desk(user).post(f"{REQUESTS}{drafted.pk}/put/")
    assert answer.status_code == 403
    assert "Your term is over" in answer.content.decode()
    assert Entry.objects.filter(kind="sharing.refused", subject=drafted.pk).count() == 1
    assert Request.objects.get().state == Request.State.DRAFT


@pytest.mark.obligation("29")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "survey"}, "more than such a purpose needs"),
        ({"purpose": "人脸"}, "a fingerprint or the like"),
        ({"no_costs": "没有水"}, "A no costs nothing"),
    ],
)
def test_what_may_never_be_asked_is_an_error_beside_its_field_and_kept(desk, clerk, recipient, wrong, words):
    answer = desk(clerk).post(f"{REQUESTS}add/", wish(recipient, **wrong))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Request.objects.get().state == "refused"


def test_whom_it_is_about_is_typed_by_name(desk, clerk, recipient, resident):
    wrong = desk(clerk).post(f"{REQUESTS}add/", wish(recipient, buildings="1，99"))
    assert "No such building: 99" in wrong.content.decode()
    desk(clerk).post(f"{REQUESTS}add/", wish(recipient, buildings="1", roles=["tenant"], ages=["adult"]))
    [building] = Building.objects.filter(neighborhood=recipient.neighborhood)
    said = {"buildings": [str(building.pk)], "roles": ["tenant"], "ages": ["adult"]}
    assert Request.objects.get().audience == said
    page = desk(clerk).get(f"{REQUESTS}{Request.objects.get().pk}/change/").content.decode()
    assert "building 1; tenant; of age" in page


@pytest.mark.obligation("30")
def test_a_contract_is_written_confirmed_and_ended(desk, clerk, chair, recipient):
    said = {
        "recipient": recipient.pk,
        "starts": "2026-01-01",
        "until": "2036-01-01",
        "fields_allowed": ["name"],
        "kinds_allowed": ["delivery"],
        "measures": "锁柜",
        "paper": "2 号柜",
        "others": "柳岸车队：送货\n",
    }
    for wrong, words in (({"until": "2025-01-01"}, "after the first"), ({"others": "柳岸车队"}, "a colon")):
        assert words in desk(clerk).post(f"{CONTRACTS}add/", said | wrong).content.decode()
    assert desk(clerk).post(f"{CONTRACTS}add/", said).status_code == 302
    [contract] = Contract.objects.all()
    assert contract.sub_processors.get().what_for == "送货"
    address = f"{CONTRACTS}{contract.pk}"
    assert desk(clerk).post(f"{address}/confirm/").status_code == 403
    assert desk(chair).post(f"{address}/confirm/").status_code == 302
    assert "柳岸车队: 送货" in desk(chair).get(f"{address}/change/").content.decode()
    assert desk(clerk).post(f"{address}/end/").status_code == 302
    assert "ended before" in desk(chair).post(f"{address}/end/").content.decode()


@pytest.mark.obligation("40")
def test_one_abroad_without_a_way_is_an_error_of_the_form(desk, clerk, here):
    said = {"neighborhood": here.pk, "name": "x", "contact": "y", "role": "independent", "jurisdiction": "HK"}
    answer = desk(clerk).post("/admin/sharing/recipient/add/", said)
    assert answer.status_code == 200
    assert "needs a legal way" in answer.content.decode()
    assert (
        "Two capital letters"
        in desk(clerk).post("/admin/sharing/recipient/add/", said | {"jurisdiction": "hk"}).content.decode()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields_asked": []},
        {"fields_asked": ["face"]},
        {"retention_days": "0"},
        {"retention_days": "3651"},
        {"deadline_0": "2020-01-01"},
    ],
)
def test_a_wrong_draft_is_an_error_of_the_form(desk, clerk, recipient, wrong):
    assert desk(clerk).post(f"{REQUESTS}add/", wish(recipient, **wrong)).status_code == 200
    assert not Request.objects.exists()


def test_what_was_asked_cannot_be_edited(desk, superuser, asked):
    client = desk(superuser)
    assert client.post(f"{REQUESTS}{asked.pk}/change/", {"purpose": "all else"}).status_code == 403
    # The recipient is part of it: an answer beside the field, not a fault.
    address = f"/admin/sharing/recipient/{asked.recipient_id}/change/"
    answer = client.post(
        address,
        {"name": "somebody else", "contact": "x", "role": "independent", "jurisdiction": "CN"},
        follow=True,
    )
    assert answer.status_code == 200
    assert "It stays as it is: residents were asked about it" in answer.content.decode()
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
    Neighborhood.objects.filter(pk=asked.neighborhood_id).update(fewest_counted=7)
    assert "all but fewer than 7" in client.get(f"{REQUESTS}{asked.pk}/change/").content.decode()


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
