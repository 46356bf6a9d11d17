"""The ground that tests with real processes stand on."""

from __future__ import annotations

import httpx
from django.core.cache import cache

from access.models import Gate
from portal import health, retention
from portal.tasks import forget, sweep
from residents.models import Neighborhood


def test_a_live_house_is_well_once_all_its_processes_are(live):
    home = Neighborhood.objects.create(name="柳荫里", name_en="Willow Lane")
    Gate.objects.create(neighborhood=home, name="东门", in_service=True)
    live.web()
    answer = httpx.get(f"{live.url}/healthz/", timeout=30)
    assert answer.status_code == 503
    assert not answer.json()["worker"]["ok"]
    worker = live.worker()
    sweep.delay()
    forget.delay()
    live.wait_until(lambda: cache.get(health.SWEEP_KEY) and cache.get(retention.RETENTION_KEY))
    assert httpx.get(f"{live.url}/healthz/", timeout=30).status_code == 200
    live.kill(worker)
    cache.delete(health.SWEEP_KEY)
    live.worker()
    live.beat()
    live.wait_until(lambda: httpx.get(f"{live.url}/healthz/", timeout=30).status_code == 200)
