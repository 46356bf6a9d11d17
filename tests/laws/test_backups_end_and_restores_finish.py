"""Laws 11 and 12 in the database: what a backup holds is waited for, and a restore is not finished by saying so."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from portal import backups as sets
from portal import erasure as places_
from portal import journalling
from residents import backups, erasure
from residents.models import Backup, ErasureOrder, ErasurePlace, Restoration
from tests import make

Kind, State = ErasurePlace.Kind, ErasurePlace.State


@pytest.fixture
def now():
    return timezone.now()


def made(at, *, days=14, kind="data", **also) -> Backup:
    return Backup.objects.create(kind=kind, made_at=at, expires_at=at + timedelta(days=days), **also)


def opened(who, at, *places) -> ErasureOrder:
    return erasure.open_order(
        resident=who, purpose="face_at_gate", cause=ErasureOrder.Cause.WITHDRAWN, places=places, at=at
    )


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_an_erasure_lists_every_set_that_may_still_hold_it(resident, now):
    data, vault, ended = made(now), made(now, days=3, kind="vault"), made(now - timedelta(days=15))
    Backup.objects.filter(pk=ended.pk).update(state="gone", gone_at=now, evidence={"files": 0})
    order = opened(resident, now)
    listed = order.places.filter(kind=Kind.BACKUP)
    assert set(listed.values_list("target", "due_at")) == {(s.pk, s.expires_at) for s in (data, vault)}
    assert not order.is_complete


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14", "F15")
def test_no_place_is_gone_before_the_journal_has_the_order(resident, now):
    order = opened(resident, now, erasure.Place(kind=Kind.KEY, target=uuid4()))
    place = order.places.get()
    with pytest.raises(DatabaseError, match="before the journal holds the order"), transaction.atomic():
        ErasurePlace.objects.filter(pk=place.pk).update(state=State.GONE, evidence={"key": "destroyed"})
    assert erasure.mark_gone(place=place.pk, evidence={"key": "destroyed"}, at=now)
    order.refresh_from_db()
    assert order.journalled_at == now
    assert order.is_complete
    [line] = [line for line in journalling.here().lines() if line.get("id") == str(order.pk)]
    assert line["places"] == [["key", str(place.target), None]]
    assert not {"name", "label", "phone"} & set(line)


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14", "F15")
def test_a_set_is_gone_when_its_time_is_up_and_somebody_has_looked(resident, now, settings, tmp_path):
    """And the erasure with it; not before, whoever says so."""
    settings.BACKUP_FOLDERS = {"data": tmp_path / "data", "vault": tmp_path / "vault"}
    then = now - timedelta(days=14, hours=1)
    over, alive = made(then, state="kept"), made(now, state="kept")
    order = opened(resident, now - timedelta(days=10))
    with pytest.raises(DatabaseError, match="counts until its time is up"), transaction.atomic():
        Backup.objects.filter(pk=alive.pk).update(state="gone", gone_at=now, evidence={"files": 0})
    place = order.places.get(target=over.pk)
    ErasureOrder.objects.filter(pk=order.pk).update(journalled_at=now)
    with pytest.raises(DatabaseError, match="still there"), transaction.atomic():
        ErasurePlace.objects.filter(pk=place.pk).update(state=State.GONE, evidence={"files": 0})
    # A folder that is not there today, and one that does not know itself, say nothing.
    assert sets.end(at=now) == 0
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"20260101T000000Z-{over.pk}.age").write_bytes(b"sealed")
    assert sets.end(at=now) == 0
    (folder / sets.MARK).write_text(json.dumps({"system": "this", "holds": "data"}))
    assert sets.overdue(at=now) == 1
    assert sets.end(at=now) == 1
    assert not list(folder.glob("*.age"))
    places_.run(order=order.pk, at=now)
    place.refresh_from_db()
    assert (place.state, place.evidence["files"]) == (State.GONE, 0)
    assert not order.is_complete, "the other set is still there"


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_a_set_made_elsewhere_counts_until_its_day(resident, now):
    made_there = sets.declare(kind=Backup.Kind.DATA, days=7, at=now - timedelta(days=7, minutes=5))
    order = opened(resident, now - timedelta(days=6))
    assert order.places.filter(target=made_there.pk).exists()
    assert sets.end(at=now) == 1
    ErasurePlace.objects.filter(order=order).update(due_at=now)
    assert places_.run(order=order.pk, at=now)
    assert order.places.get().evidence["declared"] is True
    for days in (0, 93):
        with pytest.raises(sets.BackupRefused):
            sets.declare(kind=Backup.Kind.DATA, days=days, at=now)


STATEMENTS = {
    "it is not deleted": "DELETE FROM residents_backup",
    "its day is not put off": "UPDATE residents_backup SET expires_at = expires_at + interval '1 day'",
    "its day is not brought forward": "UPDATE residents_backup SET expires_at = now() + interval '1 minute'",
    "it is not another kind": "UPDATE residents_backup SET kind = 'vault'",
    "it is not begun again": "UPDATE residents_backup SET state = 'making'",
    "it is gone with evidence": "UPDATE residents_backup SET state = 'gone', gone_at = now()",
}


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_what_is_said_of_a_set_stands(committed, owner_sql, statement, now):
    made(now, state="kept")
    with pytest.raises(psycopg.DatabaseError):
        owner_sql().execute(statement)
    assert Backup.objects.get().state == "kept"


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_no_set_lives_longer_than_92_days(now):
    with pytest.raises(DatabaseError, match="92 days"), transaction.atomic():
        made(now, days=93)
    with pytest.raises(DatabaseError, match="made now"), transaction.atomic():
        made(now + timedelta(days=1))


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_of_an_order_and_a_set_at_once_one_sees_the_other(committed, resident, now):
    """Real sessions: a set that is being written down waits for an order that is being opened, and the other way round."""

    def begin() -> Backup:
        try:
            return backups.begin(kind=Backup.Kind.DATA, made_at=now, expires_at=now + timedelta(days=1))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            order = opened(resident, now)
            waiting = other.submit(begin)
            _until_somebody_waits()
            assert not waiting.done()
            assert not Backup.objects.exists()
        waiting.result(30)
    assert not order.places.exists(), "it was committed before the set was begun"

    def open_another() -> ErasureOrder:
        try:
            return opened(resident, now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            second = made(now, days=2)
            waiting_order = other.submit(open_another)
            _until_somebody_waits()
            assert not waiting_order.done()
        listed = waiting_order.result(30).places.values_list("target", flat=True)
    assert second.pk in set(listed)
    assert len(listed) == 2


def _until_somebody_waits() -> None:
    for _ in range(2000):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone() != (0,):
                return
    pytest.fail("nobody waited")


# --- the mark of a restore


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_a_copy_of_a_database_knows_that_it_is_one(committed, owner_sql):
    """What a clone was told when it was made is what lets it serve; a row that names another database does not."""
    backups.insist_on_serving()
    session = owner_sql()
    session.execute("ALTER TABLE residents_restoration RENAME TO aside")
    session.execute("CREATE TABLE residents_restoration (LIKE aside INCLUDING ALL)")
    session.execute("INSERT INTO residents_restoration SELECT * FROM aside")
    session.execute("GRANT SELECT ON residents_restoration TO linmen_app")
    with pytest.raises(backups.Elsewhere):
        backups.insist_on_serving()


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_a_restore_is_finished_when_its_erasures_are_carried_out(committed, owner_sql, resident, now):
    session = owner_sql()
    order = opened(resident, now, erasure.Place(kind=Kind.ROWS, target=uuid4()))
    elsewhere = str(uuid4())
    begin = (
        "INSERT INTO residents_restoration (id, identity, vault_identity, orders)"
        " VALUES (gen_random_uuid(), 'another', %s, %s) RETURNING identity"
    )
    told = session.execute(begin, [backups.identity("vault"), json.dumps([str(order.pk)])]).fetchone()
    assert told == (backups.identity(),)
    with pytest.raises(backups.NotFinished):
        backups.insist_on_serving()
    finish = "UPDATE residents_restoration SET finished_at = now() WHERE finished_at IS NULL"
    for wrong in (
        finish,  # its rows are still there
        f"UPDATE residents_restoration SET orders = '[\"{elsewhere}\"]' WHERE finished_at IS NULL",
        "UPDATE residents_restoration SET identity = 'another' WHERE finished_at IS NULL",
        "DELETE FROM residents_restoration",
        "TRUNCATE residents_restoration",
        "INSERT INTO residents_restoration (id, vault_identity, orders, finished_at)  VALUES (gen_random_uuid(), '', '[]', now())",
    ):
        with pytest.raises(psycopg.DatabaseError):
            session.execute(wrong)
    erasure.mark_gone(place=order.places.get().pk, evidence={"rows": 0}, at=now)
    session.execute(finish)
    backups.insist_on_serving()
    session.execute(begin, [backups.identity("vault"), json.dumps([elsewhere])])
    with pytest.raises(psycopg.DatabaseError, match="not carried out"):
        session.execute(finish)


@pytest.mark.django_db
@pytest.mark.obligation("9", "F14")
def test_the_application_says_nothing_about_restores(committed, app_sql):
    session = app_sql()
    for statement in (
        "INSERT INTO residents_restoration (id, vault_identity, orders) VALUES (gen_random_uuid(), '', '[]')",
        "UPDATE residents_restoration SET finished_at = now()",
        "DELETE FROM residents_restoration",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement)
    assert Restoration.objects.exists()
    assert make.neighborhood()
