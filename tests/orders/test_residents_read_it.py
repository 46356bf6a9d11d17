"""What residents read: at once on their first page, and afterwards on the page of their gates; kinds, times and nobody's name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from access import emergency, lockdown, special_days
from access.models import EmergencyOpening, RemoteOpening, SpecialDay
from residents.ages import today_in
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(resident, door, now) -> Client:
    make.rule(door, resident, at=now)
    make.card(resident, at=now)
    return as_(resident)


def as_(resident, language="en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(resident.user)
    return client


def text(client, address="/") -> str:
    return client.get(address).content.decode()


def test_a_lock_down_is_on_the_first_page_as_long_as_it_stands(me, at_the_desk, now):
    asked = at_the_desk.asked()
    assert "Lock-down until" not in text(me)
    lockdown.confirm(lockdown=asked, by=at_the_desk.second, at=now)
    shown = text(me)
    assert "Lock-down until" in shown
    assert "Your card, PIN and codes open as ever, and everybody gets out." in shown
    assert "somebody or something dangerous near the gates" in shown
    lockdown.lift(lockdown=asked, by=at_the_desk.clerk, at=now)
    assert "Lock-down until" not in text(me)
    assert "Lock-down: somebody or something dangerous" in text(me, "/gates/")


def test_an_emergency_is_there_too(me, door, at_the_desk, now):
    opening = at_the_desk.emergency(door)
    assert "Emergency: South gate open until" in text(me)
    emergency.end(opening=opening, by=at_the_desk.clerk, at=now)
    assert "not reviewed yet" in text(me, "/gates/")
    emergency.review(opening=opening, finding=EmergencyOpening.Finding.MISTAKE, by=at_the_desk.second, at=now)
    assert "Emergency: it was a mistake" in text(me, "/gates/")


def test_of_an_opening_from_afar_they_read_the_kind_and_nobody(me, door, barrier, at_the_desk, clerk):
    for gate in (door, barrier):
        order = at_the_desk.remote(gate)
        RemoteOpening.objects.filter(pk=order.pk).update(heard_at=order.asked_at, outcome="opened")
    shown = text(me, "/gates/")
    assert shown.count("Opened once from afar: ambulance, fire brigade or police") == 1  # of their own gate
    assert clerk.username not in shown


def test_what_no_gate_reported_is_not_said_to_have_opened(me, door, at_the_desk):
    at_the_desk.remote(door)
    assert "Opened once from afar" not in text(me, "/gates/")


def test_days_with_other_hours_are_told_two_weeks_ahead(me, here, clerk, now):
    for ahead, name in ((4, "春节"), (40, "端午")):
        day = SpecialDay(neighborhood=here, day=today_in(here, now) + timedelta(days=ahead), name=name)
        special_days.enter(day=day, by=clerk, at=now)
    shown = text(me, "/gates/")
    assert "春节: the hours of a Sunday hold." in shown
    assert "端午" not in shown


def test_in_chinese_too(me, resident, door, at_the_desk):
    at_the_desk.locked()
    shown = text(as_(resident, "zh-hans"), "/gates/")
    assert "临时管控到" in shown
    assert "任何人都可以出门" in shown


def test_another_neighborhood_reads_nothing_of_it(stranger, door, at_the_desk):
    at_the_desk.locked()
    at_the_desk.emergency(door)
    theirs = as_(stranger)
    for address in ("/", "/gates/"):
        shown = text(theirs, address)
        assert "Lock-down" not in shown
        assert "South gate" not in shown


def test_whoever_is_signed_out_is_asked_to_sign_in(db):
    answer = Client().get("/gates/")
    assert answer.status_code == 302
    assert "/sign-in/" in answer["Location"]
