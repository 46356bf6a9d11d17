"""Numbers in place of names: what is hidden, what a clever reader can work out, and what never changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from threading import Barrier, Thread

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal import sweeps
from residents.models import Building, Neighborhood, Occupancy, Resident
from sharing import counting
from sharing.models import Count
from tests import make

FEWEST = 5
Cells = dict[str, int]


def told_of(cells: Cells, fewest: int = FEWEST) -> dict[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sharing_told_of(%s::jsonb, %s)", [json.dumps(cells), fewest])
        [answer] = cursor.fetchone()
    return json.loads(answer) if isinstance(answer, str) else answer


def by_hand(cells: Cells, fewest: int = FEWEST) -> dict[str, int | None]:
    """The rule, said once more without SQL."""
    hidden = {count for count in cells.values() if count < fewest}
    if any(hidden):
        hidden |= {min((count for count in cells.values() if count >= fewest), default=0)}
    return {name: None if count in hidden else count for name, count in cells.items()}


def could_be(shown: dict[str, int | None], total: int) -> list[Cells]:
    """Every truth that a reader who knows the rule and the total must hold possible."""
    unknown = [name for name, count in shown.items() if count is None]
    left = total - sum(count for count in shown.values() if count)
    known = {name: count for name, count in shown.items() if count is not None}
    guesses = (
        {**known, **dict(zip(unknown, guess, strict=True))}
        for guess in product(range(left + 1), repeat=len(unknown))
        if sum(guess) == left
    )
    return [guess for guess in guesses if by_hand(guess) == shown]


@pytest.mark.obligation("27", "31")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 40)), st.integers(5, 12))
def test_it_is_hidden_by_the_rule_and_no_other(db, cells, fewest):
    assert told_of(cells, fewest) == by_hand(cells, fewest)


@pytest.mark.obligation("27", "31")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)))
@example({"a": 5, "b": 4, "c": 4})
@example({"a": 5, "b": 5, "c": 1})
def test_who_knows_the_total_and_the_rule_works_out_no_hidden_number(db, cells):
    shown = told_of(cells)
    possible = could_be(shown, sum(cells.values()))
    assert cells in possible
    if not any(shown.values()):
        return  # nothing was told
    for name, count in cells.items():
        if shown[name] is None and count:
            assert len({guess[name] for guess in possible}) > 1, (cells, shown, name)


@pytest.fixture
def counted(here, db) -> Callable[[Count.Cut], dict[str, int | None]]:
    def count(cut: Count.Cut) -> dict[str, int | None]:
        assert counting.count(neighborhood=here.pk, cut=cut)
        cells: dict[str, int | None] = Count.objects.get(neighborhood=here, cut=cut).cells
        return cells

    return count


def lives(here: Neighborhood, unit: object, tenure: str, count: int, now, born: date | None = None) -> None:
    for number in range(count):
        person = Resident.objects.create(neighborhood=here, name=f"某{number}", born=born)
        Occupancy.objects.create(
            neighborhood=here, resident=person, unit=unit, tenure=tenure, since=now.date() - timedelta(days=9)
        )


@pytest.mark.obligation("27", "31")
def test_it_counts_who_lives_here(here, now, counted):
    one, two, empty = (Building.objects.create(neighborhood=here, name=name) for name in ("甲", "乙", "丙"))
    first, second = (building.units.create(neighborhood=here, number="1") for building in (one, two))
    lives(here, first, "owner", 7, now)
    lives(here, second, "tenant", 6, now, born=now.date() - timedelta(days=16 * 366))
    gone = Resident.objects.create(neighborhood=here, name="走", left_at=now, left_because="moved_out")
    assert gone.left_at
    by_building = counted(Count.Cut.BUILDING)
    assert {of: by_building[str(of)] for of in (one.pk, two.pk, empty.pk)} == {
        one.pk: 7,
        two.pk: 6,
        empty.pk: None,
    }
    everybody = Resident.objects.filter(neighborhood=here, left_at=None).count()
    assert counted(Count.Cut.AGE) == {"under_14": None, "under_18": 6, "of_age": everybody - 6}
    tenure = counted(Count.Cut.TENURE)
    assert set(tenure) == set(Occupancy.Tenure.values)
    assert tenure["tenant"] == 6
    assert tenure["subtenant"] is None


@pytest.mark.obligation("27", "31")
def test_the_first_answer_stands_for_ninety_days(here, now, counted):
    first = counted(Count.Cut.AGE)
    for _ in range(9):
        make.resident(here, at=now)
    assert not counting.count(neighborhood=here.pk, cut=Count.Cut.AGE)
    with pytest.raises(DatabaseError, match="ninety days"), transaction.atomic():
        Count.objects.create(neighborhood=here, cut=Count.Cut.AGE)
    assert Count.objects.get(neighborhood=here).cells == first


def test_raw_sql_writes_no_number_of_its_own(here, db):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_count (neighborhood_id, cut, cells, at)"
            " VALUES (%s, 'age', '{\"of_age\": 77}', now() - interval '1 year')",
            [here.pk],
        )
    made = Count.objects.get()
    assert 77 not in made.cells.values()
    assert not counting.count(neighborhood=here.pk, cut=Count.Cut.AGE)


@pytest.mark.obligation("27")
def test_nothing_is_counted_by_two_things_at_once(here, db):
    with pytest.raises(IntegrityError, match="count_by_one_cut"), transaction.atomic():
        Count.objects.create(neighborhood=here, cut="age and building")


@pytest.mark.obligation("27", "31")
@pytest.mark.parametrize("fewest", [0, 4])
def test_no_neighborhood_asks_for_less_than_five(here, fewest):
    with pytest.raises(IntegrityError, match="no_number_of_fewer_than_five"), transaction.atomic():
        Neighborhood.objects.filter(pk=here.pk).update(fewest_counted=fewest)


def test_a_neighborhood_may_hide_more(here, now, counted):
    for _ in range(8):
        make.resident(here, at=now)
    everybody = Resident.objects.filter(neighborhood=here, left_at=None).count()
    Neighborhood.objects.filter(pk=here.pk).update(fewest_counted=everybody + 1)
    assert set(counted(Count.Cut.AGE).values()) == {None}


@pytest.mark.parametrize("change", ["UPDATE sharing_count SET cells = '{}'", "DELETE FROM sharing_count"])
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_raw_sql_changes_none(committed, request, here, change, role):
    counting.count(neighborhood=here.pk, cut=Count.Cut.AGE)
    with pytest.raises(psycopg.DatabaseError, match=r"append-only|permission denied"):
        request.getfixturevalue(role)().execute(change)


def test_two_who_count_at_once_count_once(committed, here):
    start, done = Barrier(2), []

    def count() -> None:
        start.wait()
        done.append(counting.count(neighborhood=here.pk, cut=Count.Cut.AGE))
        connections.close_all()

    threads = [Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]
    assert Count.objects.count() == 1


def test_the_sweep_counts_what_nobody_counted(here, elsewhere, now):
    sweeps._numbers()
    assert Count.objects.count() == len(Count.Cut) * Neighborhood.objects.count()
    assert counting.due() == []
