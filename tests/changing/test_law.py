"""What the database holds by itself: raw SQL as the application's own role changes no gate's methods without a plan."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from access import beside, changing, gates
from access.models import Device, Gate, MethodChange
from residents.ages import today_in
from residents.models import Neighborhood
from tests import make
from tests.laws.conftest import WAYS_ROUND, Execute, execute, refusal  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A3", "1", "2")]

SET = "UPDATE access_gate SET {} WHERE id = %(gate)s"
INSERT = (
    "INSERT INTO access_methodchange (id, neighborhood_id, gate_id, kind, state, before, after, why, takes_effect_on,"
    " planned_by_id, planned_at, confirmed_by_id, announced_at, done_at)"
    " VALUES (gen_random_uuid(), %(here)s, %(gate)s, %(kind)s, %(state)s, %(before)s, %(after)s, %(why)s, %(day)s,"
    " %(by)s, now(), %(second)s, %(announced)s, %(done)s)"
)


@pytest.fixture
def row(door, here, clerk, now):
    return {
        "here": here.pk,
        "gate": door.pk,
        "kind": "planned",
        "state": "planned",
        "before": "card,pin,face",
        "after": "card,pin",
        "why": "so",
        "day": today_in(here, now) + timedelta(days=20),
        "by": clerk.pk,
        "second": None,
        "announced": None,
        "done": None,
    }


@pytest.mark.parametrize("way", WAYS_ROUND)
@pytest.mark.parametrize(
    "change", ["by_pin = false", "by_qr = true", "by_face = false", "by_fingerprint = true"]
)
def test_no_method_comes_or_goes_without_a_plan(door, execute: Execute, way, change):  # noqa: F811
    assert refusal(execute, way, "access_gate", SET.format(change), {"gate": door.pk}) is not None
    door.refresh_from_db()
    assert door.methods == ["card", "pin", "face"]


@pytest.mark.parametrize(
    "steps",
    [
        ("in_service = false, by_pin = false", ""),
        ("in_service = false", "by_pin = false"),
        (
            "in_service = false, beside_since = now()",
            "by_face = false, in_service = true, beside_since = null",
        ),
        ("served_since = null, by_pin = false", ""),
        ("served_since = null", "by_pin = false"),
        ("id = gen_random_uuid()", ""),
    ],
)
def test_taking_it_out_of_service_or_beside_is_no_way_round(door, execute: Execute, steps):  # noqa: F811
    refused = [
        refusal(execute, "plainly", "access_gate", SET.format(step), {"gate": door.pk})
        for step in steps
        if step
    ]
    assert refused[-1] is not None
    assert Gate.objects.get().methods == ["card", "pin", "face"]


def test_a_gate_that_served_is_not_put_away_to_make_another(door, execute: Execute):  # noqa: F811
    with pytest.raises(psycopg.Error, match="not deleted"):
        execute("DELETE FROM access_gate WHERE id = %s", [door.pk])


@pytest.mark.parametrize(
    "bent",
    [
        {"state": "done", "done": "2020-01-01"},
        {"state": "announced", "announced": "2020-01-01"},
        {"state": "called_off"},
        {"announced": "2020-01-01"},
        {"before": "card"},
        {"after": "pin,face"},
        {"after": "card,pin,face"},
        {"why": " "},
        {"day": None},
        {"kind": "other"},
        {"kind": "incident", "state": "planned"},
        # At once goes a face, and nothing else.
        {"kind": "incident", "state": "done", "day": None, "after": "card"},
        {"kind": "incident", "state": "done", "day": None, "after": "card,face"},
        {"kind": "incident", "state": "done", "day": None, "after": "card,pin,qr,face"},
        {"kind": "incident", "state": "done", "day": None, "why": ""},
    ],
    ids=str,
)
def test_a_plan_begins_at_its_beginning(row, execute: Execute, bent):  # noqa: F811
    with pytest.raises(psycopg.Error):
        execute(INSERT, row | bent)
    assert not MethodChange.objects.exists()


def test_nobody_but_staff_plans(row, resident, execute: Execute):  # noqa: F811
    with pytest.raises(psycopg.Error, match="beginning"):
        execute(INSERT, row | {"by": resident.user.pk})
    execute(INSERT, row)
    with pytest.raises(psycopg.Error, match="methodchange_open_once"):
        execute(INSERT, row)


@pytest.mark.parametrize(
    "step",
    [
        "state = 'done'",
        "state = 'announced'",
        "state = 'announced', confirmed_by_id = planned_by_id",
        "takes_effect_on = takes_effect_on - 10",
        "after = 'card'",
        "why = 'another'",
    ],
)
def test_a_plan_takes_no_step_by_itself(row, execute: Execute, step):  # noqa: F811
    execute(INSERT, row)
    with pytest.raises(psycopg.Error):
        execute(f"UPDATE access_methodchange SET {step}")


def test_what_was_announced_is_neither_brought_forward_nor_done_before_its_day(
    door,
    household,
    at_the_desk,
    execute: Execute,  # noqa: F811
):
    at_the_desk.announced(door, "card", "pin")
    for step in (
        "state = 'done'",
        "takes_effect_on = current_date",
        "announced_at = announced_at - interval '1 month'",
        "confirmed_by_id = planned_by_id",
        "state = 'planned'",
    ):
        with pytest.raises(psycopg.Error):
            execute(f"UPDATE access_methodchange SET {step}")
    with pytest.raises(psycopg.Error, match="stays on record"):
        execute("DELETE FROM access_methodchange")
    with pytest.raises(psycopg.Error):
        execute("TRUNCATE access_methodchange")


def test_a_change_of_which_nothing_shows_at_the_gate_is_not_done(committed, row, app_sql):
    with pytest.raises(psycopg.Error, match="shows at its gate"):
        app_sql().execute(INSERT, row | {"kind": "incident", "state": "done", "day": None})
    assert not MethodChange.objects.exists()


def test_what_comes_back_into_service_comes_back_as_it_was(door, clerk, now):
    door.in_service = False
    gates.save(gate=door, at=now)
    door.by_pin = False
    with pytest.raises(gates.Announced):
        gates.save(gate=door, at=now)


def test_a_new_gate_is_set_up_beside_and_switched_over_freely(here, clerk, now):
    gate = gates.put_up(neighborhood=here, name="新门", in_service=False, at=now)
    beside.begin(gate=gate, by=clerk, at=now)
    gate.by_qr = True
    gates.save(gate=gate, at=now)
    Device.objects.filter(pk=make.device(gate, at=now).device.pk).update(last_poll_at=now)
    over = beside.switch_over(gate=gate, by=clerk, at=now)
    assert (over.methods, over.in_service) == (["card", "qr"], True)
    assert over.served_since is not None
    over.by_qr = False
    with pytest.raises(gates.Announced):
        gates.save(gate=over, at=now)


def test_the_days_of_the_database_are_those_of_this_code():
    """Two places know the number; both are asked by the tests above and below."""
    law = Path("access/migrations/0019_methods_change_by_plan.py").read_text()
    assert f"residents_today(NEW.neighborhood_id) + {changing.NOTICE.days} THEN" in law


def test_a_clock_that_is_moved_makes_fourteen_days_no_shorter(
    here,
    door,
    at_the_desk,
    days_pass,
    committed,
    now,
    execute: Execute,  # noqa: F811
):
    """Announced where it is still yesterday, and by its day the neighborhood is said to lie where it is tomorrow."""
    Neighborhood.objects.filter(pk=here.pk).update(time_zone="Pacific/Pago_Pago")
    door.neighborhood.refresh_from_db()
    change = at_the_desk.announced(door, "card", "pin")
    change.refresh_from_db()
    assert change.announced_in_zone == "Pacific/Pago_Pago"
    days_pass(change, 13)
    Neighborhood.objects.filter(pk=here.pk).update(time_zone="Pacific/Kiritimati")
    assert [each.pk for each in changing.due(at=now)] == [change.pk]
    assert not changing.carry_out(change=change, at=now)
    done = "UPDATE access_methodchange SET state = 'done' WHERE id = %(change)s"
    with pytest.raises(psycopg.Error) as refused:
        execute(done, {"change": change.pk})
    assert refused.value.sqlstate == "LM086"
    with pytest.raises(psycopg.Error):
        execute("UPDATE access_methodchange SET announced_in_zone = ''", {})
    days_pass(change, 1)
    assert changing.carry_out(change=change, at=now)
