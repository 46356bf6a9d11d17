"""`kill -9` of a backup and of a restore at their commit points: what is half is known as half, and the next run finishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connections

from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import backups, journalling, restoring
from portal.backups import Kind
from residents import backups as register
from residents.models import Backup, ErasureOrder, ErasurePlace, Resident
from tests import make
from tests.processes.crashing import may_die_before, points_of
from tests.restoring.conftest import Operator, carried_through, left_of, swept
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def withdraw(who: Resident) -> ErasureOrder:
    return withdrawal.withdraw(
        resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=datetime.now(UTC)
    )


@pytest.mark.obligation("9", "F14", "F16")
def test_a_backup_that_died_is_no_set_and_is_waited_for_until_it_is_seen_gone(operator, here, resident, now):
    make.face(resident, at=now)

    def act() -> None:
        backups.make(kind=Kind.DATA, at=datetime.now(UTC))

    points = points_of(act)
    assert len(points) > 6, points
    for point in range(1, len(points) + 1):
        may_die_before(point, act)
        begun = set(Backup.objects.exclude(state="gone").filter(state="making").values_list("pk", flat=True))
        act()
        # Whatever was cut off is known, and of it no file is left.
        assert not Backup.objects.filter(state="making").exists(), points[point - 1]
        for each in begun:
            assert Backup.objects.get(pk=each).state == "gone"
            assert not list(settings.BACKUP_FOLDERS["data"].glob(f"*{each}*"))
        assert operator.set_of("data").exists()
    assert not list(settings.BACKUP_FOLDERS["data"].glob("*.part"))


@pytest.mark.obligation("9", "F14", "F16")
def test_a_restore_that_died_lets_nobody_in_and_is_finished_by_the_next(
    operator, here, resident, neighbor, now
):
    make.face(resident, at=now)
    make.face(neighbor, at=now, seed=2)
    key = Standing.objects.get(resident=resident).key
    swept()
    sets = operator.backup()
    order = withdraw(resident)
    carried_through(order)
    swept()
    act = _restoring(operator, sets)
    points = points_of(act)
    # Of each kind of point the first and the last: between them the same is done for the next row.
    chosen = sorted(
        {points.index(each) for each in points} | {len(points) - 1 - points[::-1].index(p) for p in points}
    )
    assert len(chosen) > 10, points
    for point in chosen:
        may_die_before(point + 1, act)
        if not _lets_in():
            continue  # as it should be; and what comes next is the next run
        register.insist_on_serving()
        _as_it_should_be(order, key, resident, neighbor)
    act()
    _as_it_should_be(order, key, resident, neighbor)
    register.insist_on_serving()


def _restoring(operator: Operator, sets: dict[str, Path]) -> Callable[[], None]:
    def act() -> None:
        at = datetime.now(UTC)
        with restoring.alone(), restoring.as_owners():
            paths = {Kind(kind): path for kind, path in sets.items()}
            wanted = restoring.look(paths=paths, identity=operator.key, at=at)
            restoring.run(wanted=wanted, at=at, say=lambda _: None)

    return act


def _lets_in() -> bool:
    connections.close_all()
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
        with connections["vault"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return False
    finally:
        connections.close_all()
    return True


def _as_it_should_be(order: ErasureOrder, key: object, gone: Resident, there: Resident) -> None:
    assert not Standing.objects.filter(resident=gone).exists()
    assert Standing.objects.filter(resident=there).exists()
    assert keys.state(key) == keys.State.DESTROYED
    # Photos are in no backup, and their folder is the worker's to look into.
    left = left_of(ErasureOrder.objects.get(pk=order.pk))
    assert left <= {ErasurePlace.Kind.BACKUP, ErasurePlace.Kind.PHOTOS}
    assert journalling.here().is_there
    connections.close_all()
