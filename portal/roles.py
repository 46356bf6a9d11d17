"""The two roles of PostgreSQL and what each may do, as SQL.

The embedded cluster runs these statements itself; whoever runs a real server feeds it deploy/roles.sql, which is these
same statements, written by `python -m portal.roles`. The owner migrates and nothing else. The application owns nothing:
it may not create, truncate or alter, and migrations take UPDATE and DELETE away from it where a table is append-only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from psycopg import Connection, sql

OWNER = "linmen_owner"
APP = "linmen_app"
_ATTRIBUTES = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION")


def create_roles(connection: Connection) -> None:
    """In the cluster, as its superuser; safe to run again."""
    for statement in _role_statements():
        connection.execute(statement)


def create_database(connection: Connection, name: str, *, template: str = "template1") -> None:
    """As superuser, outside a transaction. Rights on a database are not copied from its template."""
    for statement in _database_statements(sql.Identifier(name), sql.Identifier(template)):
        connection.execute(statement)


def open_schema(connection: Connection) -> None:
    """In each database, as superuser, before the first migration; safe to run again."""
    for statement in _schema_statements():
        connection.execute(statement)


def script() -> str:
    """All of it for psql, which is told the database's name with `-v database=…`."""
    database = sql.SQL(':"database"')
    parts: tuple[Iterable[sql.Composed], ...] = (
        _role_statements(),
        _database_statements(database, sql.Identifier("template1")),
        [sql.SQL("\\connect {}").format(database)],
        _schema_statements(),
    )
    said = [statement.as_string(None) for part in parts for statement in part]
    return "".join(f"{each}\n" if each.startswith("\\") else f"{each};\n" for each in said)


def _role_statements() -> Iterable[sql.Composed]:
    for role in (OWNER, APP):
        yield sql.SQL(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {})"
            " THEN CREATE ROLE {}; END IF; END $$"
        ).format(sql.Literal(role), sql.Identifier(role))
        yield sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), _ATTRIBUTES)


def _database_statements(database: sql.Composable, template: sql.Identifier) -> Iterable[sql.Composed]:
    owner, app = sql.Identifier(OWNER), sql.Identifier(APP)
    yield sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(database, owner, template)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, app)


def _schema_statements() -> Iterable[sql.Composed]:
    owner, app = sql.Identifier(OWNER), sql.Identifier(APP)
    for statement in (
        sql.SQL("ALTER SCHEMA public OWNER TO {owner}"),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {app}"),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
        ),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {app}"
        ),
    ):
        yield statement.format(owner=owner, app=app)


if __name__ == "__main__":
    sys.stdout.write(
        "-- Written by `python -m portal.roles`. Once on each cluster, as superuser, before the first migration:\n"
        "--   psql -v ON_ERROR_STOP=1 -v database=linmen -f roles.sql        (linmen_vault on the vault's)\n"
        f"{script()}"
    )
