import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connections

from vault import keys
from vault.keys import KeyDestroyed, KeyTaken, State
from vault.models import Key


def make(id: UUID | None = None, *, subject: UUID | None = None) -> UUID:
    id = id or uuid4()
    keys.ensure(id=id, subject=subject or uuid4(), purpose="face-at-gate")
    return id


def together(*acts):
    """Run the acts in threads of their own that start at one moment; what each returned or raised."""
    gate = threading.Barrier(len(acts))

    def run(act):
        try:
            gate.wait(timeout=10)
            return act()
        except KeyDestroyed as ended:
            return ended
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, act) for act in acts]]


@pytest.mark.django_db
def test_it_is_made_once_however_often_it_is_asked_for():
    subject = uuid4()
    id = make(subject=subject)
    first = bytes(Key.objects.get(id=id).wrapped)

    make(id, subject=subject)

    assert keys.state(id) is State.LIVE
    assert bytes(Key.objects.get(id=id).wrapped) == first


@pytest.mark.django_db
def test_it_serves_one_subject_and_one_purpose():
    subject = uuid4()
    id = make(subject=subject)

    with pytest.raises(KeyTaken):
        keys.ensure(id=id, subject=uuid4(), purpose="face-at-gate")
    with pytest.raises(KeyTaken):
        keys.ensure(id=id, subject=subject, purpose="contact")
    with pytest.raises(ValueError, match="purpose"):
        keys.ensure(id=uuid4(), subject=subject, purpose="")


@pytest.mark.django_db
@pytest.mark.obligation("9", "22")
def test_it_ends_once_and_says_which_call_ended_it():
    id = make()

    assert keys.destroy(id=id) is True
    assert keys.destroy(id=id) is False
    assert keys.state(id) is State.DESTROYED
    assert Key.objects.get(id=id).wrapped is None


@pytest.mark.django_db
@pytest.mark.obligation("9")
def test_it_cannot_be_made_again_once_destroyed():
    subject = uuid4()
    id = make(subject=subject)
    keys.destroy(id=id)

    with pytest.raises(KeyDestroyed):
        make(id, subject=subject)

    assert keys.state(id) is State.DESTROYED


@pytest.mark.django_db
@pytest.mark.obligation("9", "A5")
def test_it_cannot_be_made_by_a_late_worker_when_it_ended_before_it_began():
    id = uuid4()
    assert keys.state(id) is State.ABSENT

    assert keys.destroy(id=id) is False

    with pytest.raises(KeyDestroyed):
        make(id)
    assert keys.state(id) is State.DESTROYED


def test_it_is_one_key_when_two_make_it_at_once(committed):
    for _ in range(10):
        id, subject = uuid4(), uuid4()

        assert together(*[partial(make, id, subject=subject)] * 2) == [id, id]

        assert Key.objects.filter(id=id).count() == 1
        assert keys.state(id) is State.LIVE


@pytest.mark.obligation("9", "A5")
def test_it_is_gone_whoever_wins_when_making_races_destroying(committed):
    for _ in range(20):
        id, subject = uuid4(), uuid4()

        together(partial(make, id, subject=subject), partial(keys.destroy, id=id))

        assert keys.state(id) is State.DESTROYED
        with pytest.raises(KeyDestroyed):
            make(id, subject=subject)


@pytest.mark.obligation("9")
def test_it_is_destroyed_by_exactly_one_of_two(committed):
    for _ in range(10):
        id = make()

        assert sorted(together(*[partial(keys.destroy, id=id)] * 2)) == [False, True]


NO_RIGHT, GUARDED, TAKEN, NOT_NEWEST = "42501", "LM002", "23505", "LM157"

REVIVALS = {
    "update": "UPDATE vault_key SET wrapped = '\\x00', destroyed_at = NULL",
    "update of the bytes alone": "UPDATE vault_key SET wrapped = '\\x00'",
    "update of the date alone": "UPDATE vault_key SET destroyed_at = now()",
    "upsert": (
        "INSERT INTO vault_key (id, subject, purpose, wrapped) SELECT id, subject, purpose, '\\x00' FROM vault_key"
        " ON CONFLICT (id) DO UPDATE SET wrapped = EXCLUDED.wrapped, destroyed_at = NULL"
    ),
    "merge": (
        "MERGE INTO vault_key k USING (SELECT id FROM vault_key) s ON s.id = k.id"
        " WHEN MATCHED THEN UPDATE SET wrapped = '\\x00', destroyed_at = NULL"
    ),
    "a second row": (
        "INSERT INTO vault_key (id, subject, purpose, wrapped) SELECT id, subject, purpose, '\\x00' FROM vault_key"
    ),
    "delete": "DELETE FROM vault_key",
    "truncate": "TRUNCATE vault_key",
    "another id": "UPDATE vault_key SET id = gen_random_uuid()",
    "another subject": "UPDATE vault_key SET subject = gen_random_uuid()",
    "another purpose": "UPDATE vault_key SET purpose = 'other'",
    "another birthday": "UPDATE vault_key SET created_at = now()",
}

WAYS_AROUND = {
    "replica": "SET session_replication_role = replica",
    "the owner's role": "SET ROLE linmen_owner",
    "disabling the triggers": "ALTER TABLE vault_key DISABLE TRIGGER ALL",
    "dropping the check": "ALTER TABLE vault_key DROP CONSTRAINT vault_key_destroyed_means_no_bytes",
    "replacing the guard": (
        "CREATE OR REPLACE FUNCTION public.linmen_guard_key() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'"
    ),
    "a table in its place": "CREATE TEMP TABLE vault_key (id uuid)",
    "dropping the table": "DROP TABLE vault_key",
}


@pytest.fixture
def tombstone(committed) -> UUID:
    id = make()
    keys.destroy(id=id)
    return id


@pytest.mark.obligation("9", "F19", "F23")
def test_it_stays_destroyed_whatever_sql_is_tried(tombstone, app_sql, owner_sql, subtests):
    before = Key.objects.values_list().get()
    for name, sql in REVIVALS.items():
        for role, session in (("application", app_sql("vault")), ("owner", owner_sql("vault"))):
            with subtests.test(f"{name}, as the {role}"):
                with pytest.raises(psycopg.DatabaseError) as refused:
                    session.execute(sql)

                allowed = {NO_RIGHT, GUARDED, TAKEN} | ({NOT_NEWEST} if "INSERT" in sql else set())
                assert refused.value.sqlstate in allowed
    assert Key.objects.values_list().get() == before


@pytest.mark.obligation("9", "F19")
def test_it_leaves_the_application_no_way_around_the_guard(tombstone, app_sql, subtests):
    before = Key.objects.values_list().get()
    for name, way in WAYS_AROUND.items():
        session = app_sql("vault")
        with suppress(psycopg.DatabaseError):
            session.execute(way)
        for act, sql in REVIVALS.items():
            with subtests.test(f"{name}, then {act}"), pytest.raises(psycopg.DatabaseError):
                session.execute(sql)
    assert Key.objects.values_list().get() == before


def test_it_keeps_its_names_while_it_lives(committed, app_sql, owner_sql, subtests):
    make()
    before = Key.objects.values_list().get()
    for name, sql in REVIVALS.items():
        if not name.startswith("another") and name not in {"delete", "truncate"}:
            continue
        for role, session in (("application", app_sql("vault")), ("owner", owner_sql("vault"))):
            with subtests.test(f"{name}, as the {role}"):
                with pytest.raises(psycopg.DatabaseError) as refused:
                    session.execute(sql)

                assert refused.value.sqlstate in {NO_RIGHT, GUARDED}
    assert Key.objects.values_list().get() == before
