"""A vote is handed in in the portal: by whom, when, and once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from committees import balloting
from committees.balloting import BallotRefused
from committees.models import Ballot, Head, Naming, Turnout, Urn
from committees.recount import code_of
from ledger.models import Entry
from residents.ages import today_in
from tests.committees.voting import (
    ELECTION,
    ORDINARY,
    assembly,
    called,
    called_off,
    fresh,
    head_of,
    is_over,
    moved,
    refused,
    running,
)

pytestmark = pytest.mark.django_db
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5])]
BOTH = ((ORDINARY, False), (ELECTION, True))
YES = {1: "yes", 2: "yes"}


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


@pytest.fixture
def meeting(of, now):
    return running(of, *BOTH, at=now)


def reason(act) -> str:
    with pytest.raises(BallotRefused) as error:
        act()
    return error.value.reason


def cast(head, who, answers=None, *, by=None, at=None):
    return balloting.cast(
        head=head, resident=who, answers=answers or YES, by=by or who.user, at=at or timezone.now()
    )


def turnout(head, who, **also):
    """As raw SQL would write it."""
    row = {
        "neighborhood_id": head.neighborhood_id, "meeting_id": head.meeting_id, "head": head,
        "channel": "electronic", "resident": who, "by": who.user, "at": timezone.now(),
    }  # fmt: skip
    return Turnout.objects.create(**row | also)


def ballot(head, topic, **also):
    row = {"neighborhood_id": head.neighborhood_id, "head": head, "topic": topic, "choice": "yes",
           "code": uuid4().hex[:20]}  # fmt: skip
    return Ballot.objects.create(**row | also)


@pytest.mark.obligation("44")
def test_it_is_handed_in_with_every_answer_and_a_receipt_that_is_kept_nowhere(of, meeting):
    head = head_of(meeting, of.owners[0])
    receipt = cast(head, of.owners[0], {1: "no", 2: "yes"})
    handed = Turnout.objects.get(head=head)
    assert (handed.channel, handed.resident, handed.by) == ("electronic", of.owners[0], of.owners[0].user)
    first, second = Ballot.objects.filter(head=head).order_by("topic__number")
    assert (first.choice, first.code) == ("no", code_of(receipt, 1))
    assert (second.choice, second.code) == ("", code_of(receipt, 2))
    assert first.code != second.code
    assert len(second.commitment) == 66
    entry = Entry.objects.filter(kind="vote.handed_in").get()
    assert "no" not in entry.opening.payload.values()
    assert receipt not in str(entry.opening.payload)


@pytest.mark.obligation("45")
def test_a_second_one_is_refused_and_the_first_stands(of, meeting):
    head = head_of(meeting, of.owners[0])
    cast(head, of.owners[0], {1: "no", 2: "no"})
    before = list(Ballot.objects.values_list("pk", "choice", "commitment"))
    assert reason(lambda: cast(head, of.owners[0])) == "handed_in"
    with pytest.raises(DatabaseError, match="committees_turnout_head_id"), transaction.atomic():
        turnout(head, of.owners[0])
    topic = meeting.topics.get(number=1)
    with pytest.raises(DatabaseError, match="ballot_one_for_a_vote"), transaction.atomic():
        ballot(head, topic)
    for act in (
        lambda: Ballot.objects.filter(head=head).update(choice="yes"),
        lambda: Turnout.objects.filter(head=head).update(at=timezone.now()),
    ):
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
            act()
    refused("LM185", lambda: Ballot.objects.filter(head=head).delete())
    refused("LM185", lambda: Turnout.objects.filter(head=head).delete())
    assert list(Ballot.objects.values_list("pk", "choice", "commitment")) == before


@pytest.mark.obligation("45")
def test_nobody_votes_for_another(of, meeting, stranger):
    head, one, other = head_of(meeting, of.owners[0]), of.owners[0], of.owners[3]
    assert reason(lambda: cast(head, other)) == "not_yours"
    assert reason(lambda: cast(head, stranger)) == "not_yours"
    assert reason(lambda: cast(head, one, by=other.user)) == "not_yours"
    assert reason(lambda: cast(head, one, by=of.chair)) == "not_yours"
    for who, by in ((other, other.user), (one, other.user), (one, of.chair), (one, of.clerk)):
        refused("LM187", lambda w=who, b=by: turnout(head, w, by=b))
    refused("LM187", lambda: turnout(head, stranger))
    assert not Turnout.objects.exists()


@pytest.mark.obligation("45")
def test_a_tenant_has_no_vote(of, meeting, now):
    from tests import make

    tenant = make.resident(of.here, at=now, lives_in=of.units[0])
    assert balloting.heads_of(resident=tenant, meeting=meeting) == []
    head = head_of(meeting, of.owners[0])
    assert reason(lambda: cast(head, tenant)) == "not_yours"
    refused("LM187", lambda: turnout(head, tenant))


@pytest.mark.obligation("44", "45")
def test_from_its_first_day_to_its_last_and_on_no_other(of, now):
    made = called(of, *BOTH, at=now)
    head, who = head_of(made, of.owners[0]), of.owners[0]
    today = today_in(of.here, now)
    for opens, closes in ((1, 5), (-5, -1)):
        moved(made, today + timedelta(days=opens), today + timedelta(days=closes))
        assert reason(lambda: cast(head, who)) == "not_open"
        refused("LM186", lambda: turnout(head, who))
    for number, (opens, closes) in enumerate(((0, 4), (-4, 0))):
        moved(made, today + timedelta(days=opens), today + timedelta(days=closes))
        cast(head_of(made, of.owners[3 + number]), of.owners[3 + number])
    assert Turnout.objects.count() == 2


def test_it_is_not_open_before_the_notice_nor_when_it_was_called_off(of, meeting, now):
    head = head_of(meeting, of.owners[0])
    called_off(of, meeting, at=now)
    assert reason(lambda: cast(head, of.owners[0])) == "not_open"
    refused("LM186", lambda: turnout(head, of.owners[0]))


@pytest.mark.obligation("45")
def test_an_urn_goes_when_its_vote_does_and_is_filled_by_no_other(of, meeting, now):
    refused("LM192", lambda: Urn.objects.filter(pk=meeting.pk).delete())
    called_off(of, meeting, at=now)
    assert not Urn.objects.exists()
    row = {"meeting": meeting, "neighborhood": of.here, "sealed": b"x" * 40}
    refused("LM192", lambda: Urn.objects.create(**row))


@pytest.mark.obligation("45")
def test_every_topic_is_answered_by_something_that_can_be_chosen(of, meeting):
    head, who = head_of(meeting, of.owners[0]), of.owners[0]
    for answers in ({1: "yes"}, {1: "yes", 2: "yes", 3: "yes"}, {1: "yes", 2: "perhaps"}):
        assert reason(lambda a=answers: cast(head, who, a)) == "unanswered"
    refused("LM188", lambda: turnout(head, who))  # with no answer at all


@pytest.mark.obligation("45")
def test_a_ballot_comes_with_a_vote_and_on_its_own_meeting(of, meeting, now):
    head, who = head_of(meeting, of.owners[0]), of.owners[0]
    topic, secret = meeting.topics.order_by("number")
    refused("LM188", lambda: ballot(head, topic))  # nobody handed in
    other = running(of, (ORDINARY, False), at=now)

    def of_another():
        turnout(head, who)
        ballot(head, other.topics.get())

    refused("LM188", of_another)

    def says_how_in_a_secret_vote():
        turnout(head, who)
        ballot(head, topic)
        ballot(head, secret)

    refused("LM188", says_how_in_a_secret_vote)


# --- several owners


def name(head, owner, voter, by=None):
    return balloting.name(head=head, owner=owner, voter=voter, by=by or owner.user, at=timezone.now())


def test_of_several_owners_the_first_one_hands_in_for_all(of, meeting):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    cast(head, one)
    assert reason(lambda: cast(head, other)) == "handed_in"
    assert Ballot.objects.filter(head=head).count() == 2


@pytest.mark.obligation("45")
def test_whom_all_have_named_votes_and_nobody_else(of, meeting):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    name(head, one, one)
    assert balloting.named(head) is None  # the other has said nothing
    name(head, other, other)
    assert balloting.named(head) is None  # they do not agree
    name(head, other, one)
    assert balloting.named(head) == one.pk
    assert reason(lambda: cast(head, other)) == "named_another"
    refused("LM187", lambda: turnout(head, other))
    cast(head, one)
    assert reason(lambda: name(head, one, other)) == "handed_in"


@pytest.mark.obligation("45")
def test_one_alone_does_not_take_back_what_all_have_said(of, meeting):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    for who in (one, other):
        name(head, who, one)
    name(head, other, other)
    assert balloting.named(head) == one.pk
    assert reason(lambda: cast(head, other)) == "named_another"
    refused("LM187", lambda: turnout(head, other))
    name(head, other, one)
    name(head, other, other)  # however often
    assert balloting.named(head) == one.pk
    name(head, one, other)  # now both say so
    assert balloting.named(head) == other.pk
    assert reason(lambda: cast(head, one)) == "named_another"
    name(head, one, one)
    refused("LM187", lambda: turnout(head, one))
    cast(head, other)


@pytest.mark.obligation("45")
def test_of_three_all_say_another_before_another_votes(here, now):
    of = assembly(here, [("89.50", [0, 1, 2])], at=now)
    head = head_of(running(of, (ORDINARY, False), at=now), *of.owners)
    one, two, three = of.owners
    for who in (one, two):
        name(head, who, three)
    assert balloting.named(head) is None
    name(head, three, three)
    for count, who in enumerate(of.owners, start=1):
        name(head, who, two)
        assert balloting.named(head) == (two.pk if count == 3 else three.pk)


@pytest.mark.obligation("45")
def test_only_an_owner_names_and_only_an_owner_is_named(of, meeting, now, stranger):
    one, other, third = of.owners[1], of.owners[2], of.owners[3]
    head = head_of(meeting, one, other)
    assert reason(lambda: name(head, third, one)) == "not_yours"
    assert reason(lambda: name(head, one, third)) == "not_yours"
    assert reason(lambda: name(head, one, one, by=other.user)) == "not_yours"
    row = {"neighborhood": of.here, "head": head, "at": now}
    for owner, named, by in ((third, one, third.user), (one, third, one.user), (one, one, other.user)):
        refused("LM187", lambda o=owner, n=named, b=by: Naming.objects.create(**row, owner=o, named=n, by=b))
    refused("LM187", lambda: Naming.objects.create(**row, owner=stranger, named=one, by=stranger.user))
    is_over(meeting, at=now)
    assert reason(lambda: name(head, one, one)) == "not_open"
    refused("LM186", lambda: Naming.objects.create(**row, owner=one, named=one, by=one.user))


def test_a_dwelling_nobody_is_known_to_own_is_voted_for_by_nobody(here, now):
    of = assembly(here, [("89.50", [0]), ("50.00", [])], at=now)
    meeting = running(of, (ORDINARY, False), at=now)
    head = Head.objects.get(meeting=meeting, owners=None)
    assert reason(lambda: cast(head, of.owners[0], {1: "yes"})) == "not_yours"
    refused("LM187", lambda: turnout(head, of.owners[0]))
    assert fresh(meeting).roll_area == 1_395_000
