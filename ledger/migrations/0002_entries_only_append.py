"""Entries are for ever; openings may go, and neither changes. The database says when an entry was made."""

from django.db import migrations

from ledger.append_only import AppendOnly

CLOCK = """
CREATE FUNCTION linmen_entry_clock() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_entry_clock BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION linmen_entry_clock();
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_clock
"""

UNCLOCK = """
DROP TRIGGER ledger_entry_clock ON ledger_entry;
DROP FUNCTION linmen_entry_clock()
"""


# ANALYZE would copy sample values into a system catalog, where they outlive the opening.
NO_SAMPLES = """
ALTER TABLE ledger_opening ALTER COLUMN salt SET STATISTICS 0;
ALTER TABLE ledger_opening ALTER COLUMN payload SET STATISTICS 0
"""

SAMPLES = """
ALTER TABLE ledger_opening ALTER COLUMN salt SET STATISTICS -1;
ALTER TABLE ledger_opening ALTER COLUMN payload SET STATISTICS -1
"""


class Migration(migrations.Migration):
    dependencies = (("ledger", "0001_entries_and_openings"),)

    operations = (
        AppendOnly("ledger_entry"),
        AppendOnly("ledger_opening", erasable=True),
        migrations.RunSQL(CLOCK, UNCLOCK),
        migrations.RunSQL(NO_SAMPLES, SAMPLES),
    )
