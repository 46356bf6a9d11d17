"""Every table of the database as text, to see whether anything was written, and whether all is as it was."""

from __future__ import annotations

from django.db import connection

# That there was an import stays, and what it was is on the ledger; a feed's counter only ever grows.
LEFT_OUT = {
    *("residents_import", "residents_importrow", "access_feedcounter"),
    *("ledger_entry", "ledger_opening", "ledger_waiting", "ledger_leaf", "ledger_tile", "ledger_checkpoint"),
}


def dump(*, versions: bool = False, also: set[str] = frozenset()) -> dict[str, list[str]]:  # type: ignore[assignment]
    """Table -> its rows. With `versions`, each row says which transaction wrote it: written again is not the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall() if name not in LEFT_OUT - also]
        found = {}
        for table in tables:
            written = ", t.xmin::text, t.ctid::text" if versions else ""
            cursor.execute(f'SELECT (t.*)::text{written} FROM "{table}" t')
            found[table] = sorted(map(str, cursor.fetchall()))
    return found


def different(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {table for table in before if before[table] != after[table]}
