"""Killed in the middle, a sweep has done what it counted, and the next one does the rest."""

from __future__ import annotations

import sys
import time

import pytest
from django.db import connection

from access.models import EntryEvent
from residents.models import RetentionRun
from tests.live import Live
from tests.retention.due import Place

MANY = 150_000
FILL = """
    INSERT INTO access_entryevent
        (id, neighborhood_id, gate_id, device_id, boot, sequence, kind, outcome, reason, device_time, received_at)
    SELECT gen_random_uuid(), %s, %s, %s, gen_random_uuid(), n, 'card', 'opened', 'allowed', t, t
    FROM generate_series(1, %s) n, LATERAL (SELECT %s - make_interval(days => 31, secs => n) AS t) clock
"""


@pytest.mark.slow
@pytest.mark.obligation("20", "F16")
def test_nothing_is_lost_and_nothing_is_counted_twice(live: Live, now):
    place = Place.made(now)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [place.neighborhood.pk, place.gate.pk, place.device.pk, MANY, now])
    sweeping = live.start("sweep", [sys.executable, "manage.py", "retention", "--run", "--skip-checks"])
    live.wait_until(lambda: EntryEvent.objects.count() < MANY or sweeping.poll() is not None, every=0.002)
    live.kill(sweeping)
    left = EntryEvent.objects.count()
    assert 0 < left < MANY, "it was killed in the middle"
    assert RetentionRun.objects.get(rule="access.entry_events").deleted == MANY - left
    began = time.monotonic()
    said = live.manage("retention", "--run", "--skip-checks").stdout
    assert f"{left:>7} gone" in said, said
    assert not EntryEvent.objects.exists()
    assert RetentionRun.objects.get(rule="access.entry_events").deleted == MANY
    assert time.monotonic() - began < 120
