"""What the database alone has seen is answered in the code's own words: a day that ended meanwhile, somebody who was faster."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection

from committees import balloting, calling, proxies, refusals, sheets
from committees.balloting import BallotRefused
from committees.calling import CallingRefused
from committees.models import Ballot, Meeting, Naming, Proxy, Sheet, Turnout
from committees.proxies import ProxyRefused
from committees.sheets import SheetRefused
from portal.screens.vote_words import REFUSED
from tests.committees.voting import ORDINARY, assembly, drafted, head_of, is_over, running

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("44", "45")]
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3])]
YES = {1: "yes"}
EARLIER = timedelta(days=2)


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


@pytest.fixture
def meeting(of, now):
    return running(of, (ORDINARY, False), at=now)


def reason(act, kind) -> str:
    """It is one that the screens have words for."""
    with pytest.raises(kind) as error:
        act()
    assert error.value.reason in REFUSED
    return error.value.reason


def test_the_last_day_ended_between_the_question_and_the_act(of, meeting, now):
    """By the code's clock it is still open, by the database's it is not."""
    head, who, then = head_of(meeting, of.owners[0]), of.owners[0], now - EARLIER
    both, one = head_of(meeting, *of.owners[1:3]), of.owners[1]
    sheet = sheets.give_out(head=head, by=of.clerk, at=now)
    unread = proxies.enter(head=head, holder=of.owners[3], kept_where="3", by=of.clerk, at=now)
    is_over(meeting, at=now)
    for act, kind in (
        (lambda: balloting.cast(head=head, resident=who, answers=YES, by=who.user, at=then), BallotRefused),
        (lambda: balloting.name(head=both, owner=one, voter=one, by=one.user, at=then), BallotRefused),
        (lambda: sheets.give_out(head=both, by=of.clerk, at=then), SheetRefused),
        (lambda: sheets.take_in(sheet=sheet, by=of.beside, at=then), SheetRefused),
        (lambda: proxies.enter(head=both, holder=who, kept_where="3", by=of.clerk, at=then), ProxyRefused),
        (lambda: proxies.read(proxy=unread, by=of.beside, at=then), ProxyRefused),
    ):
        assert reason(act, kind) == "not_open"
    assert not Turnout.objects.exists()
    assert not Naming.objects.exists()
    assert (Sheet.objects.count(), Proxy.objects.filter(read_at=None).count()) == (1, 1)


def test_somebody_was_faster(of, meeting, now, monkeypatch):
    """What the code asks first it does not see yet; the reason is asked again afterwards."""
    head, who = head_of(meeting, of.owners[0]), of.owners[0]
    balloting.cast(head=head, resident=who, answers=YES, by=who.user, at=now)
    other = head_of(meeting, of.owners[3])
    unread = proxies.enter(head=other, holder=who, kept_where="3", by=of.clerk, at=now)
    balloting.cast(head=other, resident=of.owners[3], answers=YES, by=of.owners[3].user, at=now)

    class Unseen:
        objects = Turnout.objects.none()

    monkeypatch.setattr(sheets, "Turnout", Unseen)
    monkeypatch.setattr(proxies, "Turnout", Unseen)
    assert reason(lambda: sheets.give_out(head=head, by=of.clerk, at=now), SheetRefused) == "handed_in"
    assert reason(lambda: proxies.read(proxy=unread, by=of.beside, at=now), ProxyRefused) == "handed_in"


def test_all_named_another_meanwhile(of, meeting, now, monkeypatch):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    for owner in (one, other):
        balloting.name(head=head, owner=owner, voter=one, by=owner.user, at=now)
    unseen = iter([None])
    known = balloting.named
    monkeypatch.setattr(balloting, "named", lambda head: next(unseen, known(head)))
    act = lambda: balloting.cast(head=head, resident=other, answers=YES, by=other.user, at=now)  # noqa: E731
    assert reason(act, BallotRefused) == "named_another"
    assert not Ballot.objects.exists()


def test_they_own_it_meanwhile(of, meeting, now, monkeypatch):
    """For what has no reason of its own: nothing is written, and the page is to be looked at anew."""
    head = head_of(meeting, of.owners[0])
    sheet = sheets.give_out(head=head, by=of.clerk, at=now)
    of.owners[0].user = of.beside
    of.owners[0].save(update_fields=["user"])
    monkeypatch.setattr(sheets, "concerned", lambda **_asked: False)
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.beside, at=now), SheetRefused) == "changed"
    assert reason(lambda: sheets.give_out(head=head, by=of.beside, at=now), SheetRefused) == "changed"
    assert not Turnout.objects.exists()


@pytest.mark.obligation("45")
def test_who_gave_it_out_is_told_so_by_the_law_too(of, meeting, now, monkeypatch):
    sheet = sheets.give_out(head=head_of(meeting, of.owners[0]), by=of.clerk, at=now)
    monkeypatch.setattr(sheets, "is_one_person", lambda *_two: False)
    assert reason(lambda: sheets.take_in(sheet=sheet, by=of.clerk, at=now), SheetRefused) == "gave_out"


@pytest.mark.obligation("44")
def test_the_days_of_a_notice_ran_out_meanwhile(of, now):
    then = now - EARLIER
    made = drafted(of, (ORDINARY, False), at=then)
    act = lambda: calling.give_notice(meeting=made, by=of.chair, at=then)  # noqa: E731
    assert reason(act, CallingRefused) == "changed"
    assert Meeting.objects.get(pk=made.pk).noticed_at is None


def test_what_is_no_law_of_the_house_stays_a_fault(of, meeting, now):
    head = head_of(meeting, of.owners[0])
    with pytest.raises(IntegrityError), refusals.in_words(SheetRefused, {"committees_turnout_": "handed_in"}):
        Sheet.objects.create(
            neighborhood=of.here, meeting=meeting, head=head, code="lower", given_by=of.clerk, given_at=now
        )
    with pytest.raises(DatabaseError), refusals.in_words(SheetRefused):
        connection.cursor().execute("SELECT nothing FROM nowhere")
