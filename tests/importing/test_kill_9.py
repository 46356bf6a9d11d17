"""`kill -9` at every commit point of writing a list and of undoing it; two workers at once; a worker that is really killed.

Whatever dies, a clean worker finishes, and the register is as if nothing had happened: each line done once.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from access.models import Credential
from residents.importing import applying, running, undoing
from residents.models import Import, Occupancy, Resident, Unit
from tests.importing.conftest import to_the_end
from tests.importing.dump import different, dump
from tests.importing.sheets import community, xlsx
from tests.live import Live
from tests.processes.crashing import die_before, points_of
from vault.models import Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

# The dead worker's clock is early enough that its lease is over when the clean one comes.
AGO = timedelta(minutes=5)
PEOPLE = [
    ["1", f"{100 + each}", f"杨{each}号", f"139123400{each:02}", "业主", f"00123456{each:02}"]
    for each in range(5)
]


@pytest.fixture
def small(monkeypatch) -> None:
    """Two lines to a batch, so that five lines are three."""
    monkeypatch.setattr(applying, "BATCH", 2)
    monkeypatch.setattr(undoing, "BATCH", 2)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Unit, Resident, Occupancy, Credential))


def live_keys() -> int:
    return Key.objects.filter(destroyed_at=None, purpose="contact").count()


def test_writing_may_die_anywhere(committed, small, look, clerk, now):
    def begun() -> Import:
        source = look(xlsx(PEOPLE))
        applying.begin(source=source, by=clerk, at=now)
        return source

    def work(source: Import) -> None:
        to_the_end(source, datetime.now(UTC) - AGO)

    before = dump()
    source = begun()
    points = points_of(lambda: work(source))
    assert len(points) > 6
    _check_and_undo(source, before, clerk)
    for point in range(1, len(points) + 1):
        source = begun()
        die_before(point, lambda source=source: work(source))
        assert to_the_end(source, datetime.now(UTC)).state == Import.State.APPLIED, points[point - 1]
        _check_and_undo(source, before, clerk)


def _check_and_undo(source: Import, before: dict[str, list[str]], clerk) -> None:
    source.refresh_from_db()
    assert (source.became, source.done, source.rows) == ({"new": 5}, 5, 5)
    assert counts() == (5, 5, 5, 5)
    assert live_keys() == 5, "no key is left of a try that died"
    undoing.begin(source=source, by=clerk, at=datetime.now(UTC))
    assert to_the_end(source, datetime.now(UTC)).kept == 0
    assert different(before, dump()) == set()
    assert live_keys() == 0


def test_undoing_may_die_anywhere(committed, small, bring_in, clerk):
    before = dump()

    def begun() -> Import:
        source = bring_in(xlsx(PEOPLE))
        undoing.begin(source=source, by=clerk, at=datetime.now(UTC))
        return source

    def work(source: Import) -> None:
        to_the_end(source, datetime.now(UTC) - AGO)

    source = begun()
    points = points_of(lambda: work(source))
    for point in range(1, len(points) + 1):
        source = begun()
        die_before(point, lambda source=source: work(source))
        undone = to_the_end(source, datetime.now(UTC))
        assert (undone.state, undone.kept) == (Import.State.UNDONE, 0), points[point - 1]
        assert different(before, dump()) == set()
        assert live_keys() == 0


def test_two_workers_do_each_line_once(committed, small, look, clerk, now):
    source = look(xlsx(PEOPLE))
    applying.begin(source=source, by=clerk, at=now)
    together = threading.Barrier(2)

    def work(late: timedelta) -> int:
        together.wait(timeout=20)
        done = 0
        try:
            # The second one's clock says that the first one's lease is over: both are at it at once.
            for turn in range(30):
                done += running.work(imported=source.pk, at=now + late * (turn + 1))
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(work, late) for late in (timedelta(0), timedelta(hours=1))]
        assert sum(result.result(timeout=120) for result in results) >= 3
    assert to_the_end(source, now + timedelta(days=3)).state == Import.State.APPLIED
    assert (source.became, source.done) == ({"new": 5}, 5)
    assert counts() == (5, 5, 5, 5)


def test_what_somebody_else_wrote_meanwhile_is_said_and_nothing_is_lost(look, clerk, now):
    """Between the dry run and the writing, the desk gives one of the cards to somebody else."""
    from access import cards
    from tests import make

    source = look(xlsx(PEOPLE))
    other = make.resident(source.neighborhood, at=now)
    cards.issue(resident=other, number="0012345602", at=now)
    applying.begin(source=source, by=clerk, at=now)
    assert to_the_end(source, now).became == {"new": 4, "refused": 1}
    row = source.lines.get(number=4)
    assert (row.fate, row.outcome, row.reason) == ("new", "refused", "card_taken")


def test_a_list_that_fails_each_time_stops_and_can_be_undone(look, clerk, now, monkeypatch, caplog):
    from django.db import DatabaseError

    def fail(*_: object, **__: object) -> bool:
        raise DatabaseError("Key (name)=(杨一) already exists")

    source = look(xlsx(PEOPLE))
    applying.begin(source=source, by=clerk, at=now)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "batch", fail)
        stopped = to_the_end(source, now)
    assert (stopped.state, stopped.done) == (Import.State.STOPPED, 0)
    assert "杨一" not in caplog.text
    undoing.begin(source=source, by=clerk, at=now)
    assert to_the_end(source, now).state == Import.State.UNDONE


def test_a_killed_worker_and_a_lost_message_only_delay(live: Live, here, look, clerk, now):
    """The real worker, `kill -9` in the middle of a list; then Redis forgets everything, and beat finds the list."""
    headings, rows = community(500)
    source = look(xlsx(rows, headings=headings))
    patience = {"IMPORT_LEASE_SECONDS": "3"}
    worker = live.worker(env=patience)
    applying.begin(source=source, by=clerk, at=datetime.now(UTC))
    live.wait_until(lambda: Import.objects.get().done > 0, timeout=60, every=0.01)
    live.kill(worker)
    halfway = Import.objects.get()
    assert 0 < halfway.done < halfway.rows, "it was too quick to be killed"
    assert Resident.objects.count() == halfway.done
    live.redis.flushall()
    live.worker(env=patience)
    live.beat()
    live.wait_until(lambda: Import.objects.get().state == Import.State.APPLIED, timeout=120)
    assert Import.objects.get().became == source.planned
    assert Resident.objects.count() == len(rows) == Credential.objects.count()
