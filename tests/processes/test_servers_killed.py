"""`kill -9` of PostgreSQL and of Redis at every commit point of an erasure, and a disk that is full: late, and no worse (F16).

The act runs in a process of its own, as a worker would. What it makes of it is its own affair; then the server comes back, as
it would under any supervisor, and a clean sweep ends what was begun: all of it, once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.cache import caches
from django.db import connections

from access.models import Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from ledger.models import Entry
from portal import embedded, erasure, health, roles, sweeps
from residents.models import ErasureOrder, ErasurePlace, Resident
from tests import make
from tests.live import Live
from tests.processes.crashing import points_of, struck_before
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FACE = Purpose.FACE_AT_GATE
State = ErasurePlace.State


def withdraw(who: Resident) -> None:
    withdrawal.withdraw(resident=who, purpose=FACE, voice=own(who.user, "en"), at=datetime.now(UTC))


def stop(who: Resident) -> Callable[[], None]:
    """From the press of the button to the last place."""

    def act() -> None:
        withdraw(who)
        for order in ErasureOrder.objects.filter(resident=who):
            erasure.run(order=order.pk, at=datetime.now(UTC))

    return act


def enrolled(place) -> Resident:
    at = datetime.now(UTC)
    who = make.resident(place, at=at)
    make.face(who, at=at)
    return who


def sweep() -> None:
    for turn in range(3):
        assert sweeps.sweep(at=datetime.now(UTC) + turn * timedelta(minutes=4))


def count(who: Resident, kind: str) -> int:
    return Entry.objects.filter(subject=who.pk, kind=kind).count()


@pytest.mark.obligation("9", "F10", "F15", "F16")
@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_an_erasure_outlives_a_server(live: Live, server):
    with embedded.connect(
        live.var
    ) as cluster:  # a commit is one, as where people live; elsewhere tests are in a hurry
        cluster.execute(f"ALTER ROLE {roles.APP} SET synchronous_commit = on")
    connections.close_all()
    place = make.neighborhood()
    stop(enrolled(place))()  # the first of a day begins a file of the journal
    points = points_of(stop(enrolled(place)))
    assert len(points) > 5, points
    for point, name in enumerate(points, start=1):
        where = f"{server} killed before {name}"
        who = enrolled(place)
        key = Standing.objects.get(resident=who, purpose=FACE).key
        process = live.server(server)
        struck_before(point, stop(who), lambda process=process: os.kill(process, signal.SIGKILL))
        live.start_again(server)
        caches.close_all()
        if Standing.objects.filter(resident=who, purpose=FACE).exists():
            assert Template.objects.filter(resident=who).exists(), f"half withdrawn: {where}"
            withdraw(who)
        sweep()
        order = ErasureOrder.objects.get(resident=who)
        assert order in ErasureOrder.objects.complete(), where
        assert keys.state(key) == keys.State.DESTROYED, where
        assert not Template.objects.filter(resident=who).exists(), where
        assert count(who, "erasure.opened") == count(who, "erasure.complete") == 1, where


@pytest.mark.obligation("9", "F15", "F16")
def test_with_a_full_disk_it_is_stuck_for_all_to_see_and_ends_when_there_is_room(live: Live):
    """As PostgreSQL says it: whatever writes to the places of an order fails."""
    place = make.neighborhood()
    who = enrolled(place)
    withdraw(who)
    with full(live):
        for hours in range(5):
            at = datetime.now(UTC) + timedelta(hours=hours)
            assert not sweeps.sweep(at=at)
            order = ErasureOrder.objects.get(resident=who)
            assert not order.is_complete
            assert not order.places.filter(state=State.GONE).exists()
        assert not health.report(now=at)["erasures"]["ok"]
    sweep()
    assert ErasureOrder.objects.complete().get() == order
    assert count(who, "erasure.complete") == 1


class full:  # noqa: N801  (it reads as one)
    """No room for another version of a row."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def __enter__(self) -> None:
        self._say(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
            "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON residents_erasureplace"
            " FOR EACH ROW EXECUTE FUNCTION no_room()",
        )

    def __exit__(self, *_: object) -> None:
        self._say("DROP TRIGGER no_room ON residents_erasureplace", "DROP FUNCTION no_room()")

    def _say(self, *statements: str) -> None:
        connections.close_all()
        with embedded.connect(self.live.var, embedded.DATABASES["default"]) as session:
            for each in statements:
                session.execute(psycopg.sql.SQL(each))
