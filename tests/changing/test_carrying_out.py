"""On its day, by the sweep: once, if everybody still has a way in, and with nobody moved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access import cards, changing, gates, losing, pins
from access.changing import ChangeRefused
from access.models import Credential, FeedRow, Gate, MethodChange
from ledger.models import Entry
from portal import sweeps
from residents.ages import today_in
from residents.models import Neighborhood
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.changing.conftest import opens, ways

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A3")]
State = MethodChange.State


@pytest.fixture(autouse=True)
def quiet(committed, monkeypatch):
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def state(change):
    change.refresh_from_db()
    return change.state


def test_it_is_carried_out_by_the_sweep_on_its_day_and_once(door, household, at_the_desk, days_pass, now):
    before = opens("card"), ways()
    change = at_the_desk.announced(door, "card", "pin", "qr", "face")
    days_pass(change, 13)
    sweeps._change_gates(now)
    assert state(change) == State.ANNOUNCED
    assert not changing.carry_out(change=change, at=now)
    days_pass(change, 1)
    sweeps._change_gates(now)
    assert state(change) == State.DONE
    door.refresh_from_db()
    assert door.methods == ["card", "pin", "qr", "face"]
    assert (opens("card"), ways()) == before, "a method that comes in is nobody's until they choose it"
    assert not changing.carry_out(change=change, at=now)
    assert Entry.objects.filter(kind="methods.done").count() == 1
    assert changing.due(at=now + timedelta(days=400)) == []


def test_two_at_once_carry_it_out_once_and_two_announce_it_once(door, household, at_the_desk, days_pass, now):
    plan = at_the_desk.plan(door, "card", "pin")
    raised = at_once(
        *[lambda: changing.announce(change=plan, by=at_the_desk.second, at=now) for _ in range(2)]
    )
    assert [type(each) for each in raised if each] == [ChangeRefused]
    days_pass(plan, 14)
    assert not any(at_once(*[lambda: changing.carry_out(change=plan, at=now) for _ in range(2)]))
    assert state(plan) == State.DONE
    assert Entry.objects.filter(kind="methods.done").count() == 1
    assert Entry.objects.filter(kind="methods.announced").count() == 1


def test_called_off_while_it_is_carried_out_one_of_them_wins(door, household, at_the_desk, days_pass, now):
    change = at_the_desk.announced(door, "card", "pin")
    days_pass(change, 14)
    at_once(
        lambda: changing.carry_out(change=change, at=now),
        lambda: changing.call_off(change=change, by=at_the_desk.clerk, at=now),
    )
    door.refresh_from_db()
    ended = state(change)
    assert (ended, door.by_face) in {(State.DONE, False), (State.CALLED_OFF, True)}


def test_killed_in_between_it_is_as_if_it_had_not_begun(
    door, household, at_the_desk, days_pass, now, monkeypatch
):
    change = at_the_desk.announced(door, "card", "pin")
    days_pass(change, 14)

    def killed(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("access.changing.emptying.empty", lambda *a, **k: killed())
        with pytest.raises(KeyboardInterrupt):
            changing.carry_out(change=change, at=now)
    door.refresh_from_db()
    assert (state(change), door.by_face) == (State.ANNOUNCED, True)
    assert changing.carry_out(change=change, at=now)


@pytest.mark.obligation("1", "2")
def test_a_card_lost_before_the_day_holds_it_up_and_the_desk_is_told(
    door, household, at_the_desk, neighbor, days_pass, desk_page, now
):
    change = at_the_desk.announced(door, "card", "face")
    lost = losing.report_lost(resident=neighbor, by=None, at=now)
    assert lost.lent is not None
    days_pass(change, 14)
    for _ in range(3):
        sweeps._change_gates(now)
    door.refresh_from_db()
    assert (state(change), door.by_pin) == (State.ANNOUNCED, True)
    assert change.held_up_at is not None
    assert Entry.objects.filter(kind="methods.held_up").count() == 1
    assert "is held up" in desk_page("/desk/")
    assert str(neighbor.pk) in desk_page(f"/desk/gates/{door.pk}/methods/")
    cards.issue(resident=neighbor, number="04A20077", at=now)
    sweeps._change_gates(now)
    assert state(change) == State.DONE


def test_a_gate_out_of_service_waits_and_can_be_called_off(door, household, at_the_desk, days_pass, now):
    change = at_the_desk.announced(door, "card", "pin")
    days_pass(change, 15)
    door.in_service = False
    gates.save(gate=door, at=now)
    sweeps._change_gates(now)
    assert state(change) == State.ANNOUNCED
    assert change.held_up_at is not None
    changing.call_off(change=change, by=at_the_desk.clerk, at=now)
    door.refresh_from_db()
    door.in_service = True
    assert gates.save(gate=door, at=now).methods == ["card", "pin", "face"]


def test_a_place_that_is_none_for_cameras_by_now_holds_it_up(here, household, at_the_desk, days_pass, now):
    """And fails no sweep: the alarm would sound with each, and nobody at the desk would know why."""
    gate = make.gate(here, at=now, by_face=False)
    change = at_the_desk.announced(gate, "card", "face")
    gate.place = Gate.Place.SHARED_ROOM
    gates.save(gate=gate, at=now)
    days_pass(change, 14)
    sweeps._change_gates(now)
    assert (state(change), change.held_up_at is not None) == (State.ANNOUNCED, True)
    assert Entry.objects.filter(kind="methods.held_up").count() == 1


def test_a_door_that_is_of_high_risk_by_now_waits_for_its_second_factor(
    here, household, at_the_desk, days_pass, now
):
    gate = make.gate(here, at=now, by_face=False)
    change = at_the_desk.announced(gate, "card", "face")
    gate.high_risk = True
    gates.save(gate=gate, at=now)
    days_pass(change, 14)
    sweeps._change_gates(now)
    gate.refresh_from_db()
    assert (state(change), change.held_up_at is not None, gate.by_face) == (State.ANNOUNCED, True, False)
    gate.second_factor = True
    gates.save(gate=gate, at=now)
    sweeps._change_gates(now)
    gate.refresh_from_db()
    assert (state(change), gate.by_face) == (State.DONE, True)


def test_the_day_is_that_of_the_neighborhood(at_the_desk, second, clerk, superuser, days_pass, now):
    """The earliest calendar of the world and the latest are never on the same day."""
    found = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        place = make.neighborhood()
        Neighborhood.objects.filter(pk=place.pk).update(time_zone=zone)
        place.refresh_from_db()
        gate = make.gate(place, at=now)
        another = type(superuser).objects.create_superuser(username=zone)
        first = today_in(place, now)
        plan = changing.plan(
            gate=gate,
            methods=["card"],
            takes_effect_on=first + changing.NOTICE,
            why="so",
            by=superuser,
            at=now,
        )
        changing.announce(change=plan, by=another, at=now)
        found[zone] = plan
    east, west = found["Pacific/Kiritimati"], found["Pacific/Niue"]
    assert east.takes_effect_on > west.takes_effect_on
    days_pass(east, 14)
    # One and the same date: begun there, not begun here.
    days_pass(west, 14 - (east.takes_effect_on - (west.takes_effect_on - timedelta(days=14))).days)
    assert east.takes_effect_on == west.takes_effect_on
    assert changing.due(at=now) == [east]
    assert changing.carry_out(change=east, at=now)
    assert not changing.carry_out(change=west, at=now)
    # Nor by a caller whose clock runs ahead: the database asks its own.
    assert not changing.carry_out(change=west, at=now + timedelta(days=2))
    west.refresh_from_db()
    assert (west.state, west.gate.methods) == (State.ANNOUNCED, ["card", "face"])


def test_a_pin_that_goes_out_leaves_the_pin_itself_alone(
    door, household, at_the_desk, resident, days_pass, now
):
    """It opens other gates, and this one again if a keypad comes back; nobody has to choose it anew."""
    other = make.gate(door.neighborhood, at=now, by_pin=True)
    make.rule(other, resident, at=now)
    pins.choose(resident=resident, pin="482915", at=now)
    change = at_the_desk.announced(door, "card", "face")
    days_pass(change, 14)
    assert changing.carry_out(change=change, at=now)
    pin = Credential.objects.active().get(resident=resident, kind="pin")
    told = dict(FeedRow.objects.filter(credential=pin).values_list("gate", "present"))
    assert told == {door.pk: False, other.pk: True}
