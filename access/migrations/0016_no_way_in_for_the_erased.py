"""F23: who was erased is given no card, PIN, code or photo any more. See the migration of that name in residents."""

from django.db import migrations

GUARD = """
CREATE TRIGGER {table}_not_of_the_erased BEFORE INSERT OR UPDATE OF resident_id ON {table}
    FOR EACH ROW {when} EXECUTE FUNCTION linmen_not_of_the_erased();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_not_of_the_erased;
"""
NO_GUARD = "DROP TRIGGER {table}_not_of_the_erased ON {table}"
# A rule is of a resident or of a dwelling.
TABLES = {
    "access_credential": "",
    "access_enrolment": "",
    "access_rule": "WHEN (NEW.resident_id IS NOT NULL)",
}


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0015_where_gates_are_and_how_long_ways_are_remembered"),
        ("residents", "0012_the_erased_stay_erased"),
    ]

    operations = [
        migrations.RunSQL(GUARD.format(table=table, when=when), NO_GUARD.format(table=table))
        for table, when in TABLES.items()
    ]
