"""Raw SQL as the application's own role, each statement in a savepoint of the test's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from access.models import Credential, Device, Gate
from consent.models import Form, Purpose, Standing
from portal import roles
from tests import make
from tests.enrolling import agree

Standings = dict[Purpose, Standing]
Execute = Callable[..., list[Any]]

# What a session may try before a statement, to get round a law. Some are refused; none may help.
WAYS_ROUND: Mapping[str, Sequence[str]] = {
    "plainly": (),
    "as a replica": ("SET session_replication_role = replica",),
    "as the owner": (f"SET ROLE {roles.OWNER}",),
    "as the superuser": ("SET SESSION AUTHORIZATION postgres",),
    "with constraints put off": ("SET CONSTRAINTS ALL DEFERRED",),
    "with row security off": ("SET row_security = off",),
    "with triggers disabled": ("ALTER TABLE {table} DISABLE TRIGGER ALL",),
    "with triggers of the user disabled": ("ALTER TABLE {table} DISABLE TRIGGER USER",),
    "with the trigger dropped": ("DROP FUNCTION linmen_refuse_change() CASCADE",),
    "with the table taken over": (f"ALTER TABLE {{table}} OWNER TO {roles.APP}",),
    "with rights granted to itself": (f"GRANT ALL ON {{table}} TO {roles.APP}",),
    "with a rule instead": ("CREATE RULE r AS ON DELETE TO {table} DO INSTEAD NOTHING",),
    "with another table in its place": (
        "CREATE TEMP TABLE {table} (id uuid)",
        "SET search_path = pg_temp, public",
    ),
    "with functions of its own": (
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2000-01-01''::timestamptz'",
        "SET search_path = public, pg_catalog",
    ),
    "with checks skipped": ("SET ignore_checksum_failure = on", "SET allow_system_table_mods = on"),
}


@pytest.fixture
def execute(db: None) -> Execute:
    connection.ensure_connection()
    session = connection.connection
    assert session.execute("SELECT current_user").fetchone() == (roles.APP,)

    def run(statement: str, values: Mapping[str, object] | Sequence[object] | None = None) -> list[Any]:
        with transaction.atomic(), session.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return run


def refusal(
    session: Execute, way: str, table: str, statement: str, values: object = None
) -> psycopg.Error | None:
    """Prepare as `way` says, however far that gets, and run the statement. None if it went through."""
    for step in WAYS_ROUND[way]:
        try:
            session(step.format(table=table))
        except psycopg.Error:
            pass
    try:
        session(statement, values)
    except psycopg.Error as refused:
        return refused
    return None


@pytest.fixture
def standings(resident, forms: Mapping[Purpose, Form], now) -> Standings:
    return agree(resident, forms, at=now)


@pytest.fixture
def others(neighbor, forms: Mapping[Purpose, Form], now) -> Standings:
    return agree(neighbor, forms, at=now)


@pytest.fixture
def row(standings: Standings, resident, here, now) -> dict[str, object]:
    """What a lawful biometric row would say."""
    gate = Gate.objects.create(neighborhood=here, name="南门", by_face=True)
    device = Device.objects.create(
        neighborhood=here, gate=gate, public_key=b"p" * 32, sealing_key=b"s" * 32, paired_at=now
    )
    make.enable(here, at=now)
    face = Credential.objects.create(neighborhood=here, resident=resident, kind="face", created_at=now)
    return {
        "neighborhood": here.pk,
        "resident": resident.pk,
        "credential": face.pk,
        "device": device.pk,
        "standing": standings[Purpose.FACE_AT_GATE].pk,
        "photo_standing": standings[Purpose.PHOTO_OVER_INTERNET].pk,
    }
