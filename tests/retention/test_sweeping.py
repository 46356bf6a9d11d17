"""A sweep takes turns, gives way, counts what it did, and says what it could not do."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from access.models import EntryEvent
from portal import retention
from residents.keeping import deleted
from residents.models import Neighborhood, RetentionRun
from tests.retention.due import MADE, Place, edge, make_due, rule

pytestmark = pytest.mark.django_db


def smaller(code: str, **changed):
    from dataclasses import replace

    return replace(rule(code), **changed)


@pytest.mark.obligation("20")
def test_a_mountain_of_one_kind_keeps_no_other_waiting_and_goes_on_next_time(place: Place, now):
    for _ in range(9):
        make_due("access.entry_events", place)
    letter = make_due("residents.letters", place)
    rules = [smaller("access.entry_events", batch=4), rule("residents.letters")]
    turns = retention.sweep(at=now, rules=rules, seconds=0)
    assert [turn.gone for turn in turns] == [4, 1]
    assert not letter()
    run = RetentionRun.objects.get(rule="access.entry_events")
    assert (run.deleted, run.still_due, run.oldest_due) == (4, 5, edge(rules[0], now))
    assert [turn.gone for turn in retention.sweep(at=now, rules=rules, seconds=60)] == [5, 0]
    run.refresh_from_db()
    assert (run.deleted, run.still_due, run.oldest_due) == (9, 0, None)


@pytest.mark.obligation("20", "F16")
def test_a_row_that_fails_keeps_no_other_row_and_a_rule_no_other_rule(place: Place, now, caplog):
    rows = [make_due("access.entry_events", place) for _ in range(5)]
    letter = make_due("residents.letters", place)
    bad = EntryEvent.objects.order_by("received_at", "pk").first()

    def forget(claimed, at):
        if bad.pk in claimed:
            raise ValueError("柳一 cannot be deleted")
        return deleted(EntryEvent)(claimed, at)

    rules = [smaller("access.entry_events", at_once=False, forget=forget), rule("residents.letters")]
    with caplog.at_level(logging.ERROR):
        turn, other = retention.sweep(at=now, rules=rules)
    assert (turn.gone, turn.failed, other.gone) == (4, 2, 1)
    assert sum(row() for row in rows) == 1
    assert not letter()
    assert "ValueError" in caplog.text
    assert "柳一" not in caplog.text
    assert cache.get(retention.RETENTION_KEY) is None
    run = RetentionRun.objects.get(rule="access.entry_events")
    assert (run.deleted, run.failed, run.still_due) == (4, 2, 1)
    retention.sweep(at=now)
    assert not any(row() for row in rows)
    assert cache.get(retention.RETENTION_KEY) == now.timestamp()


@pytest.mark.obligation("20", "F16")
def test_a_statement_that_fails_is_followed_by_its_rows_one_by_one(place: Place, now, monkeypatch, caplog):
    rows = [make_due("access.entry_events", place) for _ in range(5)]

    def refused(due, limit):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(retention, "delete_at_once", refused)
    with caplog.at_level(logging.ERROR):
        (turn,) = retention.sweep(at=now, rules=[rule("access.entry_events")])
    assert (turn.gone, turn.failed) == (5, 1)
    assert not any(row() for row in rows)
    assert "DataError" in caplog.text
    assert RetentionRun.objects.get().deleted == 5


@pytest.mark.obligation("20")
def test_a_mountain_goes_along_the_file_and_what_is_young_in_it_stays(place: Place, now):
    young = []
    for number in range(120):
        make_due("access.entry_events", place)
        if number % 3 == 0:
            young.append(MADE["access.entry_events"](place, now))
    steps: list[int] = []
    (turn,) = retention.sweep(
        at=now,
        rules=[smaller("access.entry_events", batch=10)],
        seconds=60,
        after=lambda turn: steps.append(turn.gone),
    )
    assert (turn.gone, turn.failed) == (120, 0)
    assert len(steps) < 120 / 10, "looked for each batch anew"
    assert all(row() for row in young)
    assert RetentionRun.objects.get().deleted == 120


def test_where_little_is_due_it_stops_walking_and_misses_nothing(place: Place, now):
    for number in range(200):
        MADE["access.entry_events"](place, now)
        if number % 50 < 10:
            make_due("access.entry_events", place)
    (turn,) = retention.sweep(at=now, rules=[smaller("access.entry_events", batch=6)], seconds=60)
    assert (turn.gone, turn.failed) == (40, 0)
    assert EntryEvent.objects.count() == 200


def test_one_that_does_nothing_does_not_go_round_for_ever(place: Place, now):
    make_due("access.entry_events", place)
    (turn,) = retention.sweep(
        at=now,
        rules=[smaller("access.entry_events", at_once=False, batch=1, forget=lambda claimed, at: 0)],
        seconds=60,
    )
    assert (turn.gone, turn.failed) == (0, 0)
    assert RetentionRun.objects.get().still_due == 1


def test_it_asks_as_little_where_nothing_is_due_however_much_there_is(
    place: Place, now, django_assert_max_num_queries
):
    for _ in range(30):
        MADE["access.entry_events"](place, now)
    retention.sweep(at=now)
    with django_assert_max_num_queries(5 * len(retention.RULES) + 20):
        retention.sweep(at=now)


@pytest.mark.obligation("20")
def test_numbers_are_all_that_is_kept_of_it_and_not_for_ever(place: Place, now):
    kinds = {field.get_internal_type() for field in RetentionRun._meta.fields}
    assert kinds == {"UUIDField", "CharField", "DateField", "BigIntegerField", "DateTimeField", "FloatField"}
    assert not any(field.is_relation for field in RetentionRun._meta.get_fields())
    make_due("access.entry_events", place)
    retention.sweep(at=now)
    assert RetentionRun.objects.get(rule="access.entry_events").deleted == 1
    retention.sweep(at=now + timedelta(days=401))
    assert not RetentionRun.objects.filter(day__lt=now.date()).exists()
    assert not RetentionRun.objects.filter(rule="access.entry_events", deleted=1).exists()


@pytest.mark.obligation("20")
def test_a_house_without_a_neighborhood_is_well(db, now):
    assert not Neighborhood.objects.exists()
    assert not any(turn.failed for turn in retention.sweep(at=now))
    assert retention.late(at=now) == []
