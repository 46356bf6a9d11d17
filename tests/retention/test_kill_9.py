"""Killed in the middle, a sweep has done what it counted, and the next one does the rest."""

from __future__ import annotations

import sys
import time

import pytest
from django.db import connection

from access.models import EntryEvent
from portal import retention
from residents.models import RetentionRun
from tests.live import Live
from tests.processes.crashing import die_before, points_of
from tests.retention.due import Place, make_due, rule
from tests.retention.due.places import StillThere

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


# One of each way in which a rule ends things: in one statement, wiped, with a room's own act, with keys, with files.
WAYS = (
    "access.entry_events",
    "access.pins",
    "access.tombstones",
    "access.photos",
    "consent.lapsed",
    "residents.letters",
    "residents.request_words",
    "committees.service_words",
)


@pytest.mark.slow
@pytest.mark.obligation("20", "F16")
def test_killed_at_any_commit_point_of_a_sweep_the_next_one_ends_all_of_it_once(committed, now, tmp_path):
    rules = [rule(code) for code in WAYS]

    def sweep() -> None:
        retention.sweep(at=now, rules=rules)

    place = Place.made(now)

    def made() -> list[StillThere]:
        return [make_due(code, place) for code in WAYS]

    made()
    sweep()  # the first of a day opens its book, and the first ever makes a folder
    made()
    points = points_of(sweep)
    assert len(points) > len(WAYS), points
    before = counted()
    for point in range(1, len(points) + 1):
        there = made()
        die_before(point, sweep)
        sweep()
        assert not any(each() for each in there), points[point - 1]
        now_counted = counted()
        assert {code: now_counted[code] - before[code] for code in WAYS} == dict.fromkeys(WAYS, 1), points[
            point - 1
        ]
        before = now_counted


def counted() -> dict[str, int]:
    return dict(RetentionRun.objects.values_list("rule", "deleted"))
