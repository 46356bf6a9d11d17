"""A migration operation that keeps rows together: what a row points to is of the row's own neighborhood.

Staff are scoped by neighborhood (A2, 27), so a rule here for a dwelling there, or a card of somebody there, would hand
one neighborhood's people to another's staff and gates. A trigger refuses it whoever writes, and no row moves from one
neighborhood to another.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

REFUSED = "LM010"

# TG_ARGV: column, table, column, table, …
FUNCTION = """
CREATE OR REPLACE FUNCTION linmen_same_neighborhood() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pointed text;
    found boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.neighborhood_id <> OLD.neighborhood_id THEN
        RAISE EXCEPTION '% never moves to another neighborhood', TG_TABLE_NAME USING ERRCODE = 'LM010';
    END IF;
    FOR i IN 0 .. TG_NARGS / 2 - 1 LOOP
        pointed := to_jsonb(NEW) ->> TG_ARGV[2 * i];
        CONTINUE WHEN pointed IS NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE id = $1::uuid AND neighborhood_id = $2)',
            TG_ARGV[2 * i + 1]) INTO found USING pointed, NEW.neighborhood_id;
        IF NOT found THEN
            RAISE EXCEPTION '%.% is of another neighborhood', TG_TABLE_NAME, TG_ARGV[2 * i]
                USING ERRCODE = 'LM010';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$
"""


class SameNeighborhood(Operation):
    """`SameNeighborhood("access_rule", gate_id="access_gate", …)`: column and the table it points to."""

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def __init__(self, table: str, **columns: str) -> None:
        self.table = table
        self.columns = columns

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
        arguments = ", ".join(f"'{column}', '{table}'" for column, table in self.columns.items())
        for sql in (
            FUNCTION,
            (
                f"CREATE TRIGGER {self.table}_same_neighborhood BEFORE INSERT OR UPDATE ON {self.table}"
                f" FOR EACH ROW EXECUTE FUNCTION linmen_same_neighborhood({arguments})"
            ),
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.table}_same_neighborhood",
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
            schema_editor.execute(f"DROP TRIGGER {self.table}_same_neighborhood ON {self.table}", params=None)

    def describe(self) -> str:
        return f"Keep {self.table} within its neighborhood"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], self.columns
