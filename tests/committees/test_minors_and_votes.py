"""Whoever is not of age hands in no vote, names nobody, is not named, and votes for nobody else: a guardian does, on paper."""

from __future__ import annotations

from datetime import timedelta

import pytest

from committees import balloting, proxies
from committees.balloting import BallotRefused
from committees.models import Naming, Proxy, Turnout
from committees.proxies import ProxyRefused
from residents.ages import today_in, years_before
from residents.models import Resident
from tests import long_ago
from tests.committees.voting import ORDINARY, assembly, head_of, on_paper, proxy, refused, running
from tests.screens.test_votes import at_screen

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("45")]
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3, 4, 5])]
YES = {1: "yes"}


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


@pytest.fixture
def meeting(of, now):
    return running(of, (ORDINARY, False), at=now)


def is_born(who: Resident, *, days_too_young: int, now) -> None:
    """So many days short of eighteen, today and where they live."""
    born = years_before(today_in(who.neighborhood, now), 18) + timedelta(days=days_too_young)
    long_ago.born_on(who, born)


def cast(head, who, now):
    return balloting.cast(head=head, resident=who, answers=YES, by=who.user, at=now)


def by_hand(head, who, now):
    return Turnout.objects.create(
        neighborhood_id=head.neighborhood_id, meeting_id=head.meeting_id, head=head, channel="electronic",
        resident=who, by=who.user, at=now,
    )  # fmt: skip


def test_a_day_before_the_eighteenth_birthday_and_on_it(of, meeting, now):
    who = of.owners[0]
    head = head_of(meeting, who)
    is_born(who, days_too_young=1, now=now)
    with pytest.raises(BallotRefused, match="minor"):
        cast(head, who, now)
    refused("LM187", lambda: by_hand(head, who, now))
    assert not Turnout.objects.exists()
    is_born(who, days_too_young=0, now=now)
    cast(head, who, now)


def test_a_guardian_votes_on_paper(of, meeting, now):
    who = of.owners[0]
    is_born(who, days_too_young=4000, now=now)
    on_paper(of, head_of(meeting, who), YES, at=now)
    assert Turnout.objects.get().channel == "paper"


def test_a_minor_names_nobody_and_is_not_named(of, meeting, now):
    one, other = of.owners[1], of.owners[2]
    head = head_of(meeting, one, other)
    is_born(other, days_too_young=1, now=now)
    row = {"neighborhood": of.here, "head": head, "at": now}
    for owner, voter in ((other, one), (one, other)):
        with pytest.raises(BallotRefused, match="minor"):
            balloting.name(head=head, owner=owner, voter=voter, by=owner.user, at=now)
        refused("LM187", lambda o=owner, v=voter: Naming.objects.create(**row, owner=o, named=v, by=o.user))


def test_joint_owners_of_age_agree_without_the_minor(of, meeting, now):
    one, other, child = of.owners[3:]
    head = head_of(meeting, one, other, child)
    is_born(child, days_too_young=100, now=now)
    for who in (one, other):
        balloting.name(head=head, owner=who, voter=one, by=who.user, at=now)
    assert balloting.named(head) == one.pk
    with pytest.raises(BallotRefused, match="named_another"):
        cast(head, other, now)
    with pytest.raises(BallotRefused, match="minor"):
        cast(head, child, now)
    cast(head, one, now)


def test_a_minor_votes_for_nobody_else(of, meeting, now):
    head, holder = head_of(meeting, of.owners[0]), of.owners[3]
    is_born(holder, days_too_young=1, now=now)
    with pytest.raises(ProxyRefused, match="holder_minor"):
        proxies.enter(head=head, holder=holder, kept_where="3", by=of.clerk, at=now)
    row = {"neighborhood": of.here, "meeting": meeting, "head": head, "kept_where": "3", "entered_by": of.clerk,
           "entered_at": now}  # fmt: skip
    refused("LM222", lambda: Proxy.objects.create(**row, holder=holder))
    is_born(holder, days_too_young=0, now=now)
    proxy(of, head, holder, at=now)


def test_the_page_says_who_votes_and_offers_nothing(of, meeting, now):
    one, other, child = of.owners[3:]
    is_born(child, days_too_young=100, now=now)
    head = head_of(meeting, one, other, child)
    page = at_screen(child, again=False).get(f"/votes/{meeting.pk}/").content.decode()
    assert "your guardian votes for you, on paper" in page
    assert "Vote</a>" not in page
    assert "Who votes for this dwelling?" not in page
    page = at_screen(one, again=False).get(f"/votes/{meeting.pk}/").content.decode()
    assert other.name in page
    assert child.name not in page  # nobody names them
    name = f"/votes/{meeting.pk}/name/{head.pk}/"
    at_screen(one, again=False).post(name, {"voter": str(child.pk)})
    at_screen(child, again=False).post(name, {"voter": str(one.pk)})
    assert not Naming.objects.exists()
