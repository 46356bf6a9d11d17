"""A migration operation that makes a table append-only, for every role and by two means.

Triggers refuse each UPDATE, DELETE and TRUNCATE whoever asks, the owner and superusers included. They are
ENABLE ALWAYS, so `session_replication_role = replica` does not pass them by. The application's role loses the
privileges as well, so it is refused even where a trigger was forgotten.
"""

from typing import Any

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

APP_ROLE = "linmen_app"
REFUSED = "LM001"

# TG_ARGV says nothing here: the message is built from what Postgres itself knows of the table and the act.
REFUSE_CHANGE = f"""
CREATE OR REPLACE FUNCTION linmen_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = '{REFUSED}', HINT = 'Write a new row that says what changed.';
END
$$
"""


class AppendOnly(Operation):
    """Refuse UPDATE, DELETE and TRUNCATE on `table`.

    With `erasable=True` rows may be deleted, never changed: for side rows whose content must be able to go.
    """

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def __init__(self, table: str, erasable: bool = False) -> None:
        self.table = table
        self.erasable = erasable

    @property
    def refused(self) -> list[str]:
        return ["UPDATE", "TRUNCATE"] if self.erasable else ["UPDATE", "DELETE", "TRUNCATE"]

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
        table = schema_editor.quote_name(self.table)
        rows, truncate = self._trigger_names(schema_editor)
        row_acts = " OR ".join(act for act in self.refused if act != "TRUNCATE")
        for sql in (
            REFUSE_CHANGE,
            (
                f"CREATE TRIGGER {rows} BEFORE {row_acts} ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION linmen_refuse_change()"
            ),
            (
                f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change()"
            ),
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {rows}",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {truncate}",
            if_role_exists(f"REVOKE {', '.join(self.refused)} ON {table} FROM {APP_ROLE}"),
        ):
            schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        # The function stays: other tables may stand on it.
        if not router.allow_migrate(schema_editor.connection.alias, app_label):
            return
        table = schema_editor.quote_name(self.table)
        for trigger in self._trigger_names(schema_editor):
            schema_editor.execute(f"DROP TRIGGER {trigger} ON {table}", params=None)
        given_back = [act for act in self.refused if act != "TRUNCATE"]
        schema_editor.execute(
            if_role_exists(f"GRANT {', '.join(given_back)} ON {table} TO {APP_ROLE}"), params=None
        )

    def _trigger_names(self, schema_editor: BaseDatabaseSchemaEditor) -> tuple[str, str]:
        return (
            schema_editor.quote_name(f"{self.table}_append_only"),
            schema_editor.quote_name(f"{self.table}_no_truncate"),
        )

    def describe(self) -> str:
        return f"Refuse {', '.join(self.refused)} on {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.table}_append_only"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        kwargs: dict[str, Any] = {"table": self.table}
        if self.erasable:
            kwargs["erasable"] = True
        return type(self).__name__, [], kwargs


def if_role_exists(sql: str) -> str:
    """Wrap a GRANT or REVOKE so that a server without the application's role can still be migrated."""
    return (
        f"DO $do$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{APP_ROLE}')"
        f" THEN {sql}; END IF; END $do$"
    )
