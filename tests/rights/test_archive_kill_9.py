"""`kill -9` at every commit point of an archive's making and fetching: late, once, and never in the clear."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from portal import archiving
from residents import archives
from residents.models import Archive, Resident, RightsRequest
from tests import make
from tests.processes.crashing import die_before, points_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def place(committed):
    return make.neighborhood()


def ordered(who: Resident) -> Archive:
    at = datetime.now(UTC)
    return archives.order(resident=who, by=who.user, proven_at=at, language="en", at=at)


def making(archive: Archive):
    return lambda: archiving.work(archive=archive.pk, at=datetime.now(UTC))


def fetched(who: Resident) -> bytes | None:
    at = datetime.now(UTC)
    return archives.fetch(resident=who, by=who.user, proven_at=at, at=at)


def name_in(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as folder:
        return str(json.loads(folder.read(archiving.JSON))["person"]["name"])


@pytest.mark.obligation("33", "F16")
def test_a_worker_that_dies_costs_time_and_nothing_else(place):
    making(ordered(make.resident(place, at=datetime.now(UTC))))()
    points = points_of(making(ordered(make.resident(place, at=datetime.now(UTC)))))
    assert len(points) > 2, points
    for point in range(1, len(points) + 1):
        who = make.resident(place, at=datetime.now(UTC))
        archive = ordered(who)
        die_before(point, making(archive))
        archive.refresh_from_db()
        assert archive.ready_at is None or bytes(archive.sealed or b"")
        # Whoever sweeps next finds it, once the dead one's lease is over.
        later = datetime.now(UTC) + archives.LEASE + timedelta(seconds=5)
        for due in archives.due(at=later):
            assert archiving.work(archive=due, at=later)
        content = fetched(who)
        assert content, points[point - 1]
        assert name_in(content) == who.name
        assert fetched(who) is None
        assert RightsRequest.objects.filter(resident=who).count() == 1


@pytest.mark.obligation("33", "F16")
def test_whoever_dies_while_it_is_handed_over_has_handed_over_nothing(place):
    who = make.resident(place, at=datetime.now(UTC))
    making(ordered(who))()
    points = points_of(lambda: fetched(who))
    assert points
    for point in range(1, len(points) + 1):
        other = make.resident(place, at=datetime.now(UTC))
        making(ordered(other))()
        die_before(point, lambda other=other: fetched(other))
        assert fetched(other), points[point - 1]
        assert not Archive.objects.filter(resident=other).exists()
