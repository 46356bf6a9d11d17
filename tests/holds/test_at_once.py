"""Two at once, and killed in the middle: what goes is kept once or gone, and nothing outlives its hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction

from access.models import EntryEvent
from portal import retention
from residents import holds
from residents.holds import HoldRefused
from residents.models import ErasurePlace, HeldRow, Hold, HoldAct, RetentionRun
from tests import holding, make
from tests.live import Live
from tests.retention.due import Place
from tests.retention.test_kill_9 import FILL

RULE = next(each for each in retention.RULES if each.code == "access.entry_events")


def alone(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connections.close_all()


def until_somebody_waits(other: Future[Any]) -> None:
    """For a lock, in the database's own words."""
    while not other.done():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
    raise AssertionError("nobody waited")


@pytest.mark.obligation("10", "20")
def test_what_is_being_kept_as_the_hold_ends_goes_with_it(committed, resident, two, entry, now):
    hold = holding.held(resident, two, at=now)
    entry(resident, days=31)
    holds.ask(hold=hold, what=Hold.Asked.RELEASE, by=two[0], at=now)
    kept, may_go_on = Event(), Event()

    def keep() -> int:
        with transaction.atomic():
            count = holds.keep(rule=RULE, rows=EntryEvent.objects.all(), at=now)
            kept.set()
            assert may_go_on.wait(60)
        return count

    with ThreadPoolExecutor(2) as pool:
        sweeping = pool.submit(alone, keep)
        assert kept.wait(60)
        ending = pool.submit(alone, lambda: holds.confirm(hold=hold, by=two[1], at=now))
        until_somebody_waits(ending)
        may_go_on.set()
        assert sweeping.result(60) == 1
        assert ending.result(60).kind == "released"
    assert not HeldRow.objects.exists()
    assert not ErasurePlace.objects.filter(state="held").exists()


@pytest.mark.obligation("10")
def test_two_that_confirm_at_once_confirm_once(committed, resident, two, here, now):
    from committees.models import Committee, Term
    from tests.cast import staff

    kind, role = Committee.Kind.RESIDENTS, Term.Role.CLERK
    third = staff(here, username="hold-third", kind=kind, role=role, at=now)
    hold = holding.proposed(resident, two[0], at=now)

    def confirm(by: Any) -> bool:
        try:
            holds.confirm(hold=hold, by=by, at=now)
        except HoldRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda by: alone(lambda: confirm(by)), [two[1], third]))
    assert sorted(done) == [False, True]
    assert HoldAct.objects.count() == resident.erasure_orders.count() == 1


@pytest.mark.slow
@pytest.mark.obligation("10", "20", "F16")
def test_killed_in_the_middle_of_a_sweep_each_is_there_or_kept(live: Live):
    now, many = datetime.now(UTC), 40_000
    place = Place.made(now)
    two = holding.two(place.neighborhood, at=now)
    holding.held(place.who, two, at=now, scopes=["entries"])
    card = place.who.credentials.get(kind="card")
    with connection.cursor() as cursor:
        cursor.execute(FILL, [place.neighborhood.pk, place.gate.pk, place.device.pk, many, now])
    EntryEvent.objects.update(credential=card.pk)
    run = [sys.executable, "manage.py", "retention", "--run", "--rule", RULE.code, "--skip-checks"]
    sweeping = live.start("sweep", run)
    live.wait_until(lambda: HeldRow.objects.exists() or sweeping.poll() is not None, every=0.002)
    live.kill(sweeping)
    kept = HeldRow.objects.count()
    assert 0 < kept < many, "it was killed in the middle"
    assert EntryEvent.objects.count() == many - kept
    live.manage(*run[2:])
    assert (EntryEvent.objects.count(), HeldRow.objects.count()) == (0, many)
    assert RetentionRun.objects.get(rule=RULE.code).deleted == many
    assert make.swept(RULE.code, at=now) == 0
