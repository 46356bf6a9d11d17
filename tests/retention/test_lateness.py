"""The dead-man's switch: whoever answers for deletion is told that it is late, once of each time, whoever of the machines is dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from ledger.models import Entry
from portal import health, lateness, retention
from residents.models import Alarm, Lateness, Message, Resident, Wish
from tests import make
from tests.notifying import people
from tests.retention.due import MADE, Place, edge, rule

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
CODE = "access.entry_events"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def here(place: Place, here):
    """The cast's neighborhood, in which nothing is late."""
    return here


@pytest.fixture(autouse=True)
def swept(now):
    cache.set(retention.RETENTION_KEY, now.timestamp())


@pytest.fixture
def late(place: Place, now):
    each = rule(CODE)
    return MADE[CODE](place, edge(each, place.now) - each.grace - A_DAY)


def alarms(where) -> list[str]:
    return list(Alarm.objects.filter(neighborhood=where).order_by("at").values_list("kind", flat=True))


@pytest.mark.obligation("20")
def test_nothing_late_tells_nobody(place, now):
    assert lateness.look(at=now) == 0
    assert not Lateness.objects.exists()
    assert not Alarm.objects.exists()


@pytest.mark.obligation("20")
def test_it_is_told_once_where_it_is_and_again_when_it_repeats(place, late, here, now):
    assert lateness.look(at=now) == 1
    cache.set(retention.RETENTION_KEY, (now + A_DAY / 2).timestamp())
    assert lateness.look(at=now + A_DAY / 2) == 0
    assert (alarms(place.neighborhood), alarms(here)) == (["retention.late"], [])
    begun = Lateness.objects.get()
    assert (begun.neighborhood, begun.rule, begun.over_at) == (place.neighborhood, CODE, None)
    assert Alarm.objects.get().subject == begun.pk
    make.swept(CODE, at=now)
    cache.set(retention.RETENTION_KEY, (now + A_DAY / 2).timestamp())
    assert lateness.look(at=now + A_DAY / 2) == 0
    assert Lateness.objects.get().over_at == now + A_DAY / 2
    each = rule(CODE)
    MADE[CODE](place, edge(each, now) - each.grace - A_DAY)
    cache.set(retention.RETENTION_KEY, (now + A_DAY).timestamp())
    assert lateness.look(at=now + A_DAY) == 1
    assert alarms(place.neighborhood) == ["retention.late"] * 2
    assert Lateness.objects.count() == 2


@pytest.mark.obligation("20")
def test_a_sweep_that_is_silent_is_told_everywhere_though_no_row_is_late(place, here, now, settings):
    later = now + timedelta(seconds=settings.RETENTION_SILENT_SECONDS + 1)
    assert not lateness.is_silent(at=later - timedelta(seconds=2))
    assert lateness.look(at=later) == 2
    assert alarms(place.neighborhood) == alarms(here) == ["retention.silent"]
    assert lateness.look(at=later) == 0
    cache.set(retention.RETENTION_KEY, later.timestamp())
    lateness.look(at=later)
    assert not Lateness.objects.filter(over_at=None).exists()
    assert lateness.look(at=later + (later - now)) == 2


def test_a_sweep_from_times_to_come_is_no_sign_of_life(place, now, settings):
    """The clock was set back; whoever wrote it may have died since."""
    cache.set(retention.RETENTION_KEY, now.timestamp() + settings.RETENTION_SILENT_SECONDS + 1)
    assert lateness.is_silent(at=now)
    cache.set(retention.RETENTION_KEY, now.timestamp() + settings.RETENTION_SILENT_SECONDS - 1)
    assert not lateness.is_silent(at=now)


def test_what_redis_has_forgotten_is_asked_of_the_rows(place, now):
    cache.delete(retention.RETENTION_KEY)
    assert lateness.last_sweep() is None
    retention.sweep(at=now - A_DAY * 3)
    cache.delete(retention.RETENTION_KEY)
    assert lateness.is_silent(at=now)
    retention.sweep(at=now)
    cache.delete(retention.RETENTION_KEY)
    assert not lateness.is_silent(at=now + A_DAY)


@pytest.mark.obligation("20")
@pytest.mark.parametrize("who", ["auditor", "chair"])
def test_auditor_and_chair_are_told_that_something_waits(request, place, here, who, now, settings):
    reader = make.resident(here, at=now, account=False)
    Resident.objects.filter(pk=reader.pk).update(user=request.getfixturevalue(who))
    reader.refresh_from_db()
    people.wants(reader, Wish.Way.MAIL, at=now)
    assert not Message.objects.filter(resident=reader, what="waits").exists()
    later = now + timedelta(seconds=settings.RETENTION_SILENT_SECONDS + 1)
    lateness.look(at=later)
    lateness.look(at=later)
    assert Message.objects.filter(resident=reader, what="waits").count() == 1
    assert Entry.objects.filter(kind="alarm", neighborhood=here.pk).count() == 1


@pytest.mark.obligation("20")
def test_whoever_asks_for_health_notices_it_when_beat_and_worker_are_dead(place, late, now):
    said = Client().get("/healthz/")
    assert said.status_code == 503
    assert alarms(place.neighborhood) == ["retention.late"]
    Client().get("/healthz/")
    assert Alarm.objects.count() == 1
    make.swept(CODE, at=now)
    Client().get("/healthz/")
    assert not Lateness.objects.filter(over_at=None).exists()


@pytest.mark.obligation("20")
@pytest.mark.parametrize("who", ["auditor", "chair"])
def test_it_stands_on_their_desk(request, place, here, who, now, settings):
    lateness.look(at=now + timedelta(seconds=settings.RETENTION_SILENT_SECONDS + 1))
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(request.getfixturevalue(who))
    assert "Nothing has been deleted by the clock" in reader.get("/admin/").content.decode()


@pytest.mark.obligation("20")
def test_the_database_holds_that_each_time_is_one_row(place, now):
    given = {"neighborhood": place.neighborhood, "rule": CODE, "since": now}
    first = Lateness.objects.create(**given)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lateness.objects.create(**given)
    Lateness.objects.filter(pk=first.pk).update(over_at=now)
    Lateness.objects.create(**given)


def test_two_that_look_at_once_tell_once(committed, place, late, now):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    def look(_number: int) -> int:
        try:
            return lateness.look(at=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 1
    assert Alarm.objects.count() == 1


def test_health_says_whether_somebody_was_told(place, late, now):
    assert health.report(now=now)["retention"]["told"] is False
    lateness.look(at=now)
    assert health.report(now=now)["retention"]["told"] is True
