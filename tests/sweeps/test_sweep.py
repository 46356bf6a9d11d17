"""The sweep: whatever is due is found, one failure keeps nobody else, and the alarm sounds when it does not get through."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache

from access import enrolment
from access.models import Enrolment, FeedRow, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import erasure, retention, sweeps
from portal.health import SWEEP_KEY
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.cast import draft, publish
from tests.enrolling import two_portraits
from vault import keys, rewrite

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=366)


@pytest.fixture(autouse=True)
def nudged(tmp_path: Path, settings, monkeypatch) -> list[str]:
    """Messages that were sent, instead of sending them; and pages, which no test's transaction can rewrite."""
    settings.PHOTOS = tmp_path / "photos"
    sent: list[str] = []
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: sent.append(f"{task.name} {target}"))
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)
    return sent


@pytest.fixture
def who(db, now):
    return make.resident(make.neighborhood(), at=now)


def begin(who, at):
    for purpose in Purpose:
        make.consent(who, purpose=purpose, at=at)
    return enrolment.begin(resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=at)


def everything(*, at) -> bool:
    """Both tasks that beat sends: what is over, and what is to be done."""
    ended = not any(turn.failed for turn in retention.sweep(at=at))
    return sweeps.sweep(at=at) and ended


def files(settings) -> list[Path]:
    return [path for path in Path(settings.PHOTOS).rglob("*") if path.is_file()]


@pytest.mark.obligation("9", "20")
def test_consent_that_ran_out_is_ended_and_erased(who, now):
    """Law 3 and the clock: nobody has to press anything."""
    make.face(who, at=now)
    key = Standing.objects.get(resident=who).key
    assert everything(at=now + timedelta(days=364))
    assert Template.objects.exists()
    assert everything(at=now + YEAR)
    assert not Template.objects.exists()
    assert not Standing.objects.exists()
    assert keys.state(key) == keys.State.DESTROYED
    order = ErasureOrder.objects.complete().get()
    assert order.cause == ErasureOrder.Cause.EXPIRED


@pytest.mark.obligation("7", "9", "3")
def test_a_new_form_takes_faces_off_the_gates_and_leaves_cards(who, now):
    """No template goes out from then on, the sweep ends the old yes, and nobody has to press anything."""
    door = make.gate(who.neighborhood, at=now)
    make.rule(door, who, at=now)
    card, face = make.card(who, at=now), make.face(who, at=now)
    key = Standing.objects.get(resident=who).key
    reader = make.device(door)
    publish(form=draft(who.neighborhood, Purpose.FACE_AT_GATE, version=2), by=who.user, at=now)
    assert not any("template" in row for row in reader.feed().json()["rows"])
    assert everything(at=now)
    rows = {row.credential_id: row for row in FeedRow.objects.filter(gate=door)}
    assert (rows[card.pk].present, rows[face.pk].present) == (True, False)
    assert not Template.objects.exists()
    assert keys.state(key) == keys.State.DESTROYED
    order = ErasureOrder.objects.get()
    assert order.cause == ErasureOrder.Cause.FORM_CHANGED


@pytest.mark.obligation("F16")
def test_a_lost_message_is_sent_again_but_not_a_thousand_times(who, now, nudged):
    begun = begin(who, now)
    for second in range(3):
        sweeps.sweep(at=now + timedelta(seconds=second))
    assert nudged == [f"access.enrol {begun.pk}"]
    cache.clear()  # Redis forgot
    sweeps.sweep(at=now)
    assert len(nudged) == 2


@pytest.mark.obligation("20")
def test_photos_go_with_the_clock_even_where_no_worker_ever_comes(who, now, settings):
    begin(who, now)
    everything(at=now + timedelta(minutes=15))
    assert files(settings) == []
    assert Enrolment.objects.get().reason == "could_not_finish"


@pytest.mark.obligation("F16", "9")
def test_one_failure_keeps_nobody_else_and_shows_in_health(who, now, monkeypatch, caplog):
    others = [make.resident(who.neighborhood, at=now) for _ in range(2)]
    for each in (who, *others):
        make.face(each, at=now)
    expire = withdrawal.expire

    def fail_for_one(*, standing, at):
        if standing.resident_id == who.pk:
            raise ValueError("柳一 cannot be deleted")
        return expire(standing=standing, at=at)

    monkeypatch.setattr(withdrawal, "expire", fail_for_one)
    with caplog.at_level(logging.ERROR):
        assert not everything(at=now + YEAR)
    assert {standing.resident for standing in Standing.objects.all()} == {who}
    assert ErasureOrder.objects.complete().count() == 2
    assert cache.get(retention.RETENTION_KEY) is None
    assert "ValueError" in caplog.text
    assert "柳一" not in caplog.text
    monkeypatch.setattr(withdrawal, "expire", expire)
    assert everything(at=now + YEAR)
    assert cache.get(retention.RETENTION_KEY) == (now + YEAR).timestamp()
    assert cache.get(SWEEP_KEY) == (now + YEAR).timestamp()


@pytest.mark.obligation("F16")
def test_an_order_nobody_was_told_of_is_found(who, now):
    make.face(who, at=now)
    order = withdrawal.withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now)
    assert not ErasureOrder.objects.complete().exists()
    sweeps.sweep(at=now)
    assert ErasureOrder.objects.complete().get() == order


def test_it_does_not_hammer_what_is_not_ready(who, now, monkeypatch):
    make.face(who, at=now)
    withdrawal.withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now)
    tried = []
    monkeypatch.setitem(erasure.PLACE_KINDS, ErasurePlace.Kind.PAGES, lambda place, _: tried.append(place))
    for second in range(60):
        sweeps.sweep(at=now + timedelta(seconds=second))
    assert 3 <= len(tried) <= 6


def test_it_may_run_twice_at_a_time(who, now):
    make.face(who, at=now)
    assert everything(at=now + YEAR)
    assert everything(at=now + YEAR)
    assert ErasureOrder.objects.count() == 1
