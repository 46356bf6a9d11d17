"""After a restore witnesses accept the log, and gates hold what the site says and nothing else (laws 9, 10 and 11)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from access import cards, gates, pairing, rules
from access.models import FeedRow
from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from ledger import checkpoints, notes
from ledger.models import Cosignature
from portal import embedded, journalling
from portal.places import BASE
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.live import Live
from tests.processes.doors import Door
from tests.restoring.conftest import carried_through, left_of, swept

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Kind = ErasurePlace.Kind
CARD, OTHER_CARD = "04 A2 33 B1", "04 A2 33 B2"


def spoil() -> None:
    """Nothing is left of the data: what a restore knows it has from the set and the journal alone."""
    connections.close_all()
    with embedded.connect(settings.VAR, embedded.DATABASES["default"], role="linmen_owner") as data:
        data.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture
def door(live: Live, here, resident, neighbor, now) -> Iterator[Door]:
    gate = gates.put_up(neighborhood=here, name="南门", by_face=True, at=now)
    for who, number in ((resident, CARD), (neighbor, OTHER_CARD)):
        rules.add(gate=gate, resident=who, at=now)
        cards.issue(resident=who, number=number, at=now)
    web = live.web()
    door = Door(live, "south")
    door.pair(pairing.make_code(gate=gate, by=None, at=now))
    make.enable(here, at=now)
    door.open()
    yield door
    door.close()
    if web.poll() is None:
        live.stop(web)


def stop(who) -> ErasureOrder:
    return withdrawal.withdraw(
        resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=datetime.now(UTC)
    )


@pytest.mark.obligation("9", "F14", "35", "F17")
def test_a_house_that_lost_its_data_goes_on_as_if_it_had_not(
    operator, live, door, here, resident, neighbor, now, tmp_path
):
    """One had stopped and the gate had said so; the other had stopped while the gate was away. Both stay stopped."""
    for seed, who in enumerate((resident, neighbor)):
        make.face(who, at=now, seed=seed)
    assert door.ask(sync=True)["faces"] == 2
    witness = Witness(tmp_path, live)
    swept()
    assert witness.watch() == 0
    sets = operator.backup()

    confirmed = stop(resident)
    carried_through(confirmed)
    assert door.ask(sync=True)["faces"] == 1
    live.wait_until(lambda: left_of(confirmed) == {Kind.BACKUP})
    door.close()
    unheard = stop(neighbor)
    carried_through(unheard)
    swept()
    assert witness.watch() == 0
    seen = checkpoints.newest()
    at = datetime.now(UTC)
    journalling.settled(until=at, at=at)

    spoil()
    live.stop(live._children["web"])
    operator.restore(sets)
    swept()
    live.web()

    assert left_of(ErasureOrder.objects.get(pk=confirmed.pk)) == {Kind.BACKUP}, "nobody is asked twice"
    assert left_of(ErasureOrder.objects.get(pk=unheard.pk)) == {Kind.BACKUP, Kind.DEVICE}
    assert checkpoints.newest().size > seen.size
    assert witness.watch() == 0, "the log has only grown"
    assert Cosignature.objects.exists()

    door.open()
    assert door.ask(sync=True)["faces"] == 0
    live.wait_until(lambda: left_of(ErasureOrder.objects.get(pk=unheard.pk)) == {Kind.BACKUP})
    for card in (CARD, OTHER_CARD):
        assert door.ask(card=card)["open"] is True
    there = FeedRow.objects.filter(present=True).count()
    assert door.ask(sync=True)["rows"] == there if "rows" in door.ask(sync=True) else there == 2


class Witness:
    """Somebody at another organization's machine."""

    def __init__(self, folder: Path, live: Live) -> None:
        self.folder, self.live = folder, live
        self.key_file, self.state = folder / "witness.key", folder / "seen.json"
        said = self._run("key", "witness.example", "--key-file", str(self.key_file))
        checkpoints.welcome(notes.key(said.stdout.splitlines()[-1]))

    def watch(self) -> int:
        options = [
            "--key",
            str(checkpoints.key()),
            "--key-file",
            str(self.key_file),
            "--state",
            str(self.state),
        ]
        return self._run("watch", f"{self.live.url}/log", *options).returncode

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(BASE / "ledger" / "witness.py"), *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)


@pytest.mark.obligation("9", "F14")
def test_nothing_serves_before_a_restore_is_finished(operator, live, here, resident, now):
    """Killed in the middle: web, worker and beat do not start, those that ran on answer nobody, and a copy put back by hand
    knows that it is one."""
    make.face(resident, at=now)
    swept()
    sets = operator.backup()
    carried_through(stop(resident))
    swept()
    connections.close_all()
    named = [part for kind, path in sets.items() for part in (f"--{kind}", str(path))]
    command = [
        sys.executable,
        "manage.py",
        "restore",
        *named,
        "--identity",
        str(operator.identity),
        "--over-newer-data",
    ]
    restoring = live.start("restore", command)
    live.wait_until(lambda: _aside() or restoring.poll() is not None, every=0.01)
    live.kill(restoring)
    assert _aside(), "it was killed in the middle"
    for name in ("worker", "beat"):
        started = getattr(live, name)()
        live.wait_until(lambda child=started: child.poll() is not None, timeout=60)
        assert "does not start like this" in live.log(name)
        live.stop(started)
    web = live.start("web", [sys.executable, "-c", "import portal.wsgi"])
    live.wait_until(lambda: web.poll() is not None, timeout=60)
    assert web.returncode != 0
    live.stop(web)

    # Whoever opens the door by hand finds that the database itself says no.
    for name in embedded.DATABASES.values():
        with embedded.connect(settings.VAR, name) as cluster:
            cluster.execute(f"GRANT CONNECT ON DATABASE {name} TO linmen_app")
    beat = live.beat()
    live.wait_until(lambda: beat.poll() is not None, timeout=60)
    assert "linmen.E0" in live.log("beat")
    live.stop(beat)
    operator.restore(sets)
    assert live.manage("check", "--database", "default").returncode == 0


def _aside() -> bool:
    with embedded.connect(settings.VAR, embedded.DATABASES["default"]) as cluster:
        found = cluster.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'before_restore'"
        ).fetchone()
    return bool(found and found[0])


@pytest.mark.obligation("9", "F14")
def test_who_runs_on_while_a_backup_is_put_back_answers_nobody(operator, live, here, resident, now):
    web = live.web()
    sets = operator.backup()
    refused = operator.restore(sets, check=False)
    assert "Stop web, worker and beat first" in refused.stderr
    live.stop(web)
    operator.restore(sets)
    live.web()
    assert live.answers()


@pytest.mark.obligation("F14")
def test_what_was_begun_can_be_given_up(operator, live, here, resident, neighbor, now):
    make.face(resident, at=now)
    swept()
    sets = operator.backup()
    stopped = stop(resident)
    carried_through(stopped)
    connections.close_all()
    named = [part for kind, path in sets.items() for part in (f"--{kind}", str(path))]
    command = [
        sys.executable,
        "manage.py",
        "restore",
        *named,
        "--identity",
        str(operator.identity),
        "--over-newer-data",
    ]
    restoring = live.start("restore", command)
    live.wait_until(lambda: _aside() or restoring.poll() is not None, every=0.01)
    live.kill(restoring)
    said = live.manage("restore", "--give-up").stdout
    assert "there again" in said
    assert left_of(ErasureOrder.objects.get(pk=stopped.pk)) == {Kind.BACKUP}
    swept()
