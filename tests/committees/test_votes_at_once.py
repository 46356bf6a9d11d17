"""Two at once about one vote: one is written, the other is told; and a count waits for whoever is just handing in."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from committees import balloting, counting, proxies, sheets, urn
from committees.balloting import BallotRefused
from committees.models import Ballot, Proxy, Turnout, Urn
from committees.sheets import SheetRefused
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.committees.voting import ELECTION, ORDINARY, assembly, head_of, is_over, running
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("45")]
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5])]
YES = {1: "yes", 2: "no"}
ROUNDS = 3


@pytest.fixture(autouse=True)
def _ground(committed) -> None:
    """Commits are real."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def of(_ground):
    return assembly(make.neighborhood(), OWNED, at=now())


def meeting_of(of):
    return running(of, (ORDINARY, False), (ELECTION, True), at=now())


def cast(meeting, *who):
    return balloting.cast(
        head=head_of(meeting, *who), resident=who[-1], answers=YES, by=who[-1].user, at=now()
    )


def test_of_two_tabs_one_hands_in(of):
    for _ in range(ROUNDS):
        meeting = meeting_of(of)
        raised = at_once(*[lambda m=meeting: cast(m, of.owners[0])] * 3)
        assert sorted(str(each) for each in raised) == ["None", "handed_in", "handed_in"]
        assert Ballot.objects.filter(topic__meeting=meeting).count() == 2


def test_of_two_joint_owners_one_hands_in(of):
    one, other = of.owners[1], of.owners[2]
    for _ in range(ROUNDS):
        meeting = meeting_of(of)
        raised = at_once(lambda m=meeting: cast(m, one, other), lambda m=meeting: cast(m, other, one))
        assert sorted(str(each) for each in raised) == ["None", "handed_in"]


def test_of_paper_and_portal_one_is_taken(of):
    for _ in range(ROUNDS):
        meeting = meeting_of(of)
        sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now())
        raised = at_once(
            lambda m=meeting: cast(m, of.owners[0]),
            lambda s=sheet: sheets.take_in(sheet=s, by=of.beside, at=now()),
        )
        assert sorted(str(each) for each in raised) == ["None", "handed_in"]
        assert Turnout.objects.filter(meeting=meeting).count() == 1


def test_votes_of_many_at_once_are_all_in_the_sums(of):
    meeting = meeting_of(of)
    raised = at_once(*[lambda w=who: cast(meeting, w) for who in (of.owners[0], *of.owners[3:])])
    assert raised == [None] * 4
    result = counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert [(each.heads, each.yes_heads) for each in result.outcomes.all()] == [
        (4, 4),
        (4, None),
    ]  # of four nothing is opened


def test_two_who_read_a_sheet_at_once_make_one_ballot(of):
    for _ in range(ROUNDS):
        meeting = meeting_of(of)
        sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now())
        sheets.take_in(sheet=sheet, by=of.beside, at=now())
        raised = at_once(
            *[
                lambda s=sheet, w=who: sheets.read(sheet=s, answers=YES, by=w, at=now())
                for who in (of.clerk, of.beside, of.chair)
            ]
        )
        assert sorted(str(each) for each in raised) == ["None", "None", "settled"]
        assert Ballot.objects.filter(topic__meeting=meeting).count() == 2


def test_two_desks_do_not_pass_the_limit_of_proxies_together(of):
    meeting = meeting_of(of)
    heads = [head_of(meeting, who) for who in (of.owners[0], of.owners[4], of.owners[5])]
    raised = at_once(
        *[
            lambda h=head: proxies.enter(head=h, holder=of.owners[3], kept_where="3", by=of.clerk, at=now())
            for head in heads
        ]
    )
    assert sorted(str(each) for each in raised) == ["None", "None", "too_many"]
    assert Proxy.objects.filter(meeting=meeting).count() == 2


def test_whoever_is_just_handing_in_is_waited_for_and_counted(of):
    """The act has begun on the last day, and the count comes before it ends."""
    meeting = meeting_of(of)
    cast(meeting, of.owners[3])
    head, began, go_on = head_of(meeting, of.owners[0]), threading.Event(), threading.Event()

    def hands_in() -> None:
        with transaction.atomic():
            cast(meeting, of.owners[0])
            began.set()
            go_on.wait(20)

    def counts() -> None:
        assert began.wait(20)
        threading.Timer(0.5, go_on.set).start()
        # Locks the urn, and so waits; only then does it look at the day.
        with transaction.atomic():
            Urn.objects.select_for_update().get(pk=meeting.pk)
            assert Turnout.objects.filter(head=head).exists()

    assert at_once(hands_in, counts) == [None, None]
    result = counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert result.outcomes.first().heads == 2


def test_a_count_and_a_late_vote_come_one_after_the_other(of):
    """Raw, past the code's own look at the day: the database's clock says that it is over."""
    for _ in range(ROUNDS):
        meeting = meeting_of(of)
        cast(meeting, of.owners[3])
        over = is_over(meeting, at=now())
        raised = at_once(
            lambda m=over: counting.count(meeting=m, minutes="", by=of.clerk, at=now()),
            lambda m=meeting: cast(m, of.owners[0]),
            lambda m=over: counting.count(meeting=m, minutes="", by=of.beside, at=now()),
        )
        assert raised[1] is not None
        assert sum(each is None for each in (raised[0], raised[2])) == 1
        assert Turnout.objects.filter(meeting=meeting).count() == 1


def test_when_it_has_been_counted_the_key_of_the_urn_is_gone(of):
    meeting = meeting_of(of)
    cast(meeting, of.owners[0])
    assert keys.state(meeting.key) == keys.State.LIVE
    counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert keys.state(meeting.key) == keys.State.DESTROYED
    with pytest.raises(SheetRefused):
        sheets.give_out(head=head_of(meeting, of.owners[3]), by=of.clerk, at=now())


def test_after_a_crash_the_sweep_ends_the_key(of, monkeypatch):
    meeting = meeting_of(of)
    monkeypatch.setattr(urn, "_end", lambda _meeting: (_ for _ in ()).throw(OSError))
    counting.count(meeting=is_over(meeting, at=now()), minutes="", by=of.clerk, at=now())
    assert keys.state(meeting.key) == keys.State.LIVE
    assert urn.forget(at=now()) == 1
    assert keys.state(meeting.key) == keys.State.DESTROYED
    assert urn.forget(at=now()) == 0


def test_a_ballot_added_afterwards_is_refused(of):
    """In another transaction than the one that handed in, nobody answers for somebody."""
    from django.db import DatabaseError

    meeting = meeting_of(of)
    sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now())
    sheets.take_in(sheet=sheet, by=of.beside, at=now())
    blank = {1: sheets.UNREADABLE, 2: "no"}
    sheets.read(sheet=sheet, answers=blank, by=of.clerk, at=now())
    assert sheets.read(sheet=sheet, answers=blank, by=of.beside, at=now())
    with pytest.raises(DatabaseError) as error:
        Ballot.objects.create(
            neighborhood=of.here,
            head=sheet.head,
            topic=meeting.topics.get(number=1),
            choice="yes",
            code="0" * 20,
        )
    assert error.value.__cause__.sqlstate == "LM188"
    connections.close_all()


def test_refused_is_refused_whole(of):
    meeting = meeting_of(of)
    cast(meeting, of.owners[0])
    with pytest.raises(BallotRefused):
        cast(meeting, of.owners[0])
    assert Ballot.objects.filter(topic__meeting=meeting).count() == 2
