"""No old bytes left in a table's file.

DELETE and UPDATE only mark a row's old version as dead: its bytes stay in the file until chance overwrites
them. So what must be gone is followed by a rewrite: the living rows are copied into a new file, TOAST and
indexes too, and the old file is cut to nothing at commit. The write-ahead log and backups are other places,
with their own ends.

`Rewritable(table, ...)` in a migration makes ``linmen_rewrite_<table>()``, owned by the owner and callable by
the application, which owns no table that it could rewrite itself. The function says true only when it is sure:

- It waits 0.2 s for its lock, then gives up and says false, so that no reader is held up longer.
- A transaction that began before the erasure still has a right to see the old version, and the copy takes it
  along. The primary key's index has one item for each row version copied, so comparing it with the living
  rows shows exactly whether any dead version came along. If so it says false, and the caller tries again
  later.

Column statistics are switched off for `secrets`: ANALYZE would copy sample values into a system catalog.
"""

from typing import Any

from django.db import NotSupportedError, connections, router, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from vault.models import Key

APP_ROLE = "linmen_app"
LOCK_TIMEOUT_MS = 200

# An index counts its items in a 4-byte float: beyond 2^24 that is no longer exact, and so not sure.
# One over a table that never held anything says -1.
REWRITE = """
CREATE OR REPLACE FUNCTION {function}() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '{timeout}ms' AS $$
DECLARE
    versions float8;
    living bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a rewrite must see the latest rows: call it in READ COMMITTED';
    END IF;
    BEGIN
        LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        RETURN false;
    END;
    CLUSTER {table} USING {index};
    SELECT count(*) INTO living FROM {table};
    SELECT greatest(reltuples, 0) INTO versions FROM pg_class WHERE oid = '{schema}.{index}'::regclass;
    RETURN versions = living AND living < 16777216;
END
$$
"""


class Rewritable(Operation):
    """Let the application have `table` rewritten; keep samples of its `secrets` out of the statistics."""

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def __init__(self, table: str, secrets: list[str]) -> None:
        self.table = table
        self.secrets = secrets

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not change."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not router.allow_migrate(schema_editor.connection.alias, app_label):
            return
        function = function_name(self.table)
        table = schema_editor.quote_name(self.table)
        for sql in (
            REWRITE.format(
                function=function,
                table=f"public.{table}",
                index=schema_editor.quote_name(f"{self.table}_pkey"),
                schema="public",
                timeout=LOCK_TIMEOUT_MS,
            ),
            f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC",
            (
                f"DO $do$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{APP_ROLE}')"
                f" THEN GRANT EXECUTE ON FUNCTION {function}() TO {APP_ROLE}; END IF; END $do$"
            ),
            *(
                f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0"
                for column in self._columns(schema_editor)
            ),
        ):
            schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not router.allow_migrate(schema_editor.connection.alias, app_label):
            return
        schema_editor.execute(f"DROP FUNCTION {function_name(self.table)}()", params=None)
        table = schema_editor.quote_name(self.table)
        for column in self._columns(schema_editor):
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1", params=None)

    def _columns(self, schema_editor: BaseDatabaseSchemaEditor) -> list[str]:
        return [schema_editor.quote_name(column) for column in self.secrets]

    def describe(self) -> str:
        return f"Let {self.table} be rewritten, and keep its secrets out of statistics"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.table}_rewritable"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"table": self.table, "secrets": self.secrets}


def function_name(table: str) -> str:
    name = f"linmen_rewrite_{table}"
    if not table.isidentifier() or len(name) > 63:
        raise ValueError(f"{table!r} gives no name for a function")
    return name


def rewrite(*, table: str, using: str) -> bool:
    """Rewrite the table's file; true when no earlier version of any row is left in it.

    False means not sure (someone reads the table, or an older transaction still may): try again later. Must
    run outside a transaction, after the erasure has committed; the lock ends with the call.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A rewrite follows the erasure's commit; it cannot be part of it."
        )
    if connection.vendor != "postgresql":
        raise NotSupportedError("Only PostgreSQL's files are known here.")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT public.{function_name(table)}()")
        row = cursor.fetchone()
    return bool(row and row[0])


def rewrite_keys() -> bool:
    """Rewrite the file that held the wrapped keys; see `rewrite`."""
    return rewrite(table=Key._meta.db_table, using=router.db_for_write(Key))
