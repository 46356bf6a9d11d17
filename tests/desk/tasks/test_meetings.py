"""The desk calls the owners, gives out paper, reads it with two people, and counts; and nobody else does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from committees import balloting, proxies, sheets
from committees.models import Ballot, Entry, Meeting, Proxy, Result, Sheet, Turnout
from portal.screens.desk import meetings, paper_votes
from residents.ages import today_in
from residents.lookups import masked_name
from tests.committees.voting import (
    ELECTION,
    ORDINARY,
    assembly,
    called,
    drafted,
    fresh,
    head_of,
    is_over,
    opens_today,
    running,
)

pytestmark = pytest.mark.django_db
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3])]
HOME = "/desk/meetings/"


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


def form(here, now, **also):
    opens = today_in(here, now) + timedelta(days=20)
    given = {"kind": "regular", "title": "换物业", "place": "门卫室", "proxies": "3",
             "opens_on": opens.isoformat(), "closes_on": (opens + timedelta(days=6)).isoformat()}  # fmt: skip
    return given | also


def says(answer) -> str:
    return answer.content.decode()


@pytest.mark.obligation("44")
def test_a_meeting_is_drafted_noticed_and_stands(of, here, now, desk):
    chair = desk(of.chair)
    assert "Draft a meeting" in says(chair.get(HOME))
    wrong = form(here, now, closes_on=form(here, now)["opens_on"])
    assert "5 to 60 days" in says(chair.post(f"{HOME}new/", wrong))
    made = chair.post(f"{HOME}new/", form(here, now), follow=True)
    meeting = Meeting.objects.get()
    assert "There is no question yet" in says(made)
    where = f"{HOME}{meeting.pk}/"
    assert "This field is required" in says(chair.post(f"{where}topic/", {"item": "4"}))
    page = chair.post(f"{where}topic/", {"item": "3", "title": "选柳一为委员", "text": "简历"}, follow=True)
    assert "secret vote" in says(page)
    assert "Among so few votes none is secret. Elect on paper at a meeting" in says(page)
    chair.post(f"{where}topic/1/drop/")
    chair.post(f"{where}topic/", {"item": "4", "title": "续聘物业", "text": ""})
    changed = chair.post(f"{where}change/", form(here, now, title="续聘"), follow=True)
    assert "续聘" in says(changed)
    assert "Tick that you have read it" in says(chair.post(f"{where}notice/", follow=True))
    assert "Notice is given" in says(chair.post(f"{where}notice/", {"sure": "1"}, follow=True))
    assert fresh(meeting).roll_heads == 3
    assert "nothing of it changes any more" in says(
        chair.post(f"{where}topic/", {"item": "9", "title": "又"}, follow=True)
    )
    assert meeting.topics.count() == 1


def test_a_draft_is_thrown_away_and_a_meeting_called_off(of, now, desk):
    chair = desk(of.chair)
    meeting = drafted(of, (ORDINARY, False), at=now)
    assert "The draft is gone" in says(chair.post(f"{HOME}{meeting.pk}/drop/", follow=True))
    other = called(of, (ORDINARY, False), at=now)
    chair.post(f"{HOME}{other.pk}/call-off/")
    assert fresh(other).called_off_at is None
    assert "Called off" in says(chair.post(f"{HOME}{other.pk}/call-off/", {"sure": "1"}, follow=True))
    assert fresh(other).called_off_at is not None


@pytest.mark.obligation("44")
def test_while_votes_are_taken_in_two_call_it_off_and_afterwards_nobody(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    chair, clerk, where = desk(of.chair), desk(of.clerk), f"{HOME}{meeting.pk}/"
    assert "it takes two of the committee" in says(chair.get(where))
    asked = says(chair.post(f"{where}call-off/", {"sure": "1"}, follow=True))
    assert "Another of the committee has to call it off" in asked
    assert "One of the committee asked for it" in asked
    assert "call-off/" not in asked  # it is another's to do
    assert "A colleague asked to call a vote off" not in says(chair.get("/desk/"))
    assert "You were the first" in says(chair.post(f"{where}call-off/", {"sure": "1"}, follow=True))
    assert "A colleague asked to call a vote off: 车棚与充电桩" in says(clerk.get("/desk/"))
    assert "A colleague asked to call a vote off" not in says(desk(of.beside).get("/desk/"))
    assert "Call this meeting off" in says(clerk.get(where))
    assert fresh(meeting).called_off_at is None
    done = says(clerk.post(f"{where}call-off/", {"sure": "1"}, follow=True))
    assert "everybody is told" in done
    assert fresh(meeting).called_off_by == of.clerk
    over = is_over(running(of, (ORDINARY, False), at=now), at=now)
    assert "call-off/" not in says(chair.get(f"{HOME}{over.pk}/"))
    late = says(chair.post(f"{HOME}{over.pk}/call-off/", {"sure": "1"}, follow=True))
    assert "not called off any more" in late


@pytest.mark.obligation("45")
def test_whoever_gives_out_paper_reads_whom_joint_owners_have_named(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    one, other = of.owners[1:3]
    head, clerk = head_of(meeting, one, other), desk(of.clerk)
    where = f"{HOME}{meeting.pk}/paper/"
    assert "All owners have named" not in says(clerk.get(where, {"dwelling": str(of.units[1].number)}))
    for who in (one, other):
        balloting.name(head=head, owner=who, voter=one, by=who.user, at=now)
    page = says(clerk.get(where, {"dwelling": str(of.units[1].number)}))
    assert f"All owners have named {masked_name(one)} to vote" in page
    assert one.name not in page


@pytest.mark.obligation("43")
def test_a_secret_vote_of_few_is_said_not_to_be_opened(here, now, desk):
    of = assembly(here, [("60.00", [number]) for number in range(6)], at=now)
    meeting = running(of, (ELECTION, True), at=now)
    for who in of.owners[:4]:
        balloting.cast(head=head_of(meeting, who), resident=who, answers={1: "yes"}, by=who.user, at=now)
    is_over(meeting, at=now)
    done = says(desk(of.clerk).post(f"{HOME}{meeting.pk}/count/", {"minutes": "四户"}, follow=True))
    assert "Not opened: too few took part" in done
    assert done.count('<td role="cell" data-label="Said yes">not opened</td>') == 2


@pytest.mark.obligation("45")
def test_who_may_not_has_no_such_page(of, now, desk, clerk, auditor, outsider, stranger, former):
    meeting = running(of, (ORDINARY, False), at=now)
    head = head_of(meeting, of.owners[0])
    for who in (clerk, auditor, outsider, stranger.user, of.owners[0].user, former):
        client = desk(who)
        for path in ("", f"{meeting.pk}/", f"{meeting.pk}/paper/", f"{meeting.pk}/paper/read/"):
            answer = client.get(f"{HOME}{path}")
            # The chair of another neighborhood has a list of their own, and nothing of this one on it.
            assert answer.status_code in (302, 404) or (path == "" and meeting.title not in says(answer)), (
                path
            )
        for path in ("notice/", "count/", "call-off/", f"votes/{head.pk}/give/", "paper/take-in/"):
            answer = client.post(
                f"{HOME}{meeting.pk}/{path}", {"sure": "1", "minutes": "x", "code": "0" * 16}
            )
            assert answer.status_code in (302, 404), (who, path)
    beside = desk(of.beside)  # helps to count, and calls nothing
    assert beside.get(HOME).status_code == 200
    for path in ("new/", f"{meeting.pk}/change/"):
        assert beside.get(f"{HOME}{path}").status_code == 404
    assert beside.post(f"{HOME}{meeting.pk}/call-off/", {"sure": "1"}).status_code == 404
    assert fresh(meeting).called_off_at is None
    assert not Sheet.objects.exists()
    assert not Result.objects.exists()


@pytest.mark.obligation("44", "45")
def test_a_ballot_on_paper_is_given_out_taken_in_and_read_by_two(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    first, second, third = desk(of.clerk), desk(of.beside), desk(of.chair)
    where, unit = f"{HOME}{meeting.pk}/", of.units[0]
    found = says(first.get(f"{where}paper/", {"dwelling": str(unit.number)}))
    assert "89.5 m²" in found
    assert of.owners[0].name not in found  # masked
    head = head_of(meeting, of.owners[0])
    printed = says(first.post(f"{where}votes/{head.pk}/give/"))
    code = re.search(r"(?<![\w-])([0-9A-Z]{4}-){3}[0-9A-Z]{4}(?![\w-])", printed)[0]
    assert code not in says(first.get(f"{where}paper/"))
    assert "no such ballot" in says(first.post(f"{where}paper/take-in/", {"code": "0" * 16}, follow=True))
    assert "You gave this ballot out yourself" in says(
        first.post(f"{where}paper/take-in/", {"code": code}, follow=True)
    )
    assert not Turnout.objects.exists()
    assert "Taken in" in says(second.post(f"{where}paper/take-in/", {"code": code}, follow=True))
    assert "handed in already" in says(third.post(f"{where}paper/take-in/", {"code": code}, follow=True))
    read = f"{where}paper/read/"
    assert "第 1 题" in says(first.post(read, {"code": code.lower()}))
    assert "no such ballot" in says(first.post(read, {"code": "1" * 16}))
    assert "Choose one of them" in says(first.post(read, {"code": code, "read": "1"}))
    noted = says(first.post(read, {"code": code, "read": "1", "topic_1": "no"}, follow=True))
    assert "A second of the staff reads it now" in noted
    again = says(first.post(read, {"code": code, "read": "1", "topic_1": "no"}))
    assert "Somebody else has to be the second" in again
    seen = says(second.post(read, {"code": code}))
    assert "checked" not in seen  # what the first typed is nowhere
    differs = says(second.post(read, {"code": code, "read": "1", "topic_1": "yes"}, follow=True))
    assert "A third of the staff reads it" in differs
    assert "All read it anew" in says(second.get(f"{where}paper/"))
    sheet = Sheet.objects.get()
    second.post(f"{where}paper/{sheet.pk}/anew/")
    assert not Entry.objects.exists()
    for client in (first, second):
        last = says(client.post(read, {"code": code, "read": "1", "topic_1": "no"}, follow=True))
    assert "it is in the urn" in last
    assert Ballot.objects.get().choice == "no"
    assert Turnout.objects.get().channel == "paper"


@pytest.mark.obligation("45")
def test_a_proxy_is_entered_by_one_and_read_by_another(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    first, second = desk(of.clerk), desk(of.beside)
    where, head = f"{HOME}{meeting.pk}/", head_of(meeting, of.owners[0])
    enter = f"{where}votes/{head.pk}/proxy/"
    assert first.get(enter).status_code == 200
    given = {"holder": str(of.units[2].number), "name": of.owners[3].name, "kept_where": "红夹子"}
    assert "Nobody of this name" in says(first.post(enter, given | {"name": "没有此人"}))
    assert "Entered" in says(first.post(enter, given, follow=True))
    proxy = Proxy.objects.get()
    assert "There is a proxy for this dwelling already" in says(first.post(enter, given))
    first.post(f"{where}proxies/{proxy.pk}/read/")
    proxy.refresh_from_db()
    assert proxy.read_at is None
    assert "Read by two" in says(second.post(f"{where}proxies/{proxy.pk}/read/", follow=True))
    assert "Two have read this proxy already" in says(
        second.post(f"{where}proxies/{proxy.pk}/drop/", follow=True)
    )
    page = says(first.get(f"{where}paper/", {"dwelling": str(of.units[0].number)}))
    assert "Print one for the proxy" in page
    assert "paper: 红夹子" in page
    assert of.owners[3].name not in page  # masked
    assert "红夹子" not in says(first.get(f"{where}paper/"))  # nothing is left to read
    assert "by proxy" in says(first.post(f"{where}votes/{head.pk}/give/", {"proxy": "1"}))
    assert Sheet.objects.get().proxy == proxy


@pytest.mark.obligation("45")
def test_one_entered_by_mistake_is_taken_off(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    head = head_of(meeting, of.owners[0])
    made = proxies.enter(head=head, holder=of.owners[3], kept_where="3", by=of.clerk, at=now)
    assert "Taken off" in says(
        desk(of.beside).post(f"{HOME}{meeting.pk}/proxies/{made.pk}/drop/", follow=True)
    )
    assert not Proxy.objects.exists()


def test_what_is_to_be_read_is_paged_and_costs_the_same_for_many(here, now, desk, monkeypatch):
    of = assembly(here, [("80.00", [who]) for who in range(9)], at=now)
    meeting = running(of, (ORDINARY, False), at=now)
    client, where = desk(of.beside), f"{HOME}{meeting.pk}/paper/"

    def enter(numbers) -> None:
        for number in numbers:
            head, holder = head_of(meeting, of.owners[number]), of.owners[(number + 1) % 9]
            proxies.enter(head=head, holder=holder, kept_where=f"夹子{number}", by=of.clerk, at=now)

    def take_in(numbers) -> None:
        for number in numbers:
            sheet = sheets.give_out(head=head_of(meeting, of.owners[number]), by=of.clerk, at=now)
            sheets.take_in(sheet=sheet, by=of.beside, at=now)

    enter([0])
    take_in([5])
    client.get(where)
    few = queries(client, where)
    enter([1, 2, 3, 4])
    take_in([6, 7, 8])
    assert queries(client, where) == few
    monkeypatch.setattr(paper_votes, "MOST", 2)
    first, last = (says(client.get(where, {"proxies": page, "ballots": page})) for page in (1, 2))
    assert ("夹子0" in first, "夹子1" in first, "夹子2" in first) == (True, True, False)
    assert ("夹子1" in last, "夹子2" in last, "夹子3" in last) == (False, True, True)
    assert 'href="?proxies=2"' in first
    assert "Ballot 2 in the order" in first
    assert "Ballot 3 in the order" not in first
    assert "Ballot 3 in the order" in last


def queries(client, address) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_no_meeting_falls_off_the_list(of, now, desk, monkeypatch):
    made = [drafted(of, (ORDINARY, False), at=now) for _each in range(3)]
    monkeypatch.setattr(meetings, "PAGE", 2)
    client = desk(of.chair)
    pages = [says(client.get(HOME, {"page": number})) for number in (1, 2)]
    assert "Page 1 of 2" in pages[0]
    assert [sum(f"{HOME}{each.pk}/" in page for page in pages) for each in made] == [1, 1, 1]


@pytest.mark.obligation("43", "44")
def test_it_is_counted_with_minutes_after_the_last_day(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    client, where = desk(of.clerk), f"{HOME}{meeting.pk}/"
    sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    assert "not over yet" in says(client.post(f"{where}count/", {"minutes": "到会三户"}))
    is_over(meeting, at=now)
    assert "1 vote of the owners is over and waits to be counted" in says(client.get("/desk/"))
    assert "1 ballot on paper was not read alike" in says(client.get(where))
    assert "not read alike by two" in says(client.post(f"{where}count/", {"minutes": "到会三户"}))
    for who in (of.clerk, of.beside):
        sheets.read(sheet=sheet, answers={1: "yes"}, by=who, at=now)
    assert "This field is required" in says(client.post(f"{where}count/", {"minutes": ""}))
    done = says(client.post(f"{where}count/", {"minutes": "到会三户"}, follow=True))
    assert "Counted" in done
    assert "到会三户" in done
    assert "1 of 3 votes, 89.5 m² of 269.51 m²; 1 of them on paper" in done
    assert Result.objects.get().outcomes.get().passed is False
    assert opens_today(meeting, at=now)


def test_the_desk_shows_how_many_and_never_how(of, now, desk):
    meeting = running(of, (ORDINARY, False), at=now)
    who = of.owners[0]
    balloting.cast(head=head_of(meeting, who), resident=who, answers={1: "no"}, by=who.user, at=now)
    page = says(desk(of.chair).get(f"{HOME}{meeting.pk}/"))
    assert "1 of 3 votes" in page
    assert Ballot.objects.get().code not in page
