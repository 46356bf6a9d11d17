"""Beat is killed with -9, and those who live notice it: the worker by its own clock, or whoever asks for health."""

from __future__ import annotations

import httpx
import pytest
from django.core.cache import cache

from portal import retention
from residents.models import Alarm, Lateness
from tests import make
from tests.live import Live

SOON = {"RETENTION_SILENT_SECONDS": "8"}


def begun() -> int:
    return Lateness.objects.filter(rule=Lateness.SWEEP).count()


def standing() -> bool:
    return Lateness.objects.filter(rule=Lateness.SWEEP, over_at=None).exists()


@pytest.mark.slow
@pytest.mark.obligation("20")
def test_the_worker_tells_once_and_again_when_it_repeats(live: Live):
    make.neighborhood()
    live.worker(SOON)
    beat = live.beat()
    live.wait_until(lambda: cache.get(retention.RETENTION_KEY), timeout=60)
    live.kill(beat)
    live.wait_until(standing, timeout=60)
    beat = live.beat()
    live.wait_until(lambda: not standing(), timeout=60)
    told = begun()
    assert Alarm.objects.filter(kind="retention.silent").count() == told
    live.kill(beat)
    live.wait_until(lambda: begun() == told + 1, timeout=60)
    assert Alarm.objects.filter(kind="retention.silent").count() == told + 1


@pytest.mark.slow
@pytest.mark.obligation("20")
def test_where_the_worker_is_dead_as_well_health_tells(live: Live):
    make.neighborhood()
    worker, beat = live.worker(), live.beat()
    live.wait_until(lambda: cache.get(retention.RETENTION_KEY), timeout=60)
    live.web(SOON)
    live.kill(beat)
    live.kill(worker)
    live.wait_until(
        lambda: httpx.get(f"{live.url}/healthz/", timeout=30).status_code == 503 and standing(), timeout=60
    )
    assert Alarm.objects.filter(kind="retention.silent").count() == begun() == 1
