"""A gate that says nothing rings once, ends when it is heard of for a while, and rings whoever of the machines is dead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test import Client

from access import devices, silences
from access.models import Device, Gate, Silence
from access.silences import CALM
from ledger.models import Entry
from portal import sweeps
from residents.models import Alarm, Message, Resident, Wish
from tests import make
from tests.notifying import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def gate(here, now) -> Gate:
    return make.gate(here, at=now, by_face=False)


@pytest.fixture
def reader(gate, now) -> make.Reader:
    return make.device(gate, at=now)


@pytest.fixture
def late(settings, now) -> datetime:
    """When it is silent for too long."""
    return now + timedelta(seconds=settings.GATE_SILENT_SECONDS + 1)


def heard(at: datetime) -> None:
    Device.objects.update(last_poll_at=at)


def rung() -> int:
    return Alarm.objects.filter(kind="gate.silent").count()


def test_a_reader_that_is_heard_of_rings_nobody(reader, settings, now):
    assert silences.look(at=now + timedelta(seconds=settings.GATE_SILENT_SECONDS)) == 0
    assert not Silence.objects.exists()


@pytest.mark.obligation("23")
def test_silence_is_told_once(reader, gate, now, late):
    assert silences.look(at=late) == 1
    assert silences.look(at=late + timedelta(minutes=1)) == 0
    begun = Silence.objects.get()
    assert (begun.device, begun.gate, begun.since, begun.noticed_at) == (reader.device, gate, now, late)
    alarm = Alarm.objects.get(kind="gate.silent")
    assert (alarm.subject, alarm.neighborhood, alarm.by) == (begun.pk, gate.neighborhood, None)
    assert Entry.objects.filter(kind="alarm", neighborhood=gate.neighborhood.pk).count() == 1


def test_it_ends_when_the_reader_was_heard_of_for_a_while(reader, late):
    silences.look(at=late)
    heard(late + timedelta(seconds=5))
    silences.look(at=late + timedelta(seconds=6))
    assert Silence.objects.get().over_at is None
    back = late + timedelta(seconds=6) + CALM
    heard(back)
    silences.look(at=back)
    assert Silence.objects.get().over_at == back


def test_a_poor_line_is_one_alarm(reader, late, settings):
    """Heard of for a moment, silent, heard of for a moment: the same silence, until it is quiet no more."""
    at = late
    for _ in range(6):
        silences.look(at=at)
        heard(at)
        silences.look(at=at + timedelta(seconds=1))
        at += timedelta(seconds=settings.GATE_SILENT_SECONDS + 2)
    assert rung() == 1
    silences.look(at=at)
    assert Silence.objects.get().heard_at is None


def test_what_falls_silent_again_later_rings_again(reader, late, settings):
    silences.look(at=late)
    for minutes in range(0, 16, 4):
        heard(late + timedelta(minutes=minutes))
        silences.look(at=late + timedelta(minutes=minutes))
    assert Silence.objects.get().over_at is not None
    assert silences.look(at=late + timedelta(hours=2)) == 1
    assert rung() == 2


@pytest.mark.parametrize("what", ["revoked", "out of service"])
def test_nobody_waits_for_a_reader_that_is_no_more(reader, gate, late, what):
    silences.look(at=late)
    if what == "revoked":
        devices.revoke(device=reader.device, at=late)
    else:
        Gate.objects.filter(pk=gate.pk).update(in_service=False)
    silences.look(at=late)
    assert Silence.objects.get().over_at == late
    assert silences.look(at=late + timedelta(days=1)) == 0


@pytest.mark.parametrize(("who", "told"), [("clerk", 1), ("auditor", 1), ("outsider", 0)])
def test_who_can_do_something_about_it_is_told(request, reader, here, who, told, now, late):
    reads = make.resident(here, at=now, account=False)
    Resident.objects.filter(pk=reads.pk).update(user=request.getfixturevalue(who))
    reads.refresh_from_db()
    people.wants(reads, Wish.Way.MAIL, at=now)
    silences.look(at=late)
    assert Message.objects.filter(resident=reads, what="waits").count() == told


@pytest.mark.obligation("23")
def test_the_sweep_finds_it(reader, now, settings):
    heard(now - timedelta(seconds=settings.GATE_SILENT_SECONDS + 1))
    sweeps.sweep(at=now)
    assert rung() == 1


@pytest.mark.obligation("23")
def test_whoever_asks_for_health_finds_it_when_beat_and_worker_are_dead(reader, now, settings):
    heard(now - timedelta(seconds=settings.GATE_SILENT_SECONDS + 1))
    said = Client().get("/healthz/")
    assert said.status_code == 503
    assert rung() == 1
    assert Client().get("/healthz/").json()["gates"]["told"] is True
    assert rung() == 1


@pytest.mark.obligation("23")
def test_the_database_holds_one_at_a_time_and_nothing_is_made_unnoticed(reader, gate, late):
    silences.look(at=late)
    begun = Silence.objects.get()
    twin = {
        "neighborhood": gate.neighborhood,
        "gate": gate,
        "device": reader.device,
        "since": late,
        "noticed_at": late,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Silence.objects.create(**twin)
    for bent in ({"since": late}, {"noticed_at": late + timedelta(days=1)}):
        with pytest.raises(DatabaseError, match="stays as it was noticed"), transaction.atomic():
            Silence.objects.update(**bent)
    with pytest.raises(DatabaseError, match="not deleted"), transaction.atomic():
        begun.delete()
    Silence.objects.update(over_at=late)
    with pytest.raises(DatabaseError, match="stays as it was noticed") as refused, transaction.atomic():
        Silence.objects.update(over_at=None)
    assert refused.value.__cause__.sqlstate == "LM181"


def test_two_that_look_at_once_tell_once(committed, reader, late):
    def look(_number: int) -> int:
        try:
            return silences.look(at=late)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 1
    assert rung() == 1
