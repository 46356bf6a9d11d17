"""The server's clock is set forward and back by hours, between the acts of an erasure and of a sweep: late by that much at the
worst, and nothing is lost, nothing done twice, nobody erased early, and no sign of life is taken from tomorrow (F16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db.models import Sum

from access.models import EntryEvent
from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from ledger.models import Entry
from portal import erasure, health, retention, sweeps
from residents.models import ErasureOrder, Resident, RetentionRun
from tests import long_ago, make
from tests.processes.test_a_person_goes import move_out
from tests.retention.due import Place, make_due, rule

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOURS = 6
STEPS = [timedelta(hours=hours) for hours in (-HOURS, 0, HOURS)]


@pytest.fixture(autouse=True)
def ground(committed, tmp_path, settings, monkeypatch) -> None:
    settings.PHOTOS = tmp_path / "photos"
    settings.PHOTOS.mkdir(mode=0o700)
    settings.JOURNAL = tmp_path / "journal"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def count(who: Resident, kind: str) -> int:
    return Entry.objects.filter(subject=who.pk, kind=kind).count()


@pytest.mark.obligation("9", "F15", "F16")
def test_an_order_is_complete_once_whatever_the_clock_said_as_it_was_opened_and_seen_to(committed):
    place = make.neighborhood()
    orders: dict[tuple[timedelta, ...], ErasureOrder] = {}
    for opened, first, second in product(STEPS, repeat=3):
        now = datetime.now(UTC)
        who = make.resident(place, at=now)
        make.face(who, at=now)
        order = withdrawal.withdraw(
            resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now + opened
        )
        for step in (first, second):
            erasure.run(order=order.pk, at=now + step)
        orders[opened, first, second] = order
    # By the clock that is right, no later than the longest step and the longest wait.
    for minutes in (0, 4, 60 * HOURS + 5, 60 * HOURS + 65):
        assert sweeps.sweep(at=datetime.now(UTC) + timedelta(minutes=minutes))
    done = ErasureOrder.objects.complete()
    for steps, order in orders.items():
        assert order in done, [str(step) for step in steps]
        assert count(order.resident, "erasure.opened") == count(order.resident, "erasure.complete") == 1, (
            steps
        )


# In one statement, row by row, and with a room's own act.
WAYS = ("access.entry_events", "residents.letters", "committees.service_words")


@pytest.mark.obligation("20", "F16")
@pytest.mark.parametrize("steps", list(product(STEPS, repeat=2)), ids=str)
def test_a_sweep_counts_each_row_once_and_leaves_none(committed, steps):
    now = datetime.now(UTC) + timedelta(hours=23, minutes=55)  # as the tests of retention have it
    place = Place.made(now)
    rules = [rule(code) for code in WAYS]
    for step in (*steps, timedelta(0)):
        there = [make_due(code, place) for code in WAYS]
        retention.sweep(at=now + step, rules=rules)
    retention.sweep(at=now + timedelta(hours=HOURS), rules=rules)
    assert not any(each() for each in there)
    assert not EntryEvent.objects.exists()
    counted = RetentionRun.objects.filter(rule__in=WAYS).values_list("rule").annotate(Sum("deleted"))
    assert dict(counted) == dict.fromkeys(WAYS, 3)


@pytest.mark.obligation("9", "20")
def test_a_clock_that_is_ahead_erases_nobody_early_and_goes_on_when_it_is_right(committed, resident, now):
    make.card(resident, at=now)
    move_out(resident, now)
    left = now - timedelta(days=30) + timedelta(hours=HOURS - 1)
    long_ago.left_at(resident, left)
    assert not sweeps.sweep(at=now + timedelta(hours=HOURS)), "refused by the database, for all to see"
    assert Resident.objects.get(pk=resident.pk).name
    assert sweeps.sweep(at=now)
    assert Resident.objects.get(pk=resident.pk).name
    long_ago.left_at(resident, now - timedelta(days=30))
    assert sweeps.sweep(at=now)
    assert Resident.objects.get(pk=resident.pk).erased_at


@pytest.mark.obligation("20", "F16")
def test_a_sweep_of_tomorrow_is_no_sign_of_life(committed, now):
    """The clock was ahead, is set back, and the worker has died: its last word must not count for hours."""
    assert sweeps.sweep(at=now + timedelta(hours=HOURS))
    retention.sweep(at=now + timedelta(hours=HOURS))
    said = health.report(now=now)
    assert (said["beat"]["ok"], said["retention"]["ok"]) == (False, False), said["retention"]
    assert sweeps.sweep(at=now)
    retention.sweep(at=now)
    said = health.report(now=now)
    assert (said["beat"]["ok"], said["retention"]["ok"]) == (True, True), said["retention"]
