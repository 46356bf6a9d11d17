"""A reader is killed with -9, and so is whoever would look for it: whoever is left alive rings, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from access.models import Device, Silence
from residents.models import Alarm
from tests import make
from tests.live import Live


def rung() -> int:
    return Alarm.objects.filter(kind="gate.silent").count()


@pytest.fixture
def silent(live: Live) -> Device:
    """It asked an hour ago, and never since."""
    now = datetime.now(UTC)
    device = make.device(make.gate(make.neighborhood(), at=now, by_face=False), at=now).device
    Device.objects.filter(pk=device.pk).update(last_poll_at=now - timedelta(hours=1))
    return device


@pytest.mark.slow
@pytest.mark.obligation("23")
def test_the_worker_rings_by_its_own_clock_when_beat_is_dead(live: Live, silent: Device):
    live.worker({"RETENTION_SILENT_SECONDS": "4"})  # as often as it looks
    live.wait_until(lambda: rung() == 1, timeout=60)
    assert Silence.objects.get().device == silent


@pytest.mark.slow
@pytest.mark.obligation("23")
def test_whoever_asks_for_health_rings_when_the_worker_is_dead_as_well(live: Live, silent: Device):
    worker, beat = live.worker(), live.beat()
    live.kill(worker)
    live.kill(beat)
    before = rung()
    live.web()
    for _ in range(3):
        said = httpx.get(f"{live.url}/healthz/", timeout=30)
        assert said.status_code == 503
        assert said.json()["gates"]["silent"] == 1
    assert before <= rung() == 1
