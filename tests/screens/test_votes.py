"""Votes as an owner sees them: what is voted on, handing in with the password again, and what came of it."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from committees import counting, sheets
from committees.models import Ballot, Naming, Turnout
from committees.recount import recount
from portal.screens import votes
from portal.screens.record import export
from tests.cast import PASSWORD
from tests.committees.voting import (
    ELECTION,
    ORDINARY,
    assembly,
    called,
    fresh,
    head_of,
    is_over,
    opens_today,
    running,
)

pytestmark = pytest.mark.django_db
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5])]
ANSWERS = {"topic_1": "no", "topic_2": "yes"}


@pytest.fixture
def of(here, now):
    found = assembly(here, OWNED, at=now)
    for who in found.owners:
        who.user.set_password(PASSWORD)
        who.user.save()
    return found


@pytest.fixture
def meeting(of, now):
    return running(of, (ORDINARY, False), (ELECTION, True), at=now)


def at_screen(who, *, again: bool = True) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(who.user)
    if again:
        client.post("/record/again/", {"password": PASSWORD, "next": "/votes/"})
    return client


def cast_at(meeting, *who) -> str:
    return f"/votes/{meeting.pk}/cast/{head_of(meeting, *who).pk}/"


@pytest.mark.obligation("44")
def test_an_owner_reads_what_is_voted_on_and_what_it_takes(of, meeting):
    page = at_screen(of.owners[0]).get(f"/votes/{meeting.pk}/").content.decode()
    assert "第 1 题" in page
    assert "secret vote" in page
    assert "more than half of both" in page
    assert "89.5 m²" in page
    assert "6 votes" not in page  # five heads: two owners together are one
    assert "5 votes, 392.51 m²" in page


@pytest.mark.obligation("45")
def test_it_takes_the_password_again(of, meeting):
    client = at_screen(of.owners[0], again=False)
    where = cast_at(meeting, of.owners[0])
    for answer in (client.get(where), client.post(where, {**ANSWERS, "sure": "1"})):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/record/again/?next=%2Fvotes%2F")
    assert "Your vote is yours alone" in client.get(answer.headers["Location"]).content.decode()
    assert not Turnout.objects.exists()


@pytest.mark.obligation("44", "45")
def test_it_is_seen_once_more_then_handed_in_and_the_receipt_is_shown_once(of, meeting, now):
    client, where = at_screen(of.owners[0]), cast_at(meeting, of.owners[0])
    form = client.get(where).content.decode()
    assert "checked" not in form  # nothing is chosen beforehand
    assert "Choose one of them" in client.post(where, {"topic_1": "yes"}).content.decode()
    seen = client.post(where, ANSWERS).content.decode()
    assert "you cannot take it back" in seen
    assert not Turnout.objects.exists()
    changing = client.post(where, {**ANSWERS, "change": "1"}).content.decode()
    assert changing.count("checked") == 2
    done = client.post(where, {**ANSWERS, "sure": "1"}).content.decode()
    receipt = re.search(r"(?<![\w-])([0-9A-Z]{4}-){3}[0-9A-Z]{4}(?![\w-])", done)[0]
    assert Ballot.objects.get(topic__number=1).choice == "no"
    again = client.post(where, {**ANSWERS, "sure": "1"}, follow=True).content.decode()
    assert "handed in already" in again
    assert receipt not in again
    counting.count(meeting=is_over(meeting, at=now), minutes="两人计票", by=of.clerk, at=now)
    result = f"/votes/{meeting.pk}/result/"
    page = client.get(result).content.decode()
    assert "两人计票" in page
    assert "Not passed" in page
    found = client.post(result, {"receipt": receipt.lower()}).content.decode()
    assert "Question 1: it is there (No)" in found
    assert "Question 2: it is there (not opened; nobody can see how)" in found
    assert "Not opened: too few took part" in page
    assert "No ballot of this vote" in client.post(result, {"receipt": "0" * 16}).content.decode()


@pytest.mark.obligation("43")
def test_the_files_and_the_program_are_there_for_everybody_who_lives_here(of, meeting, now, resident):
    where = cast_at(meeting, of.owners[0])
    at_screen(of.owners[0]).post(where, {**ANSWERS, "sure": "1"})
    reader = at_screen(resident, again=False)  # a tenant
    assert reader.get(f"/votes/{meeting.pk}/count.json").status_code == 404  # not counted yet
    result = counting.count(meeting=is_over(meeting, at=now), minutes="x", by=of.clerk, at=now)
    file = reader.get(f"/votes/{meeting.pk}/count.json")
    assert file.content.decode() == result.published
    assert recount(json.loads(file.content))
    table = reader.get(f"/votes/{meeting.pk}/count.csv").content.decode("utf-8-sig").splitlines()
    assert table[0] == "topic,code,area_cm2,choice,commitment"
    assert len(table) == 3
    assert table[1].split(",")[2:] == ["895000", "no", ""]
    program = Client().get("/votes/recount.py")
    assert b"def recount(" in program.content
    assert bytes(result.hash).hex() in reader.get(f"/votes/{meeting.pk}/result/").content.decode()


@pytest.mark.obligation("45")
def test_nobody_hands_in_for_another(of, meeting, stranger, resident, neighbor):
    where = cast_at(meeting, of.owners[0])
    for who in (of.owners[3], stranger, resident):
        if who not in of.owners:
            who.user.set_password(PASSWORD)
            who.user.save()
        client = at_screen(who)
        assert client.get(where).status_code == 404
        assert client.post(where, {**ANSWERS, "sure": "1"}).status_code == 404
    outside = at_screen(stranger)
    for path in ("", "result/", "count.json", "count.csv"):
        assert outside.get(f"/votes/{meeting.pk}/{path}").status_code == 404
    assert Client().get(where).status_code == 302
    assert not Turnout.objects.exists()


@pytest.mark.obligation("45")
def test_joint_owners_name_one_of_them(of, meeting):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    name = f"/votes/{meeting.pk}/name/{head.pk}/"
    for who in (one, other):
        page = at_screen(who).post(name, {"voter": str(one.pk)}, follow=True).content.decode()
        assert "all owners of this dwelling have said the same" in page
    assert Naming.objects.count() == 2
    page = at_screen(other).get(f"/votes/{meeting.pk}/").content.decode()
    assert f"All owners have named {one.name}" in page
    assert "Vote</a>" not in page
    refused = at_screen(other).post(cast_at(meeting, one, other), {**ANSWERS, "sure": "1"}, follow=True)
    assert "named somebody else" in refused.content.decode()
    assert at_screen(of.owners[3]).post(name, {"voter": str(of.owners[3].pk)}).status_code == 404
    at_screen(one).post(name, {"voter": "x"})
    assert Naming.objects.count() == 2
    at_screen(one).post(cast_at(meeting, one, other), {**ANSWERS, "sure": "1"})
    assert Turnout.objects.get().resident == one


def test_home_says_that_a_vote_is_open_until_it_is_handed_in(of, meeting, resident, now):
    mine = at_screen(of.owners[0])
    assert "your vote is not handed in yet" in mine.get("/").content.decode()
    assert "your vote is not handed in yet" not in at_screen(resident, again=False).get("/").content.decode()
    mine.post(cast_at(meeting, of.owners[0]), {**ANSWERS, "sure": "1"})
    assert "your vote is not handed in yet" not in mine.get("/").content.decode()
    assert "Handed in" in mine.get(f"/votes/{meeting.pk}/").content.decode()
    assert "Open" in mine.get("/votes/").content.decode()
    is_over(meeting, at=now)
    assert "Being counted" in mine.get("/votes/").content.decode()


@pytest.mark.obligation("45")
def test_each_owner_sees_that_a_ballot_on_paper_went_out_and_came_in(of, meeting, resident, now):
    """On the first page, with the vote, and in the record and its file; and nobody else does."""
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    sheet = sheets.give_out(head=head, by=of.clerk, at=now)
    pages = ("/", f"/votes/{meeting.pk}/", "/record/")
    for who in (one, other):
        for page in pages:
            shown = at_screen(who).get(page).content.decode()
            assert "A ballot on paper was given out for your vote" in shown, page
            assert "Say so at once" in shown or "say so at once" in shown, page
            assert meeting.place in shown, page
            assert sheet.code not in shown.replace("-", ""), page
        assert "your vote is not handed in yet" in at_screen(who).get("/").content.decode()
    for who in (of.owners[3], resident):
        client = at_screen(who, again=False)
        assert all("A ballot on paper" not in client.get(page).content.decode() for page in pages)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    for who in (one, other):
        home = at_screen(who).get("/").content.decode()
        assert "A ballot on paper was handed in for your vote" in home
        assert "Say so at once" in home
        assert "your vote is not handed in yet" not in home
        assert "Handed in on paper" in at_screen(who).get(f"/votes/{meeting.pk}/").content.decode()
        assert (
            "A ballot on paper was handed in for your vote" in at_screen(who).get("/record/").content.decode()
        )
        (kept,) = json.loads("".join(export.written(resident=who, own=True, at=now)))["ballots"]
        assert (kept["meeting"], kept["by_proxy"]) == (str(meeting.pk), False)
        assert kept["taken_in"] is not None
        assert sheet.code not in str(kept)
    not_theirs = at_screen(of.owners[3], again=False).get("/record/").content.decode()
    assert "A ballot on paper" not in not_theirs


@pytest.mark.obligation("45")
def test_home_says_so_before_the_first_day_and_until_it_is_counted(of, now):
    meeting = called(of, (ORDINARY, False), at=now)
    sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now)
    mine = at_screen(of.owners[0], again=False)
    coming = mine.get("/").content.decode()
    assert "A ballot on paper was given out" in coming
    assert "your vote is not handed in yet" not in coming
    assert "A ballot on paper" not in at_screen(of.owners[3], again=False).get("/").content.decode()
    opens_today(meeting, at=now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    for who in (of.clerk, of.beside):
        sheets.read(sheet=sheet, answers={1: "yes"}, by=who, at=now)
    is_over(meeting, at=now)
    assert "A ballot on paper was handed in" in mine.get("/").content.decode()
    counting.count(meeting=fresh(meeting), minutes="x", by=of.clerk, at=now)
    assert "A ballot on paper" not in mine.get("/").content.decode()
    assert "A ballot on paper was handed in" in mine.get("/record/").content.decode()


def test_home_asks_the_database_once_for_however_many_votes(of, now, django_assert_num_queries):
    for _each in range(2):
        meeting = running(of, (ORDINARY, False), at=now)
        sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now)
    with django_assert_num_queries(1):
        found = votes.on_home(resident=of.owners[0], at=now)
    assert [each["waits"] for each in found] == [True, True]
    assert all("given_at" in each for each in found)


def test_no_vote_falls_off_the_list(of, now, monkeypatch):
    made = [called(of, (ORDINARY, False), at=now) for _each in range(3)]
    monkeypatch.setattr(votes, "PAGE", 2)
    client = at_screen(of.owners[0], again=False)
    pages = [client.get("/votes/", {"page": number}).content.decode() for number in (1, 2)]
    assert "Page 1 of 2" in pages[0]
    assert [sum(f"/votes/{each.pk}/" in page for page in pages) for each in made] == [1, 1, 1]


@pytest.mark.obligation("44")
def test_before_and_after_its_days_nothing_is_taken_in(of, meeting, now):
    where = cast_at(meeting, of.owners[0])
    is_over(meeting, at=now)
    answer = at_screen(of.owners[0]).post(where, {**ANSWERS, "sure": "1"}, follow=True)
    assert (
        "not taken in at this time, only from the first day of voting to the last" in answer.content.decode()
    )
    assert not Turnout.objects.exists()


def test_a_draft_is_read_by_nobody(of, now):
    from tests.committees.voting import drafted

    made = drafted(of, (ORDINARY, False), at=now)
    assert at_screen(of.owners[0]).get(f"/votes/{made.pk}/").status_code == 404
    assert fresh(made).noticed_at is None
