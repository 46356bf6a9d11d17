"""What the database holds by itself: raw SQL as the application's own role opens nothing, and shuts nobody out or in."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, transaction

from access import emergency, lockdown
from access.models import EmergencyOpening, Gate, Lockdown, RemoteOpening, SpecialDay
from access.ordering import OrderRefused
from residents.ages import today_in
from tests import make
from tests.laws.conftest import WAYS_ROUND, Execute, execute, refusal  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("1", "2", "3")]

EMERGENCY = (
    "INSERT INTO access_emergencyopening (id, neighborhood_id, minutes, opened_by_id, opened_at, until, finding)"
    " VALUES (gen_random_uuid(), %(here)s, %(minutes)s, %(by)s, %(at)s, %(at)s, '')"
)
LOCKDOWN = (
    "INSERT INTO access_lockdown (id, neighborhood_id, why, minutes, asked_by_id, asked_at, confirmed_by_id, began_at,"
    " until) VALUES (gen_random_uuid(), %(here)s, 'danger', %(minutes)s, %(by)s, %(at)s, %(second)s, %(began)s,"
    " %(until)s)"
)
REMOTE = (
    "INSERT INTO access_remoteopening (id, neighborhood_id, gate_id, why, asked_by_id, asked_at, until, outcome)"
    " VALUES (gen_random_uuid(), %(here)s, %(gate)s, %(why)s, %(by)s, %(at)s, %(at)s, '')"
)


@pytest.fixture
def row(here, door, clerk, now):
    return {
        "here": here.pk,
        "gate": door.pk,
        "by": clerk.pk,
        "second": None,
        "at": now + timedelta(days=9),
        "began": None,
        "until": None,
        "minutes": 60,
        "why": "help",
    }


def refused_with(session, statement, values) -> str | None:
    try:
        session(statement, values)
    except psycopg.Error as error:
        return error.sqlstate
    return None


# What a gate is told of itself is computed.


@pytest.mark.parametrize("way", WAYS_ROUND)
@pytest.mark.parametrize(
    "change",
    [
        "locked_down_until = now() + interval '9 days'",
        "held_open_until = now() + interval '9 days', held_open_by = gen_random_uuid()",
        "open_once_until = now() + interval '9 days', open_once_by = gen_random_uuid()",
        """calendar = '{"2030-01-01": 7}'""",
        "call = 'somebody else'",
    ],
)
def test_nothing_that_is_written_into_a_gate_sticks(door, execute: Execute, way, change):  # noqa: F811
    refusal(
        execute, way, "access_gate", f"UPDATE access_gate SET {change} WHERE id = %(gate)s", {"gate": door.pk}
    )
    door.refresh_from_db()
    assert (door.locked_down_until, door.held_open_until, door.open_once_until) == (None, None, None)
    assert (door.calendar, door.call) == ({}, "")


def test_each_order_is_told_to_its_gates_in_the_same_transaction(door, barrier, elsewhere, at_the_desk, now):
    foreign = make.gate(elsewhere, at=now)
    opened = at_the_desk.emergency(door)
    for gate in (door, barrier, foreign):
        gate.refresh_from_db()
    assert (door.held_open_by, door.held_open_until) == (opened.pk, opened.until)
    assert barrier.held_open_until is None
    everything = at_the_desk.emergency(minutes=60)
    for gate in (door, barrier, foreign):
        gate.refresh_from_db()
    assert door.held_open_by == barrier.held_open_by == everything.pk
    assert foreign.held_open_until is None
    emergency.end(opening=everything, by=at_the_desk.second, at=now)
    door.refresh_from_db()
    barrier.refresh_from_db()
    assert (door.held_open_by, barrier.held_open_by) == (opened.pk, None)


def test_whom_to_call_follows_the_neighborhood(door, here):
    here.guard_phone = "0571 8800 1002"
    here.save()
    door.refresh_from_db()
    assert door.call == "0571 8800 1002"


# An emergency.


@pytest.mark.parametrize("minutes", [0, 241, 10_000])
def test_an_emergency_has_an_end(row, execute: Execute, minutes):  # noqa: F811
    assert refused_with(execute, EMERGENCY, row | {"minutes": minutes}) == "23514"


def test_its_times_are_the_databases(row, execute: Execute, now):  # noqa: F811
    execute(EMERGENCY, row)
    (made,) = EmergencyOpening.objects.all()
    assert abs(made.opened_at - now) < timedelta(minutes=5)
    assert made.until - made.opened_at == timedelta(minutes=60)


def test_only_staff_open_in_an_emergency(row, execute: Execute, outsider):  # noqa: F811
    outsider.is_staff = False
    outsider.save()
    assert refused_with(execute, EMERGENCY, row | {"by": outsider.pk}) == "LM170"


@pytest.mark.parametrize(
    "change",
    [
        "until = until + interval '1 day'",
        "minutes = 240",
        "opened_by_id = %(second)s",
        "gate_id = NULL, opened_at = now()",
        "finding = 'needed', reviewed_by_id = %(second)s, reviewed_at = now()",  # it is not over
        "ended_at = now(), ended_by_id = NULL",
    ],
)
def test_what_was_ordered_is_not_rewritten(door, at_the_desk, execute: Execute, change):  # noqa: F811
    made = at_the_desk.emergency(door)
    statement = f"UPDATE access_emergencyopening SET {change} WHERE id = %(id)s"
    values = {"id": made.pk, "second": at_the_desk.second.pk}
    if change.startswith("gate_id"):
        values = {"id": made.pk}
    assert refused_with(execute, statement, values) in ("LM170", "23514")


@pytest.mark.parametrize("table", ["access_emergencyopening", "access_lockdown", "access_remoteopening"])
@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_order_disappears(door, at_the_desk, execute: Execute, table, way):  # noqa: F811
    at_the_desk.emergency(door)
    at_the_desk.remote(door)
    at_the_desk.locked()
    refusal(execute, way, table, f"DELETE FROM {table}")
    model = {each._meta.db_table: each for each in (EmergencyOpening, Lockdown, RemoteOpening)}[table]
    assert model.objects.count() == 1


def test_who_pressed_does_not_review_it(door, at_the_desk, execute: Execute, now):  # noqa: F811
    made = at_the_desk.emergency(door)
    emergency.end(opening=made, by=at_the_desk.clerk, at=now)
    review = (
        "UPDATE access_emergencyopening SET finding = 'drill', reviewed_by_id = %(by)s, reviewed_at = now()"
        " WHERE id = %(id)s"
    )
    assert refused_with(execute, review, {"id": made.pk, "by": at_the_desk.clerk.pk}) == "LM171"
    make.one_person(at_the_desk.here, at_the_desk.clerk, at_the_desk.second, at=now)
    assert refused_with(execute, review, {"id": made.pk, "by": at_the_desk.second.pk}) == "LM171"


# A lock-down.


def test_nobody_locks_down_alone(row, execute: Execute, at_the_desk, now):  # noqa: F811
    began = {"second": at_the_desk.second.pk, "began": now, "until": now + timedelta(minutes=60)}
    assert refused_with(execute, LOCKDOWN, row | began) == "LM170"  # both at once is one press
    asked = at_the_desk.asked()
    confirm = (
        "UPDATE access_lockdown SET confirmed_by_id = %(by)s, began_at = now(), until = now() + interval '9 days'"
        " WHERE id = %(id)s"
    )
    assert refused_with(execute, confirm, {"id": asked.pk, "by": at_the_desk.clerk.pk}) == "LM171"
    make.one_person(at_the_desk.here, at_the_desk.clerk, at_the_desk.second, at=now)
    assert refused_with(execute, confirm, {"id": asked.pk, "by": at_the_desk.second.pk}) == "LM171"


def test_it_never_lasts_longer_than_two_hours(row, execute: Execute, at_the_desk):  # noqa: F811
    assert refused_with(execute, LOCKDOWN, row | {"minutes": 121}) == "23514"
    asked = at_the_desk.asked(minutes=120)
    execute(
        "UPDATE access_lockdown SET confirmed_by_id = %(by)s, began_at = now() + interval '1 day',"
        " until = now() + interval '9 days' WHERE id = %(id)s",
        {"id": asked.pk, "by": at_the_desk.second.pk},
    )
    asked.refresh_from_db()
    assert asked.until - asked.began_at == timedelta(hours=2)
    for change in (
        "until = until + interval '1 second'",
        "began_at = now()",
        "minutes = 119",
        "lifted_at = NULL, why = 'misuse'",
    ):
        assert refused_with(execute, f"UPDATE access_lockdown SET {change}", {}) == "LM170"


def test_two_are_never_chained_by_the_press_of_one(row, execute: Execute, at_the_desk, second):  # noqa: F811
    at_the_desk.locked()
    assert refused_with(execute, LOCKDOWN, row) == "LM173"
    assert refused_with(execute, LOCKDOWN, row | {"by": second.pk}) == "LM173"


def test_nor_signed_in_stock(row, execute: Execute, at_the_desk):  # noqa: F811
    at_the_desk.asked()
    assert refused_with(execute, LOCKDOWN, row) == "LM173"


def test_after_it_was_lifted_it_takes_two_again(at_the_desk, execute: Execute, now):  # noqa: F811
    stood = at_the_desk.locked()
    lockdown.lift(lockdown=stood, by=at_the_desk.clerk, at=now)
    again = at_the_desk.asked()
    assert not again.stands(now)
    lifted = "UPDATE access_lockdown SET lifted_at = NULL, lifted_by_id = NULL WHERE id = %(id)s"
    assert refused_with(execute, lifted, {"id": stood.pk}) == "LM170"


# From afar.


def test_nothing_is_opened_from_afar_in_a_lock_down(row, execute: Execute, door, at_the_desk):  # noqa: F811
    at_the_desk.remote(door)
    door.refresh_from_db()
    assert door.open_once_by is not None
    at_the_desk.locked()
    door.refresh_from_db()
    assert door.open_once_by is None  # what was on its way is called back
    assert refused_with(execute, REMOTE, row) == "LM174"


def test_an_opening_from_afar_lasts_seconds(row, execute: Execute):  # noqa: F811
    execute(REMOTE, row)
    (made,) = RemoteOpening.objects.all()
    assert made.until - made.asked_at == RemoteOpening.LIFE


@pytest.mark.parametrize("why", ["", "for Li Na", "visitor of 3-2"])
def test_its_reason_is_a_kind_and_no_story(row, execute: Execute, why):  # noqa: F811
    assert refused_with(execute, REMOTE, row | {"why": why}) == "23514"


def test_it_is_not_rewritten_and_reported_once(door, at_the_desk, execute: Execute):  # noqa: F811
    made = at_the_desk.remote(door)
    for change in ("why = 'work'", "until = until + interval '1 hour'"):
        assert refused_with(execute, f"UPDATE access_remoteopening SET {change}", {}) == "LM170"
    heard = "UPDATE access_remoteopening SET heard_at = now(), outcome = 'opened' WHERE id = %(id)s"
    execute(heard, {"id": made.pk})
    assert refused_with(execute, heard, {"id": made.pk}) == "LM170"


def test_of_another_neighborhood_no_gate_is_ordered(row, execute: Execute, elsewhere, now):  # noqa: F811
    foreign = make.gate(elsewhere, at=now)
    assert refused_with(execute, REMOTE, row | {"gate": foreign.pk}) == "LM010"


# Special days.


def test_a_special_day_is_written_before_it_comes(here, clerk, door, execute: Execute, now):  # noqa: F811
    insert = (
        "INSERT INTO access_specialday (id, neighborhood_id, day, counts_as, name, name_en, set_by_id, set_at)"
        " VALUES (gen_random_uuid(), %(here)s, %(day)s, 7, '春节', '', %(by)s, now())"
    )
    today = today_in(here, now)
    row = {"here": here.pk, "by": clerk.pk}
    for day in (today, today - timedelta(days=1)):
        assert refused_with(execute, insert, row | {"day": day}) == "LM175"
    execute(insert, row | {"day": today + timedelta(days=1)})
    back = "UPDATE access_specialday SET day = %(day)s"
    assert refused_with(execute, back, {"day": today}) == "LM175"
    door.refresh_from_db()
    assert door.calendar == {(today + timedelta(days=1)).isoformat(): 7}
    execute("DELETE FROM access_specialday")
    door.refresh_from_db()
    assert door.calendar == {}


@pytest.mark.parametrize("counts_as", [0, 8, 9])
def test_it_counts_as_a_day_of_the_week(here, clerk, now, counts_as):
    day = SpecialDay(
        neighborhood=here, day=today_in(here, now) + timedelta(days=3), counts_as=counts_as, name="春节"
    )
    day.set_by, day.set_at = clerk, now
    with pytest.raises(IntegrityError), transaction.atomic():
        day.save()


# High risk.


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_a_high_risk_gate_opens_by_no_face_alone(door, execute: Execute, way):  # noqa: F811
    statement = "UPDATE access_gate SET high_risk = true WHERE id = %(gate)s"
    assert refusal(execute, way, "access_gate", statement, {"gate": door.pk}) is not None
    assert not Gate.objects.get(pk=door.pk).high_risk


def test_nor_is_the_second_factor_taken_from_it(door, execute: Execute):  # noqa: F811
    execute("UPDATE access_gate SET high_risk = true, second_factor = true")
    assert refused_with(execute, "UPDATE access_gate SET second_factor = false", {}) == "23514"


def test_what_the_database_refuses_has_a_word(at_the_desk):
    at_the_desk.asked()
    with pytest.raises(OrderRefused, match="one_at_a_time"):
        at_the_desk.asked(by=at_the_desk.second)
