"""Ballots on paper and votes for others: given out on request, taken in in time, read by two who do not see each other's."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from committees import balloting, proxies, sheets
from committees.models import Ballot, Committee, Proxy, Sheet, Term, Turnout
from committees.models import Entry as Reading
from committees.proxies import ProxyRefused
from committees.recount import code_of
from committees.sheets import UNREADABLE, SheetRefused
from ledger.models import Entry as Record
from residents import notifying
from residents.models import Message, Resident
from residents.register import register
from tests import make
from tests.cast import staff
from tests.committees.voting import (
    ELECTION,
    ORDINARY,
    assembly,
    head_of,
    is_over,
    on_paper,
    owns,
    proxy,
    refused,
    running,
)

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("45")]
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5]), ("63.00", [6])]
NO = {1: "no", 2: "yes"}


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


@pytest.fixture
def meeting(of, now):
    return running(of, (ORDINARY, False), (ELECTION, True), at=now)


@pytest.fixture
def head(of, meeting):
    return head_of(meeting, of.owners[0])


def reason(act, kind=SheetRefused) -> str:
    with pytest.raises(kind) as error:
        act()
    return error.value.reason


def give(of, head, now, **also):
    return sheets.give_out(head=head, by=of.clerk, at=now, **also)


def reading(sheet, by, digest=b"\x01" * 32):
    """As raw SQL would write it."""
    return Reading.objects.create(
        neighborhood_id=sheet.neighborhood_id, sheet=sheet, digest=digest, by=by, at=timezone.now()
    )


def second_account(of, owner, account, now):
    """The owner stands on the register once more, with an account of the staff."""
    again = register(neighborhood=of.here, name=owner.name)
    Resident.objects.filter(pk=again.pk).update(user=account)
    owns(again, of.units[0], at=now)


@pytest.mark.obligation("44")
def test_what_two_have_read_alike_is_a_ballot_and_its_code_the_receipt(of, head, now):
    sheet = give(of, head, now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    assert Turnout.objects.get(head=head).channel == "paper"
    assert not Ballot.objects.exists()
    assert not sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)
    assert not Ballot.objects.exists()
    assert sheets.read(sheet=sheet, answers=NO, by=of.beside, at=now)
    first, second = Ballot.objects.filter(head=head).order_by("topic__number")
    assert (first.choice, first.code) == ("no", code_of(sheet.code, 1))
    assert second.commitment
    assert sheets.by_code(meeting=sheet.meeting, code=balloting.in_groups(sheet.code).lower()) == sheet


def test_the_first_reading_says_nothing_to_the_second_nor_to_the_tables(of, head, now):
    """Of four possible answers none can be told from the digest, and two readings of other sheets that are alike differ."""
    sheet = give(of, head, now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)
    digest = bytes(Reading.objects.get().digest)
    import hashlib

    for one in ("yes", "no", "abstain", UNREADABLE):
        for two in ("yes", "no", "abstain", UNREADABLE):
            spelled = f"{sheet.pk}|1={one},2={two}".encode()
            assert hashlib.sha256(spelled).digest() != digest
    other = give(of, head_of(sheet.meeting, of.owners[3]), now)
    sheets.take_in(sheet=other, by=of.beside, at=now)
    sheets.read(sheet=other, answers=NO, by=of.clerk, at=now)
    assert bytes(Reading.objects.get(sheet=other).digest) != digest


def test_two_who_read_otherwise_wait_for_a_third_or_read_once_more(of, head, now):
    sheet = give(of, head, now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)
    assert reason(lambda: sheets.read_anew(sheet=sheet, by=of.clerk, at=now)) == "not_apart"
    assert not sheets.read(sheet=sheet, answers={1: "yes", 2: "yes"}, by=of.beside, at=now)
    assert not Ballot.objects.exists()
    assert sheets.unsettled(sheet.meeting) == [sheet]
    assert sheets.read(sheet=sheet, answers=NO, by=of.chair, at=now)  # the third agrees with the first
    assert Ballot.objects.get(topic__number=1).choice == "no"
    assert reason(lambda: sheets.read_anew(sheet=sheet, by=of.clerk, at=now)) == "settled"
    refused("LM190", lambda: Reading.objects.filter(sheet=sheet).delete())
    another = give(of, head_of(sheet.meeting, of.owners[3]), now)
    sheets.take_in(sheet=another, by=of.beside, at=now)
    sheets.read(sheet=another, answers=NO, by=of.clerk, at=now)
    sheets.read(sheet=another, answers={1: "yes", 2: "yes"}, by=of.beside, at=now)
    sheets.read_anew(sheet=another, by=of.beside, at=now)
    assert not another.entries.exists()
    sheets.read(sheet=another, answers=NO, by=of.clerk, at=now)
    assert sheets.read(sheet=another, answers=NO, by=of.beside, at=now)


def test_nobody_reads_twice_and_one_person_with_two_accounts_is_one(of, head, now):
    sheet = give(of, head, now)
    refused("LM190", lambda: reading(sheet, of.clerk))  # not taken in
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)
    assert reason(lambda: sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)) == "same"
    refused("LM190", lambda: reading(sheet, of.clerk))
    make.one_person(of.here, of.clerk, of.beside, at=now)
    assert reason(lambda: sheets.read(sheet=sheet, answers=NO, by=of.beside, at=now)) == "same"
    refused("LM190", lambda: reading(sheet, of.beside))


def test_whoever_gave_it_out_does_not_take_it_in_with_any_account(of, head, now):
    sheet = give(of, head, now)
    row = {
        "neighborhood": of.here,
        "meeting_id": head.meeting_id,
        "head": head,
        "channel": "paper",
        "at": now,
    }
    make.one_person(of.here, of.clerk, of.beside, at=now)
    for who in (of.clerk, of.beside):
        assert reason(lambda w=who: sheets.take_in(sheet=sheet, by=w, at=now)) == "gave_out"
        refused("LM215", lambda w=who: Turnout.objects.create(**row, sheet=sheet, by=w))
    assert not Turnout.objects.exists()
    sheets.take_in(sheet=sheet, by=of.chair, at=now)


def test_two_at_the_desk_are_enough(of, head, now):
    """One gives it out, the other takes it in, and both read it."""
    on_paper(of, head, NO, at=now)
    handed = Turnout.objects.select_related("sheet").get(head=head)
    assert (handed.sheet.given_by, handed.by) == (of.clerk, of.beside)
    assert set(handed.sheet.entries.values_list("by", flat=True)) == {of.clerk.pk, of.beside.pk}
    assert Ballot.objects.filter(head=head).count() == 2


def test_each_owner_is_told_when_one_goes_out_and_when_it_comes_in(of, meeting, now):
    one, other = of.owners[1], of.owners[2]
    wanted = [(notifying.Topic.DATA, notifying.Way.SLIP)]
    for who in (one, other, of.owners[3]):
        notifying.choose(resident=who, wanted=wanted, by=who.user, at=now)
    head = head_of(meeting, one, other)
    sheet = give(of, head, now)
    assert told_of("sheet.given", sheet) == {one.pk, other.pk}
    assert set(Message.objects.values_list("resident", flat=True)) == {one.pk, other.pk}
    Message.objects.all().delete()
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    assert told_of("vote.handed_in", sheet) == {one.pk, other.pk}
    assert set(Message.objects.values_list("resident", flat=True)) == {one.pk, other.pk}


def told_of(kind, sheet) -> set:
    """Who is on record, each once; and neither the code nor an answer beside it."""
    found = list(Record.objects.filter(kind=kind).select_related("opening"))
    for each in found:
        assert set(each.opening.payload) <= {"meeting", "head", "by", "way"}
        assert sheet.code not in str(each.opening.payload)
        assert str(sheet.pk) not in str(each.opening.payload)
    subjects = [each.subject for each in found]
    assert len(set(subjects)) == len(subjects)
    return set(subjects)


def test_only_staff_who_count_give_out_take_in_and_read(of, head, now, clerk, outsider, auditor, stranger):
    sheet = give(of, head, now)
    row = {"neighborhood": of.here, "meeting_id": head.meeting_id, "head": head}
    for who in (clerk, outsider, auditor, stranger.user, of.owners[3].user):
        for act in (
            lambda w=who: sheets.give_out(head=head, by=w, at=now),
            lambda w=who: sheets.take_in(sheet=sheet, by=w, at=now),
            lambda w=who: sheets.read(sheet=sheet, answers=NO, by=w, at=now),
        ):
            with pytest.raises(PermissionDenied):
                act()
        refused(
            "LM189",
            lambda w=who: Sheet.objects.create(**row, code="0" * 16, given_by=w, given_at=now),
        )
        refused(
            "LM189",
            lambda w=who: Turnout.objects.create(**row, channel="paper", sheet=sheet, by=w, at=now),
        )
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    for who in (clerk, outsider, auditor, stranger.user):
        refused("LM190", lambda w=who: reading(sheet, w))


def test_whoever_owns_it_is_no_help_in_counting_it(of, head, now):
    Resident.objects.filter(pk=of.owners[0].pk).update(user=of.clerk)
    assert reason(lambda: give(of, head, now)) == "concerned"
    sheet = sheets.give_out(head=head, by=of.beside, at=now)
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.clerk, at=now)) == "concerned"
    sheets.take_in(sheet=sheet, by=of.chair, at=now)
    assert reason(lambda: sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)) == "concerned"
    refused("LM190", lambda: reading(sheet, of.clerk))


def test_an_owner_is_no_help_with_another_account_of_theirs(of, head, now):
    sheet = sheets.give_out(head=head, by=of.beside, at=now)
    second_account(of, of.owners[0], of.clerk, now)
    row = {"neighborhood": of.here, "meeting_id": head.meeting_id, "head": head}
    assert reason(lambda: give(of, head, now)) == "concerned"
    refused("LM189", lambda: Sheet.objects.create(**row, code="0" * 16, given_by=of.clerk, given_at=now))
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.clerk, at=now)) == "concerned"
    refused(
        "LM189",
        lambda: Turnout.objects.create(**row, channel="paper", sheet=sheet, by=of.clerk, at=now),
    )
    sheets.take_in(sheet=sheet, by=of.chair, at=now)
    assert reason(lambda: sheets.read(sheet=sheet, answers=NO, by=of.clerk, at=now)) == "concerned"
    refused("LM190", lambda: reading(sheet, of.clerk))


@pytest.mark.obligation("44")
def test_whichever_comes_first_counts_and_the_other_is_refused(of, meeting, head, now):
    who = of.owners[0]
    sheet = give(of, head, now)
    lost = give(of, head, now)  # given out anew
    balloting.cast(head=head, resident=who, answers=NO, by=who.user, at=now)
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.beside, at=now)) == "handed_in"
    assert reason(lambda: sheets.take_in(sheet=lost, by=of.beside, at=now)) == "handed_in"
    assert reason(lambda: give(of, head, now)) == "handed_in"
    other = head_of(meeting, of.owners[3])
    sheets.take_in(sheet=give(of, other, now), by=of.beside, at=now)
    with pytest.raises(balloting.BallotRefused, match="handed_in"):
        balloting.cast(head=other, resident=of.owners[3], answers=NO, by=of.owners[3].user, at=now)


@pytest.mark.obligation("44")
def test_a_sheet_that_comes_after_the_last_day_is_too_late(of, meeting, head, now):
    sheet = give(of, head, now)
    is_over(meeting, at=now)
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.beside, at=now)) == "not_open"
    row = {"neighborhood": of.here, "meeting": meeting, "head": head, "channel": "paper", "at": now}
    refused("LM186", lambda: Turnout.objects.create(**row, sheet=sheet, by=of.clerk))
    assert reason(lambda: give(of, head, now)) == "not_open"
    refused(
        "LM186",
        lambda: Sheet.objects.create(
            neighborhood=of.here, meeting=meeting, head=head, code="0" * 16, given_by=of.clerk, given_at=now
        ),
    )


def test_a_sheet_of_one_vote_is_not_taken_in_for_another(of, meeting, head, now):
    sheet = give(of, head, now)
    other = head_of(meeting, of.owners[3])
    row = {"neighborhood": of.here, "meeting": meeting, "head": other, "channel": "paper", "at": now}
    refused("LM189", lambda: Turnout.objects.create(**row, sheet=sheet, by=of.clerk))


def test_paper_gives_no_ballot_before_two_have_read_alike(of, meeting, head, now):
    sheet = give(of, head, now)
    sheets.take_in(sheet=sheet, by=of.beside, at=now)
    row = {"neighborhood": of.here, "head": head, "topic": meeting.topics.get(number=1), "choice": "yes"}
    refused("LM188", lambda: Ballot.objects.create(**row, code="0" * 20))
    reading(sheet, of.clerk)
    refused("LM188", lambda: Ballot.objects.create(**row, code="0" * 20))
    reading(sheet, of.beside, b"\x02" * 32)
    refused("LM188", lambda: Ballot.objects.create(**row, code="0" * 20))


def test_what_cannot_be_read_is_no_answer(of, head, now):
    on_paper(of, head, {1: UNREADABLE, 2: "no"}, at=now)
    assert [each.topic.number for each in Ballot.objects.filter(head=head)] == [2]


# --- for somebody else


def enter(of, head, holder, now, by=None):
    return proxies.enter(head=head, holder=holder, kept_where="卷宗 3", by=by or of.clerk, at=now)


def test_a_proxy_is_read_by_a_second_before_a_sheet_is_given_for_it(of, head, now):
    made = enter(of, head, of.owners[3], now)
    assert reason(lambda: give(of, head, now, proxy=made)) == "proxy"
    row = {"neighborhood": of.here, "meeting_id": head.meeting_id, "head": head, "code": "0" * 16,
           "given_by": of.clerk, "given_at": now}  # fmt: skip
    refused("LM189", lambda: Sheet.objects.create(**row, proxy=made))
    assert reason(lambda: proxies.read(proxy=made, by=of.clerk, at=now), ProxyRefused) == "same"
    mine = Proxy.objects.filter(pk=made.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        mine.update(read_by=of.clerk, read_at=now)
    read = proxies.read(proxy=made, by=of.beside, at=now)
    refused("LM189", lambda: mine.update(kept_where="别处"))
    refused("LM189", mine.delete)
    assert reason(lambda: proxies.drop(proxy=read, by=of.clerk, at=now), ProxyRefused) == "read"
    assert give(of, head, now, proxy=read).proxy == read


def test_one_person_with_two_accounts_does_not_read_a_proxy_twice(of, head, now):
    made = enter(of, head, of.owners[3], now)
    make.one_person(of.here, of.clerk, of.beside, at=now)
    assert reason(lambda: proxies.read(proxy=made, by=of.beside, at=now), ProxyRefused) == "same"
    refused("LM189", lambda: Proxy.objects.filter(pk=made.pk).update(read_by=of.beside, read_at=now))


def test_nobody_votes_for_more_others_than_the_notice_says(of, meeting, now):
    holder = of.owners[3]
    assert meeting.proxies == 2
    proxy(of, head_of(meeting, of.owners[0]), holder, at=now)
    enter(of, head_of(meeting, of.owners[4]), holder, now)
    third = head_of(meeting, of.owners[5])
    assert reason(lambda: enter(of, third, holder, now), ProxyRefused) == "too_many"
    row = {"neighborhood": of.here, "meeting": meeting, "head": third, "kept_where": "3", "entered_at": now}
    refused("LM189", lambda: Proxy.objects.create(**row, holder=holder, entered_by=of.clerk))
    proxies.drop(proxy=Proxy.objects.get(read_at=None), by=of.clerk, at=now)
    enter(of, third, holder, now)


def test_who_enters_a_proxy_is_not_whom_it_is_for(of, meeting, head, now, clerk, stranger):
    holder = of.owners[3]
    Resident.objects.filter(pk=holder.pk).update(user=of.clerk)
    holder.refresh_from_db()
    assert reason(lambda: enter(of, head, holder, now), ProxyRefused) == "concerned"
    row = {"neighborhood": of.here, "meeting": meeting, "head": head, "kept_where": "3", "entered_at": now}
    refused("LM189", lambda: Proxy.objects.create(**row, holder=holder, entered_by=of.clerk))
    assert reason(lambda: enter(of, head, of.owners[0], now, by=of.beside), ProxyRefused) == "is_owner"
    refused("LM189", lambda: Proxy.objects.create(**row, holder=of.owners[0], entered_by=of.beside))
    with pytest.raises(PermissionDenied):
        enter(of, head, of.owners[4], now, by=clerk)
    refused("LM189", lambda: Proxy.objects.create(**row, holder=of.owners[4], entered_by=clerk))
    refused("LM010", lambda: Proxy.objects.create(**row, holder=stranger, entered_by=of.beside))
    made = enter(of, head, holder, now, by=of.beside)
    assert reason(lambda: proxies.read(proxy=made, by=of.clerk, at=now), ProxyRefused) == "concerned"
    refused("LM189", lambda: Proxy.objects.filter(pk=made.pk).update(read_by=of.clerk, read_at=now))
    third = staff(of.here, username="third", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
    proxies.read(proxy=made, by=third, at=now)


def test_whoever_votes_for_it_is_no_help_with_another_account_of_theirs(of, meeting, now):
    holder, head = of.owners[0], head_of(meeting, of.owners[3])
    second_account(of, holder, of.clerk, now)
    row = {"neighborhood": of.here, "meeting": meeting, "head": head, "kept_where": "3", "entered_at": now}
    assert reason(lambda: enter(of, head, holder, now), ProxyRefused) == "concerned"
    refused("LM189", lambda: Proxy.objects.create(**row, holder=holder, entered_by=of.clerk))
    made = enter(of, head, holder, now, by=of.beside)
    assert reason(lambda: proxies.read(proxy=made, by=of.clerk, at=now), ProxyRefused) == "concerned"
    refused("LM189", lambda: Proxy.objects.filter(pk=made.pk).update(read_by=of.clerk, read_at=now))
    proxies.read(proxy=made, by=of.chair, at=now)
    assert reason(lambda: give(of, head, now, proxy=made)) == "concerned"


def test_a_proxy_comes_before_the_vote_and_before_its_last_day_is_over(of, meeting, head, now):
    balloting.cast(head=head, resident=of.owners[0], answers=NO, by=of.owners[0].user, at=now)
    assert (
        reason(lambda: enter(of, head_of(meeting, of.owners[0]), of.owners[3], now), ProxyRefused)
        == "handed_in"
    )
    row = {"neighborhood": of.here, "meeting": meeting, "kept_where": "3", "entered_at": now,
           "holder": of.owners[3], "entered_by": of.clerk}  # fmt: skip
    refused("LM186", lambda: Proxy.objects.create(**row, head=head))
    other = head_of(meeting, of.owners[4])
    is_over(meeting, at=now)
    assert reason(lambda: enter(of, other, of.owners[3], now), ProxyRefused) == "not_open"
    refused("LM186", lambda: Proxy.objects.create(**row, head=other))
