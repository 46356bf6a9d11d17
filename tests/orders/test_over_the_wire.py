"""What a reader is told of an order, what it does, and what it says back: the real agent against the real API."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from access import cards, emergency, gates, passes, pins, rules, special_days
from access.devices import find
from access.facts import facts_of, said_to
from access.models import EntryEvent, FeedRow, RemoteOpening, SpecialDay
from gate.decide import Reason
from gate.feed import read_page
from residents.ages import today_in
from tests import make

pytestmark = pytest.mark.django_db
SAYS = {"high_risk", "second_factor", "calendar", "call", "held_open", "open_once", "locked_down_until"}


def page(reader):
    answer = reader.feed()
    assert answer.status_code == 200, answer.content
    return read_page(answer.json()).facts


def event(kind, order, *, at, sequence=1, outcome="opened", reason="opened_by_staff"):
    return {
        "sequence": sequence,
        "at": at.isoformat(),
        "kind": kind,
        "credential": str(order),
        "outcome": outcome,
        "reason": reason,
    }


def test_a_page_says_what_a_gate_is_told_and_nothing_of_anybody(door, reader, now):
    told = facts_of(door, signed=False, at=now)
    assert set(told) >= SAYS
    assert reader.feed().json().keys() >= SAYS


def test_an_opening_from_afar_is_on_the_next_page_and_gone_once_it_was_reported(
    door, reader, at_the_desk, now
):
    order = at_the_desk.remote(door)
    assert page(reader).open_once.order == str(order.pk)
    boot = str(uuid4())
    assert reader.events(event("remote", order.pk, at=now), boot=boot).json()["unknown"] == []
    order.refresh_from_db()
    assert (order.outcome, order.heard_at is not None) == ("opened", True)
    assert page(reader).open_once is None
    reader.events(event("remote", order.pk, at=now), boot=boot)  # said twice
    assert EntryEvent.objects.filter(kind="remote").count() == 1


def test_an_opening_that_nobody_fetched_is_not_delivered_late(door, reader, at_the_desk, now):
    order = at_the_desk.remote(door)
    door.refresh_from_db()
    assert facts_of(door, signed=False, at=order.until - timedelta(seconds=1))["open_once"]
    assert facts_of(door, signed=False, at=order.until)["open_once"] is None


def test_another_gate_neither_opens_by_it_nor_reports_it(barrier, door, at_the_desk, now):
    other = make.device(barrier)
    order = at_the_desk.remote(door)
    assert page(other).open_once is None
    other.events(event("remote", order.pk, at=now), boot=str(uuid4()))
    order.refresh_from_db()
    assert order.heard_at is None


def test_an_emergency_reaches_all_gates_and_each_that_reports_is_counted(
    door, barrier, reader, at_the_desk, now
):
    beyond = make.device(barrier)
    opening = at_the_desk.emergency()
    assert page(reader).held_open.order == page(beyond).held_open.order == str(opening.pk)
    for each in (reader, beyond):
        each.events(event("emergency", opening.pk, at=now, reason="emergency"), boot=str(uuid4()))
    assert emergency.heard_by(opening) == 2
    emergency.end(opening=opening, by=at_the_desk.clerk, at=now)
    assert page(reader).held_open is None


def test_a_lock_down_is_on_the_page_while_it_stands(reader, at_the_desk):
    locked = at_the_desk.locked()
    said = page(reader).locked_down_until
    assert timedelta(0) <= locked.until - said < timedelta(milliseconds=1)  # times go out to the millisecond


def test_what_is_said_to_one_who_calls_again_ends_by_the_clock(reader, at_the_desk, now):
    """A server that keeps what it last said of a gate asks the clock each time, and a caller of other columns is another."""
    free = find(reader.device.pk)
    locked = at_the_desk.locked()
    caller = find(reader.device.pk)
    said = said_to(caller, at=locked.until - timedelta(seconds=1))
    assert said_to(caller, at=locked.until - timedelta(milliseconds=1)) is said
    over = said_to(caller, at=locked.until)
    assert '"locked_down_until":null' in over.written
    assert over.name == said_to(free, at=now).name != said.name


def test_the_calendar_and_the_telephone_are_on_every_page(here, clerk, reader, now):
    here.guard_phone = "0571 8800 1002"
    here.save()
    day = SpecialDay(neighborhood=here, day=today_in(here, now) + timedelta(days=4), counts_as=7, name="春节")
    special_days.enter(day=day, by=clerk, at=now)
    told = page(reader)
    assert (told.calendar, told.call) == ({day.day: 7}, "0571 8800 1002")


@pytest.mark.obligation("2", "3")
def test_the_calendar_is_the_same_for_whoever_refused_and_whoever_agreed(
    here, clerk, door, resident, neighbor, now
):
    """Law 2: it is a gate's, and no row of anybody changes by it."""
    for who in (resident, neighbor):
        make.rule(door, who, at=now)
        make.card(who, at=now)
    before = dict(FeedRow.objects.values_list("credential", "body"))
    special_days.enter(
        day=SpecialDay(neighborhood=here, day=today_in(here, now) + timedelta(days=4), name="春节"),
        by=clerk,
        at=now,
    )
    assert dict(FeedRow.objects.values_list("credential", "body")) == before
    assert len({str(body["windows"]) for body in before.values()}) == 1


@pytest.mark.obligation("22")
def test_whose_pin_goes_with_a_face_is_said_at_doors_that_ask_for_more_and_nowhere_else(
    here, door, resident, now
):
    risky = gates.put_up(
        neighborhood=here, name="机房", by_pin=True, by_face=True, high_risk=True, second_factor=True, at=now
    )
    for gate in (door, risky):
        make.rule(gate, resident, at=now)
    cards.issue(resident=resident, number="04A2 0001", at=now)
    pins.lend(resident=resident, at=now)
    said = {
        (row.gate_id, row.body["kind"]): row.body.get("holder")
        for row in FeedRow.objects.filter(present=True)
    }
    assert said[door.pk, "card"] is said[door.pk, "pin"] is said[risky.pk, "card"] is None
    assert said[risky.pk, "pin"] not in (None, str(resident.pk))
    other = gates.put_up(
        neighborhood=here, name="档案室", by_pin=True, by_face=True, second_factor=True, at=now
    )
    make.rule(other, resident, at=now)
    elsewhere = FeedRow.objects.get(gate=other, body__kind="pin").body["holder"]
    assert elsewhere != said[risky.pk, "pin"]  # nobody joins two gates by it


@pytest.mark.obligation("22")
def test_no_pseudonym_goes_out_beside_a_card(door, resident, now):
    make.rule(door, resident, at=now)
    make.card(resident, at=now)
    row = FeedRow.objects.get(gate=door, present=True)
    row.body["holder"], row.version = str(uuid4()), row.version + 1
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.obligation("2", "3")
def test_hours_at_a_door_of_high_risk_are_everybodys(here, resident, now):
    """A card opens there alone, at the hours of whoever also shows a face."""
    risky = gates.put_up(
        neighborhood=here, name="机房", by_pin=True, by_face=True, high_risk=True, second_factor=True, at=now
    )
    make.rule(risky, resident, at=now)
    make.card(resident, at=now)
    pins.lend(resident=resident, at=now)
    rows = {row.body["kind"]: row.body["windows"] for row in FeedRow.objects.filter(gate=risky, present=True)}
    assert rows["card"] == rows["pin"]


def test_an_event_of_an_order_brings_no_way_in_with_it(reader, now):
    boot = str(uuid4())
    answer = reader.events(event("remote", uuid4(), at=now), boot=boot)
    assert answer.status_code == 200
    assert RemoteOpening.objects.count() == 0


def test_every_reason_of_the_door_is_a_code_that_events_take():
    import re

    from access.models.events import CODE

    assert all(re.match(CODE, reason.value) for reason in Reason)


def test_a_visitors_pass_waits_out_the_lock_down_at_the_door_alone(door, resident, at_the_desk, now):
    """The pass goes on being told to the gate: it opens again by itself when the lock-down is over."""
    rules.add(gate=door, resident=resident, at=now)
    make.card(resident, at=now)
    passes.make(
        resident=resident,
        gates=passes.gates_for_visitors(resident=resident, at=now),
        valid_from=now,
        valid_until=now + timedelta(hours=4),
        label="",
        at=now,
    )
    before = FeedRow.objects.filter(present=True, body__kind="pass").count()
    at_the_desk.locked()
    assert FeedRow.objects.filter(present=True, body__kind="pass").count() == before == 1
