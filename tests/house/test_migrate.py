"""Migrations run as the owner, and only they do."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from psycopg import errors

from portal import owner, roles

OWNERS = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'"
TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_every_table_is_the_owners(committed, owner_sql, alias):
    assert owner_sql(alias).execute(OWNERS).fetchall() == [(roles.OWNER,)]


def test_keys_are_in_the_vault_and_nowhere_else(committed, owner_sql):
    vault = {name for (name,) in owner_sql("vault").execute(TABLES)}
    other = {name for (name,) in owner_sql("default").execute(TABLES)}
    assert {name for name in vault if not name.startswith("vault_")} == {"django_migrations"}
    assert vault - {"django_migrations"}
    assert not {name for name in other if name.startswith("vault_")}


def test_the_applications_role_cannot_migrate(committed, settings):
    settings.OWNER_DATABASES = settings.DATABASES
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        call_command("migrate", "sessions", "zero", verbosity=0, skip_checks=True)


def test_it_migrates_both_databases_and_is_the_application_again_afterwards(committed, capsys):
    call_command("migrate", verbosity=1, skip_checks=True)
    said = capsys.readouterr().out
    assert "Database default" in said
    assert "Database vault" in said
    assert not owner.acting()
    for alias in ("default", "vault"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (roles.APP,)


def test_the_application_reads_the_history_of_migrations_and_cannot_rewrite_it(committed, app_sql):
    for alias in ("default", "vault"):
        assert app_sql(alias).execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
        with pytest.raises(errors.InsufficientPrivilege):
            app_sql(alias).execute("DELETE FROM django_migrations")
