"""Planned by one, announced by another, called off by either: and nothing moves meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from access import cards, changing, gates, outlook, pins, qr, rules
from access.changing import ChangeRefused
from access.models import Credential, Gate, MethodChange
from ledger.models import Entry
from residents.register import register
from tests import make
from tests.changing.conftest import opens, ways

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A3")]
State = MethodChange.State


def test_a_plan_says_from_what_to_what_and_when_and_changes_nothing(door, household, at_the_desk):
    before = opens("card"), ways()
    change = at_the_desk.plan(door, "card", "qr")
    assert (change.before, change.after, change.state) == ("card,pin,face", "card,qr", State.PLANNED)
    assert (change.given_up, change.brought_in) == (["pin", "face"], ["qr"])
    assert change.announced_at is None
    door.refresh_from_db()
    assert door.methods == ["card", "pin", "face"]
    assert (opens("card"), ways()) == before
    assert Entry.objects.filter(kind="methods.planned").count() == 1


def test_whoever_planned_it_does_not_announce_it(door, household, at_the_desk, now):
    change = at_the_desk.plan(door, "card", "pin")
    with pytest.raises(ChangeRefused, match="same_person"):
        changing.announce(change=change, by=at_the_desk.clerk, at=now)
    announced = changing.announce(change=change, by=at_the_desk.second, at=now)
    assert announced.state == State.ANNOUNCED
    assert announced.announced_at is not None
    with pytest.raises(ChangeRefused, match="closed"):
        changing.announce(change=change, by=at_the_desk.second, at=now)


def test_it_is_announced_fourteen_days_before_by_the_calendar_there(door, household, at_the_desk):
    with pytest.raises(ChangeRefused, match="too_soon"):
        at_the_desk.plan(door, "card", "pin", days=13)
    assert at_the_desk.plan(door, "card", "pin", days=14).state == State.PLANNED


def test_a_plan_that_lay_too_long_is_planned_anew(door, household, at_the_desk, now):
    change = at_the_desk.plan(door, "card", "pin")
    with pytest.raises(ChangeRefused, match="too_soon"):
        changing.announce(change=change, by=at_the_desk.second, at=now + timedelta(days=1, hours=1))
    changing.call_off(change=change, by=at_the_desk.second, at=now)
    assert at_the_desk.plan(door, "card", "pin", days=20).state == State.PLANNED


@pytest.mark.parametrize(
    ("methods", "why"),
    [(("pin", "face"), "no_card"), (("card", "pin", "face"), "same")],
)
def test_a_card_is_never_given_up_and_a_change_changes_something(door, household, at_the_desk, methods, why):
    with pytest.raises(ChangeRefused, match=why):
        at_the_desk.plan(door, *methods)


def test_a_camera_comes_only_where_everybody_passes(here, at_the_desk, now):
    room = gates.put_up(neighborhood=here, name="活动室", place=Gate.Place.SHARED_ROOM, at=now)
    with pytest.raises(ChangeRefused, match="not_here"):
        at_the_desk.plan(room, "card", "face")


def test_a_door_of_high_risk_takes_faces_only_beside_something_else(here, at_the_desk, now):
    vault = make.gate(here, at=now, by_face=False)
    vault.high_risk = True
    gates.save(gate=vault, at=now)
    with pytest.raises(ChangeRefused, match="face_alone"):
        at_the_desk.plan(vault, "card", "face")
    vault.second_factor = True
    gates.save(gate=vault, at=now)
    assert at_the_desk.plan(vault, "card", "face").methods_after == ["card", "face"]


def test_one_plan_at_a_time_for_a_gate(door, household, at_the_desk):
    at_the_desk.plan(door, "card", "pin")
    with pytest.raises(ChangeRefused, match="open_already"):
        at_the_desk.plan(door, "card", "face")


def test_a_gate_that_never_served_is_simply_set_up(here, at_the_desk, now):
    gate = gates.put_up(neighborhood=here, name="新门", in_service=False, at=now)
    with pytest.raises(ChangeRefused, match="never_served"):
        at_the_desk.plan(gate, "card", "qr")
    gate.by_qr = True
    assert gates.save(gate=gate, at=now).methods == ["card", "qr"]


@pytest.mark.obligation("A3")
def test_one_person_with_two_accounts_is_not_two(here, door, household, at_the_desk, now):
    for account in (at_the_desk.clerk, at_the_desk.second):
        person = register(neighborhood=here, name="卫姐", phone="13800138777")
        person.user = account
        person.save()
    change = at_the_desk.plan(door, "card", "pin")
    with pytest.raises(ChangeRefused, match="same_person"):
        changing.announce(change=change, by=at_the_desk.second, at=now)
    with pytest.raises(DatabaseError, match="not two"), transaction.atomic():
        MethodChange.objects.filter(pk=change.pk).update(state="announced", confirmed_by=at_the_desk.second)


def test_a_stranger_to_this_neighborhood_plans_and_announces_nothing(
    door, household, at_the_desk, outsider, resident, now
):
    for nobody in (outsider, resident.user):
        with pytest.raises(PermissionDenied):
            at_the_desk.plan(door, "card", by=nobody)
    change = at_the_desk.plan(door, "card", "pin")
    for act in (changing.announce, changing.call_off):
        with pytest.raises(PermissionDenied):
            act(change=change, by=outsider, at=now)
    with pytest.raises(PermissionDenied):
        changing.switch_off_faces(gate=door, why="camera opened", by=outsider, at=now)


def test_called_off_leaves_all_as_it_was_and_is_final(door, household, at_the_desk, now):
    before = opens("card"), opens("face"), ways()
    change = at_the_desk.announced(door, "card", "qr")
    changing.call_off(change=change, by=at_the_desk.clerk, at=now)
    change.refresh_from_db()
    assert change.state == State.CALLED_OFF
    for act in (changing.announce, changing.call_off):
        with pytest.raises(ChangeRefused, match="closed"):
            act(change=change, by=at_the_desk.second, at=now)
    assert not changing.carry_out(change=change, at=now + timedelta(days=15))
    door.refresh_from_db()
    assert door.methods == ["card", "pin", "face"]
    assert (opens("card"), opens("face"), ways()) == before


# --- Who would be left without


@pytest.mark.obligation("1", "2")
def test_who_comes_by_pin_alone_is_named_as_needing_a_card_and_holds_it_up(
    door, household, at_the_desk, neighbor, now
):

    pins.choose(resident=neighbor, pin="482915", at=now)
    Credential.objects.filter(resident=neighbor, kind="card").update(ended_at=now)
    change = at_the_desk.plan(door, "card", "face")
    foreseen = outlook.of(gate=door, methods=change.methods_after, at=now)
    assert (foreseen.entitled, foreseen.keeps, list(foreseen.left_without)) == (2, 1, [neighbor])
    with pytest.raises(ChangeRefused, match="left_without"):
        changing.announce(change=change, by=at_the_desk.second, at=now)
    cards.issue(resident=neighbor, number="04A20099", at=now)
    assert changing.announce(change=change, by=at_the_desk.second, at=now).state == State.ANNOUNCED


def test_a_pin_is_a_way_that_remains_where_the_keypad_stays(door, household, at_the_desk, neighbor, now):

    pins.choose(resident=neighbor, pin="482915", at=now)
    Credential.objects.filter(resident=neighbor, kind="card").update(ended_at=now)
    assert outlook.of(gate=door, methods=["card", "pin"], at=now).nobody_is_left
    assert at_the_desk.announced(door, "card", "pin").state == State.ANNOUNCED


@pytest.mark.obligation("1", "2")
def test_a_phone_is_no_way_that_remains(door, household, at_the_desk, neighbor, now):
    """A QR code comes beside: whoever has only that needs a card as well."""

    qr.token_for(resident=neighbor, at=now)
    make.face(neighbor, at=now)
    lent = Credential.objects.filter(resident=neighbor, kind="card")

    pins.lend(resident=neighbor, at=now)
    lent.update(ended_at=now)
    foreseen = outlook.of(gate=door, methods=["card", "qr", "face"], at=now)
    assert list(foreseen.left_without) == [neighbor]


def test_who_uses_faces_is_counted_only_where_no_number_says_who(door, here, at_the_desk, now):

    people = [make.resident(here, at=now) for _ in range(12)]
    for who in people:
        make.rule(door, who, at=now)
        make.card(who, at=now)
    for users, shown in ((4, None), (5, 5), (7, 7), (8, None), (12, None)):
        for who in people[:users]:
            if not who.credentials.filter(kind="face", ended_at=None).exists():
                make.face(who, at=now)
        assert outlook.of(gate=door, methods=["card", "pin"], at=now).faces == shown, users


def test_the_database_and_this_code_find_the_same_people(door, here, household, at_the_desk, now):
    """The trigger asks by itself, in SQL: who lives here, small children left out, with a card, or a PIN at a keypad."""

    with_card, with_pin, with_nothing, by_name, child, gone, later = (
        make.resident(here, at=now) for _ in range(7)
    )
    for who in (with_card, with_pin, with_nothing, child, gone, later):
        make.rule(door, who, at=now)
    rules.add(gate=door, resident=by_name, at=now)
    make.card(with_card, at=now)
    for who in (with_pin, by_name):
        pins.choose(resident=who, pin="482915", at=now)
        assert not Credential.objects.filter(resident=who, kind="card").exists()
    child.born = (now - timedelta(days=3 * 365)).date()
    child.save()
    make.tombstone(gone, at=now)
    for keypad, expected in ((True, {with_nothing}), (False, {with_nothing, with_pin, by_name})):
        methods = ["card", "pin"] if keypad else ["card"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT access_left_without(%s, %s)", [door.pk, keypad])
            by_database = {row[0] for row in cursor.fetchall()}
        by_code = {each.pk for each in outlook.of(gate=door, methods=methods, at=now).left_without}
        expected_here = {each.pk for each in expected} | {later.pk}
        assert by_database == by_code == expected_here, keypad
