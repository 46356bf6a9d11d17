"""Every way that raw SQL knows to change, delete or truncate, tried as the application and, where even the owner must
fail, as the owner."""

from contextlib import suppress

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.state import ProjectState
from psycopg import errors

from ledger.append_only import REFUSED, AppendOnly
from ledger.models import Entry, Opening
from ledger.record import record
from portal import embedded
from portal.owner import as_owner

CHANGES = {
    "update": "UPDATE ledger_entry SET kind = 'other'",
    "update of nothing new": "UPDATE ledger_entry SET kind = kind",
    "update through a query": "WITH e AS (SELECT id FROM ledger_entry) UPDATE ledger_entry l SET kind = 'x' FROM e WHERE l.id = e.id",
    "delete": "DELETE FROM ledger_entry",
    "delete using a join": "DELETE FROM ledger_entry e USING ledger_opening o WHERE o.entry_id = e.id",
    "merge that deletes": "MERGE INTO ledger_entry e USING ledger_opening o ON o.entry_id = e.id WHEN MATCHED THEN DELETE",
    "merge that updates": "MERGE INTO ledger_entry e USING ledger_opening o ON o.entry_id = e.id WHEN MATCHED THEN UPDATE SET kind = 'x'",
    "upsert": "INSERT INTO ledger_entry OVERRIDING SYSTEM VALUE SELECT * FROM ledger_entry ON CONFLICT (id) DO UPDATE SET kind = 'x'",
    "truncate": "TRUNCATE ledger_entry, ledger_opening, ledger_leaf, ledger_waiting",
    "truncate cascade": "TRUNCATE ledger_entry CASCADE",
    "change of an opening": "UPDATE ledger_opening SET payload = '{}'",
    "upsert of an opening": "INSERT INTO ledger_opening SELECT * FROM ledger_opening ON CONFLICT (entry_id) DO UPDATE SET payload = '{}'",
    "truncate of openings": "TRUNCATE ledger_opening",
}

WAYS_AROUND = {
    "replica": "SET session_replication_role = replica",
    "the owner's role": "SET ROLE linmen_owner",
    "the owner's session": "SET SESSION AUTHORIZATION linmen_owner",
    "disabling the triggers": "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    "disabling the user's triggers": "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
    "dropping the trigger": "DROP TRIGGER ledger_entry_append_only ON ledger_entry",
    "replacing the function": (
        "CREATE OR REPLACE FUNCTION public.linmen_refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'"
    ),
    "granting itself": "GRANT ALL ON ledger_entry TO linmen_app",
    "dropping the table": "DROP TABLE ledger_entry CASCADE",
    "renaming the table": "ALTER TABLE ledger_entry RENAME TO other",
    "changing a column": "ALTER TABLE ledger_entry ALTER COLUMN kind TYPE text USING 'x'",
    "a rule": "CREATE RULE r AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
    "a policy": "ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY",
    "a table in its place": "CREATE TEMP TABLE ledger_entry (id bigint)",
    "winding the numbers back": "SELECT setval('ledger_entry_id_seq', 1)",
    "the catalog": "UPDATE pg_trigger SET tgenabled = 'D'",
    "another search path": "SET search_path = pg_temp, pg_catalog, public",
    "deferred checks": "SET CONSTRAINTS ALL DEFERRED",
    "copying from a program": "COPY ledger_entry FROM PROGRAM 'true'",
}


@pytest.fixture
def entry(committed) -> Entry:
    with transaction.atomic():
        return record(kind="consent.given", subject=None, neighborhood=None, payload={"version": 1})


@pytest.fixture
def unchanged(entry):
    def state():
        return list(Entry.objects.values_list()), list(Opening.objects.values_list())

    before = state()
    yield
    assert state() == before


@pytest.mark.obligation("35", "F18", "F19")
def test_it_refuses_the_application_every_change(unchanged, app_sql, subtests):
    for name, sql in CHANGES.items():
        with subtests.test(name), pytest.raises(errors.InsufficientPrivilege):
            app_sql().execute(sql)


@pytest.mark.obligation("35", "F18", "F19")
def test_it_refuses_the_owner_too(unchanged, owner_sql, subtests):
    for name, sql in CHANGES.items():
        with subtests.test(name):
            with pytest.raises(psycopg.DatabaseError) as refused:
                owner_sql().execute(sql)

            assert refused.value.sqlstate == REFUSED
            assert "append-only" in str(refused.value)


@pytest.mark.obligation("35", "F18")
def test_it_leaves_the_application_no_way_around(unchanged, app_sql, subtests):
    for name, way in WAYS_AROUND.items():
        session = app_sql()
        # Some ways are refused and some only ignored: what counts is that nothing opens behind them.
        with suppress(psycopg.DatabaseError):
            session.execute(way)
        for act, sql in CHANGES.items():
            with subtests.test(f"{name}, then {act}"), pytest.raises(errors.InsufficientPrivilege):
                session.execute(sql)


@pytest.mark.obligation("35")
def test_it_holds_for_a_superuser_in_replica_mode(unchanged, committed):
    with embedded.connect(settings.VAR, committed["default"]) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.DatabaseError) as refused:
            superuser.execute("DELETE FROM ledger_entry")

    assert refused.value.sqlstate == REFUSED


@pytest.mark.obligation("35")
def test_it_lets_nobody_write_an_entry_into_the_past(entry, app_sql):
    app_sql().execute(
        "INSERT INTO ledger_entry (kind, commitment, at)"
        " VALUES ('consent.given', decode(repeat('00', 32), 'hex'), '2020-01-01')"
    )

    first, second = Entry.objects.order_by("id")
    assert second.at >= first.at


@pytest.mark.obligation("9", "35")
def test_it_lets_an_opening_go_and_keeps_the_entry(entry):
    Opening.objects.filter(entry=entry).delete()

    assert not Opening.objects.exists()
    assert bytes(Entry.objects.get().commitment) == bytes(entry.commitment)


def test_it_can_be_taken_back_by_a_migration_and_by_nothing_else(entry, owner_sql, app_sql):
    act = AppendOnly("ledger_opening", erasable=True), ProjectState()
    for undo in (True, False):
        with as_owner("default"), connection.schema_editor() as editor:
            operation, state = act
            (operation.database_backwards if undo else operation.database_forwards)(
                "ledger", editor, state, state
            )
        if undo:
            app_sql().execute("UPDATE ledger_opening SET payload = payload")

    with pytest.raises(errors.InsufficientPrivilege):
        app_sql().execute("UPDATE ledger_opening SET payload = payload")
    assert type(operation)(**operation.deconstruct()[2]).refused == operation.refused
