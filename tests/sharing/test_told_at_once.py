"""Two workers at one notice, one that is killed, and two presses of one button, on real commits: everybody is told once, and one
room is open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connections

from consent.models import Incident
from ledger.models import Entry, Opening
from sharing import leak_notices, leaks
from sharing.models import Leak, LeakNotice, LeakTold
from tests import make
from tests.processes.crashing import die_before, points_of
from tests.sharing.leaking import everybody, notice, opened


def at_once(act: Callable[[], object]) -> None:
    """Twice, in two threads with connections of their own."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  (told to the test)
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert failed == []


@pytest.mark.obligation("37", "A6")
def test_two_workers_tell_everybody_once(committed, here, chair, now):
    for _ in range(6):
        make.resident(here, at=now)
    leak = opened(here, by=chair, at=now)
    everybody(leak, by=chair)
    said = leak_notices.send(notice=notice(leak, by=chair, at=now), by=chair, at=now)

    def tell() -> None:
        while leak_notices.tell_some(notice=said.pk, at=now, limit=1):
            pass

    at_once(tell)
    readers = list(LeakTold.objects.values_list("reader", flat=True))
    assert len(readers) == len(set(readers)) == 6
    assert Entry.objects.filter(kind="leak.told").count() == 6


@pytest.mark.slow
@pytest.mark.obligation("37", "A6")
def test_wherever_it_is_killed_everybody_is_told_once(committed, here, chair, now):
    people = [make.resident(here, at=now) for _ in range(5)]
    leak = opened(here, by=chair, at=now)
    everybody(leak, by=chair)

    def sent() -> LeakNotice:
        return leak_notices.send(notice=notice(leak, by=chair, at=now), by=chair, at=now)

    def work(said: LeakNotice) -> None:
        while leak_notices.tell_some(notice=said.pk, at=now, limit=2):
            pass

    first = sent()
    points = points_of(lambda: work(first))
    assert len(points) >= 3, points
    for point in range(1, len(points) + 1):
        said = sent()
        die_before(point, lambda it=said: work(it))
        work(said)
        assert sorted(said.told.values_list("reader", flat=True)) == sorted(who.pk for who in people)
        assert Opening.objects.filter(payload__notice=str(said.pk), entry__kind="leak.told").count() == 5
        assert said.pk not in leak_notices.due()


@pytest.mark.obligation("37")
def test_pressed_twice_at_once_it_is_one_room(committed, here, chair, now):
    key = uuid4()
    at_once(
        lambda: leaks.say(
            neighborhood=here,
            kind=Incident.Kind.LEAK,
            reason="x",
            noticed_at=now,
            by=chair,
            at=now,
            key=key,
        )
    )
    assert Leak.objects.get().pk == key
    assert Incident.objects.count() == 1
