"""The two roles of PostgreSQL and what each may do, as SQL.

The embedded cluster runs these statements itself; whoever runs a real server runs them once (docs/deployment.md).
The owner migrates and nothing else. The application owns nothing: it may not create, truncate or alter, and
migrations take UPDATE and DELETE away from it where a table is append-only.
"""

from __future__ import annotations

from psycopg import Connection, sql

OWNER = "linmen_owner"
APP = "linmen_app"


def create_roles(connection: Connection) -> None:
    """In the cluster, as its superuser; safe to run again."""
    for role in (OWNER, APP):
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = sql.SQL("ALTER" if found else "CREATE")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION").format(
                verb, sql.Identifier(role)
            )
        )


def create_database(connection: Connection, name: str, *, template: str = "template1") -> None:
    """As superuser, outside a transaction. Rights on a database are not copied from its template."""
    database, owner, app = sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(APP)
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(database, owner, sql.Identifier(template))
    )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, app))


def open_schema(connection: Connection) -> None:
    """In each database, as superuser, before the first migration; safe to run again."""
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
        connection.execute(statement.format(owner=owner, app=app))
