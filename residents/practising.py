"""Migration operations that keep a practice neighborhood apart from everybody real.

There staff try the desk with made-up people. No account, no letter and no reader belongs to one, whoever writes; and no
neighborhood becomes one or stops being one, for its people would be taken for what they are not.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

REFUSED = "LM040"

FUNCTION = """
CREATE OR REPLACE FUNCTION linmen_not_in_practice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_neighborhood WHERE id = NEW.neighborhood_id AND practice) THEN
        RAISE EXCEPTION 'nobody is real in a practice neighborhood: no such row in %', TG_TABLE_NAME
            USING ERRCODE = 'LM040';
    END IF;
    RETURN NEW;
END
$$
"""


class NeverInPractice(Operation):
    """Rows of `table` (those that match `when`, SQL on NEW) are never of a practice neighborhood."""

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def __init__(self, table: str, when: str = "") -> None:
        self.table = table
        self.when = when

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not change."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.alias != "default":
            return
        when = f" WHEN ({self.when})" if self.when else ""
        for sql in (
            FUNCTION,
            (
                f"CREATE TRIGGER {self.table}_not_in_practice BEFORE INSERT OR UPDATE ON {self.table}"
                f" FOR EACH ROW{when} EXECUTE FUNCTION linmen_not_in_practice()"
            ),
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.table}_not_in_practice",
        ):
            schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.alias == "default":
            schema_editor.execute(f"DROP TRIGGER {self.table}_not_in_practice ON {self.table}", params=None)

    def describe(self) -> str:
        return f"Keep {self.table} out of practice neighborhoods"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {"when": self.when} if self.when else {}
