"""A disk that is really full, a small one of its own: an erasure that meets it is stuck for all to see, and ends when there is
room again, once (F15, F16). The small disk is a file system in memory, and wants somebody who may mount one."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from access import enrolment
from access.models import Enrolment
from consent.models import Purpose
from portal import health, journalling, sweeps
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.enrolling import two_portraits
from tests.live import Live
from tests.processes.test_servers_killed import count, enrolled, stop, sweep, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
State = ErasurePlace.State


@dataclass
class Disk:
    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """To the last byte."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        probe = self.folder / "probe"
        with pytest.raises(OSError) as full:
            probe.write_bytes(bytes(4096))
        assert full.value.errno == errno.ENOSPC
        probe.unlink()

    def make_room(self) -> None:
        self._ballast.unlink()


SmallDisk = Callable[[Path, int], Disk]


@pytest.fixture
def small_disk(live: Live) -> Iterator[SmallDisk]:
    """In place of a folder, with all that is in it; or a skip that says why not."""
    with ExitStack() as stack:

        def put_in_place(folder: Path, megabytes: int) -> Disk:
            before = folder.with_name(f"{folder.name}-before")
            folder.rename(before)
            folder.mkdir()
            mount = shutil.which("mount") or pytest.skip("there is no `mount` here")
            kind = ("-t", "tmpfs", "-o", f"size={megabytes}m", "small", str(folder))
            done = subprocess.run([mount, *kind], capture_output=True, text=True, check=False)
            if done.returncode:
                folder.rmdir()
                before.rename(folder)
                pytest.skip(f"nobody here may mount a small disk: {done.stderr.strip()}")
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
            subprocess.run(["cp", "-a", f"{before}/.", str(folder)], check=True)
            shutil.rmtree(before)
            return Disk(folder)

        yield put_in_place


def swept_in_vain(live: Live, order: ErasureOrder) -> None:
    """Hour after hour, until somebody has to look."""
    for hours in range(health.STUCK_ATTEMPTS):
        at = datetime.now(UTC) + timedelta(hours=hours)
        assert not sweeps.sweep(at=at)
        assert not ErasureOrder.objects.complete().filter(pk=order.pk).exists()
    assert not health.report(now=at)["erasures"]["ok"]


def complete_once(who, *, hours: int = 0) -> None:
    for turn in range(3):
        assert sweeps.sweep(at=datetime.now(UTC) + timedelta(hours=hours, minutes=4 * turn))
    order = ErasureOrder.objects.get(resident=who)
    assert order in ErasureOrder.objects.complete()
    assert count(who, "erasure.opened") == count(who, "erasure.complete") == 1


@pytest.mark.obligation("9", "F15", "F16")
def test_the_database_finds_no_room(live: Live, small_disk: SmallDisk):
    """A table's file cannot be written anew: what was deleted is still in the old one, and nobody says that it is gone."""
    place = make.neighborhood()
    stop(enrolled(place))()  # the first of a day begins a file of the journal
    who = enrolled(place)
    connections.close_all()
    os.kill(live.server("postgres"), signal.SIGINT)
    live.servers._children["postgres"].wait(30)
    data = live.var / "pg"
    held = sum(file.stat().st_blocks * 512 for file in data.rglob("*") if file.is_file())
    disk = small_disk(data, held // 2**20 + 48)
    live.start_again("postgres")
    withdraw(who)
    disk.fill()
    order = ErasureOrder.objects.get(resident=who)
    swept_in_vain(live, order)
    assert order.places.get(kind=ErasurePlace.Kind.PAGES).state == State.WAITING
    disk.make_room()
    complete_once(who, hours=health.STUCK_ATTEMPTS + 1)


@pytest.mark.obligation("9", "F14", "F15", "F16")
def test_the_journal_finds_no_room(live: Live, small_disk: SmallDisk):
    """What is not in the journal is not called gone: a restore would bring it back."""
    place = make.neighborhood()
    stop(enrolled(place))()
    who = enrolled(place)
    disk = small_disk(Path(settings.JOURNAL), 1)
    disk.fill()
    withdraw(who)
    order = ErasureOrder.objects.get(resident=who)
    swept_in_vain(live, order)
    assert not order.places.filter(state=State.GONE).exists()
    disk.make_room()
    complete_once(who, hours=health.STUCK_ATTEMPTS + 1)
    told = [line for line in journalling.here().lines() if line["kind"] == "order"]
    assert [line["id"] for line in told].count(str(order.pk)) == 1


@pytest.mark.obligation("20", "F15", "F16")
def test_photos_find_no_room_and_go_without_any(live: Live, small_disk: SmallDisk, now):
    """Nothing begins half; and to delete needs no room."""
    Path(settings.PHOTOS).mkdir(mode=0o700, exist_ok=True)
    disk = small_disk(Path(settings.PHOTOS), 1)
    place = make.neighborhood()
    who, other = enrolled(place), enrolled(place)
    for each in (who, other):
        make.consent(each, purpose=Purpose.PHOTO_OVER_INTERNET, at=now)
    begin(who)
    disk.fill()
    with pytest.raises(OSError) as full:
        begin(other)
    assert full.value.errno == errno.ENOSPC
    sweep()
    assert not Enrolment.objects.unfinished().filter(resident=other).exists()
    withdraw(who)
    complete_once(who)
    assert [path.name for path in disk.folder.rglob("*") if path.is_file()] == ["ballast"]
    disk.make_room()
    begin(other)
    assert Enrolment.objects.unfinished().filter(resident=other).exists()


def begin(who) -> Enrolment:
    return enrolment.begin(
        resident=who, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=datetime.now(UTC)
    )
