"""How far the letters have come, and what the desk should see to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from residents import claiming, letters, tracking
from residents.models import Building, Letter
from residents.tracking import State
from tests.cast import PASSWORD
from tests.crowd import crowd

pytestmark = pytest.mark.django_db


@pytest.fixture
def street(here, now):
    """One person in each state, in two buildings."""
    people = crowd(here, buildings=2, dwellings=5, at=now, each=1)
    letters.write(resident=people[1], by=None, at=now)
    letters.write(resident=people[2], by=None, at=now - timedelta(days=60))
    code = letters.write(resident=people[3], by=None, at=now).code
    claiming.claim(
        code=code, username="willow", password=PASSWORD, language="en", address="192.0.2.1", at=now
    )
    return people


def deliver(here, person, clerk, at):
    letter = letters.write(resident=person, by=clerk, at=at).letter
    letters.put_into_mailboxes(letters=[letter.pk], neighborhood=here, by=clerk, at=at)


def test_each_person_is_in_one_state(here, street, clerk, now):
    deliver(here, street[4], clerk, now)
    found = {person: vars(person)["state"] for person in tracking.people(here, at=now)}
    assert [found[person] for person in street] == [
        State.NONE,
        State.WRITTEN,
        State.EXPIRED,
        State.CLAIMED,
        State.DELIVERED,
        *[State.NONE] * 5,
    ]


def test_counts_add_up_by_building(here, street, elsewhere, now):
    crowd(elsewhere, buildings=1, dwellings=1, at=now)
    rows = tracking.by_building(here, at=now)
    assert [row["building"] for row in rows] == ["1 幢", "2 幢"]
    assert [rows[0][state.value] for state in State] == [2, 1, 0, 1, 1]
    assert [rows[1][state.value] for state in State] == [5, 0, 0, 0, 0]
    assert rows[0]["building_id"] == Building.objects.get(neighborhood=here, name="1 幢").pk


def test_counting_is_one_query_and_so_is_what_waits(here, street, now, django_assert_num_queries):
    with django_assert_num_queries(1):
        tracking.by_building(here, at=now)
    with django_assert_num_queries(1):
        tracking.waiting(neighborhoods=[here], at=now)


def test_what_waits_for_the_desk(here, street, clerk, now):
    brought = now - tracking.UNCLAIMED_AFTER
    deliver(here, street[4], clerk, brought)
    ran_out = Letter.objects.get(resident=street[2]).expires_at
    assert tracking.waiting(neighborhoods=[here], at=now) == tracking.Waiting(
        to_deliver=1,
        unclaimed=1,
        expired=1,
        to_deliver_since=now,
        unclaimed_since=brought,
        expired_since=ran_out,
    )
    assert tracking.waiting(neighborhoods=[here], at=now - timedelta(seconds=1)).unclaimed == 0


def test_nothing_of_elsewhere_waits_here(here, elsewhere, street, now):
    assert tracking.waiting(neighborhoods=[elsewhere], at=now) == tracking.Waiting(0, 0, 0, None, None, None)
