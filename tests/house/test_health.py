"""`GET /healthz/` says 200 only when every part is alive."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from access.models import Device, Gate
from ledger import checkpoints, sequencing
from ledger.record import record
from portal import health, retention, sweeps
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace, Neighborhood
from tests import make
from tests.databases import pointed_at


@pytest.fixture
def well(db) -> None:
    cache.set(health.WORKER_KEY, time.time())
    cache.set(health.SWEEP_KEY, time.time())
    cache.set(retention.RETENTION_KEY, time.time())


@pytest.fixture
def device(well) -> Device:
    home = Neighborhood.objects.create(name="柳荫里", name_en="Willow Lane")
    gate = Gate.objects.create(neighborhood=home, name="东门", in_service=True)
    now = timezone.now()
    return Device.objects.create(
        neighborhood=home,
        gate=gate,
        public_key=bytes(32),
        sealing_key=bytes(32),
        paired_at=now,
        last_poll_at=now,
    )


def ask() -> tuple[int, dict[str, dict[str, object]]]:
    answer = Client().get("/healthz/")
    return answer.status_code, answer.json()


def test_it_is_200_when_all_is_well(device):
    status, said = ask()
    assert (status, said["ok"]) == (200, True), said
    assert set(said) == {
        *(
            "ok",
            "database",
            "vault",
            "redis",
            "worker",
            "beat",
            "ledger",
            "retention",
            "erasures",
            "epochs",
            "messages",
            "recalls",
            "backups",
            "restored",
            "orders",
            "gates",
        )
    }
    assert said["gates"]["devices"] == 1


def test_it_asks_little(device, django_assert_num_queries):
    """Two, three for the ledger, one for all that may be late, one for whether anybody was told of it, one for erasures, one for messages, one for orders, one for backups, two for which database
    this is, and four for how long and by which calendar each neighborhood counts."""
    with django_assert_num_queries(19):
        ask()


def test_it_names_nobody(device):
    said = Client().get("/healthz/").content.decode()
    assert str(device.pk) not in said
    assert str(device.gate.pk) not in said


@pytest.mark.obligation("F17")
def test_it_is_503_when_what_happened_gets_no_proof(device, monkeypatch):
    """Whatever keeps the sequencer: where another session holds its lock, every sweep goes through and nothing fails."""
    monkeypatch.setattr(sequencing, "hold", lambda: False)
    with transaction.atomic():
        record(kind="test.made", subject=None, neighborhood=None, payload={})
    assert sweeps.sweep(at=timezone.now())
    assert ask()[0] == 200
    assert not health.report(now=timezone.now() + timedelta(minutes=11))["ledger"]["ok"]


@pytest.mark.obligation("F17")
def test_what_has_its_place_and_no_checkpoint_is_late_as_well(device):
    with transaction.atomic():
        record(kind="test.made", subject=None, neighborhood=None, payload={})
    sequencing.run()
    later = timezone.now() + timedelta(minutes=11)
    assert not health.report(now=later)["ledger"]["ok"]
    checkpoints.make()
    assert health.report(now=later)["ledger"] == {"ok": True, "uncovered_seconds": 0.0}


@pytest.mark.obligation("9", "F15", "F16")
@pytest.mark.parametrize(
    ("due_ago", "attempts", "found"),
    [(timedelta(minutes=10), 0, "untried"), (-timedelta(minutes=10), 13, "stuck")],
)
def test_it_is_503_when_a_deletion_is_untried_or_in_vain(device, due_ago, attempts, found):
    now = timezone.now()
    who = make.resident(device.neighborhood, at=now)
    order = open_order(
        resident=who,
        purpose="person",
        cause=ErasureOrder.Cause.MOVED_OUT,
        places=[Place(kind=ErasurePlace.Kind.ROWS, target=who.pk)],
        at=now,
    )
    order.places.update(due_at=now - due_ago, attempts=attempts)
    status, said = ask()
    assert status == 503
    assert said["erasures"] == {"ok": False, "untried": 0, "stuck": 0} | {found: 1}
    ErasureOrder.objects.update(journalled_at=now)
    ErasurePlace.objects.update(state=ErasurePlace.State.GONE, evidence={"rows": 0})
    assert ask()[1]["erasures"]["ok"]


@pytest.mark.parametrize(
    ("key", "part"),
    [
        (health.WORKER_KEY, "worker"),
        (health.SWEEP_KEY, "beat"),
        (retention.RETENTION_KEY, "retention"),
    ],
)
@pytest.mark.parametrize("age", [None, 1000])
def test_it_is_503_when_the_worker_or_beat_is_silent(well, key, part, age):
    cache.delete(key) if age is None else cache.set(key, time.time() - age)
    status, said = ask()
    assert status == 503
    assert [name for name, each in said.items() if name != "ok" and not each["ok"]] == [part]


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_it_is_503_when_a_database_is_away(committed, alias):
    with pointed_at({alias: "no_such_database"}):
        status, said = ask()
    assert status == 503
    assert said["database" if alias == "default" else "vault"] == {"ok": False, "error": "no answer"}


def test_it_is_503_when_redis_is_away(well, settings, tmp_path):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/redis.sock?db=0"},
    }
    status, said = ask()
    assert status == 503
    assert said["redis"] == said["worker"] == said["beat"] == {"ok": False, "error": "no answer"}


def test_it_is_503_when_a_gate_in_service_is_silent(device):
    long_ago = timezone.now() - timedelta(hours=2)
    Device.objects.update(last_poll_at=long_ago)
    status, said = ask()
    assert status == 503
    assert said["gates"]["silent"] == 1
    Device.objects.update(last_poll_at=None, paired_at=long_ago)
    assert ask()[0] == 503, "paired long ago, and never heard of since"


def test_a_gate_out_of_service_or_a_revoked_device_is_not_waited_for(device):
    Device.objects.update(last_poll_at=timezone.now() - timedelta(hours=2), revoked_at=timezone.now())
    assert ask()[0] == 200
    Device.objects.update(revoked_at=None)
    Gate.objects.update(in_service=False)
    assert ask()[0] == 200


def test_it_is_only_read(well):
    assert Client().post("/healthz/").status_code == 405
