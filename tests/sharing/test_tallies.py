"""What is told of how many agreed: counted once, at the deadline, and never so that it points at somebody."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Opening
from portal import sweeps
from residents.models import Neighborhood, Resident
from sharing import tallies
from sharing.models import Tally
from tests import make
from tests.sharing.passing import its_time_passes


@pytest.fixture
def people(here, now, asked) -> Callable[[int], list[Resident]]:
    return lambda count: [make.resident(here, at=now) for _ in range(count)]


@pytest.mark.obligation("27", "31")
@pytest.mark.parametrize(
    ("yes", "others", "shown"),
    [(5, 5, 5), (4, 9, None), (6, 4, None), (0, 8, None), (8, 0, None), (7, 6, 7)],
)
def test_it_is_told_only_if_it_points_at_nobody(asked, says, people, yes, others, shown):
    for person in people(yes):
        says(person, True)
    for place, person in enumerate(people(others)):
        if place % 2:
            says(person, False)
    its_time_passes(asked)
    tallies.freeze(request=asked.pk)
    assert tallies.told(request=asked) == shown


@pytest.mark.obligation("27", "31")
def test_a_neighborhood_may_have_more_hidden(asked, says, people):
    Neighborhood.objects.filter(pk=asked.neighborhood_id).update(fewest_counted=7)
    for person in people(6):
        says(person, True)
    people(9)
    its_time_passes(asked)
    tallies.freeze(request=asked.pk)
    assert tallies.told(request=asked) is None


@pytest.mark.obligation("27", "31")
def test_a_later_no_does_not_show(asked, says, people, now):
    agreed = people(6)
    people(6)
    for person in agreed:
        says(person, True)
    its_time_passes(asked)
    says(agreed[0], False)
    tallies.freeze(request=asked.pk)
    assert tallies.told(request=asked) == 6
    says(agreed[1], False)
    assert tallies.freeze(request=asked.pk).shown == 6
    assert Tally.objects.count() == 1


@pytest.mark.obligation("27")
def test_nobody_counts_while_people_are_deciding(asked, now):
    assert tallies.due(at=asked.deadline) == []
    with pytest.raises(DatabaseError, match="nobody counts"), transaction.atomic():
        tallies.freeze(request=asked.pk)
    assert tallies.told(request=asked) is None


@pytest.mark.obligation("27")
def test_raw_sql_writes_no_count_of_its_own(asked, says, people):
    for person in people(2):
        says(person, True)
    its_time_passes(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_tally (neighborhood_id, request_id, shown) VALUES (%s, %s, 77)",
            [asked.neighborhood_id, asked.pk],
        )
    assert tallies.told(request=asked) is None


@pytest.mark.parametrize(
    "change", ["UPDATE sharing_tally SET shown = 9", "DELETE FROM sharing_tally", "TRUNCATE sharing_tally"]
)
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_raw_sql_changes_none(committed, request, asked, change, role):
    its_time_passes(asked)
    tallies.freeze(request=asked.pk)
    with pytest.raises(psycopg.DatabaseError, match=r"append-only|permission denied"):
        request.getfixturevalue(role)().execute(change)


def test_the_sweep_counts_what_is_over(asked, now, monkeypatch):
    assert tallies.due(at=now) == []
    its_time_passes(asked)
    sweeps._tally(now)
    assert Tally.objects.get().shown is None
    assert tallies.due(at=now) == []


@pytest.mark.obligation("27", "31")
def test_no_entry_says_how_many_agreed(resident, says, give):
    says(resident, True)
    disclosure = give().disclosure
    copy = disclosure.copies.get()
    payload = Opening.objects.get(entry__kind="copy.made", entry__subject=copy.pk).payload
    assert set(payload) == {"disclosure", "key", "sha"}
