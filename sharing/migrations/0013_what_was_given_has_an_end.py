"""What somebody answered, what was given of theirs, and that they were told of a leak, are proof, and proof has an end (law 9,
obligation 20): three years after its person became a tombstone, and after the row itself, by the database's own clock (LM169).

What a recipient still has to delete stays until it said that it has, however long that takes (law 12).
"""

from importlib import import_module

from django.db import migrations

from ledger.append_only import if_role_exists

# An order's people: as in 0011, but for the end of the period.
LAW = import_module("sharing.migrations.0011_orders_by_law")
NAMED = LAW._function(LAW.ORDER, "sharing_orderperson_before_it_is_read")
UNREAD = "IF TG_OP = 'UPDATE' OR NOT"
OR_LONG_OVER = f"""IF TG_OP = 'DELETE' AND public.sharing_long_over(OLD.resident_id, (
            SELECT o.drafted_at FROM public.sharing_order o WHERE o.id = OLD.order_id)) THEN
        RETURN OLD;
    END IF;
    {UNREAD}"""  # noqa: S608  (fixed text)
assert UNREAD in NAMED, "the law of an order's people reads as it did"

# Three years of 365 days, less one: workers and the database need not have the same second.
LONG_OVER = """
CREATE FUNCTION sharing_long_over(person uuid, since timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE($2 <= clock_timestamp() - interval '1094 days', false) AND public.residents_long_erased($1)
$$;
"""
NOT_LONG_OVER = "DROP FUNCTION sharing_long_over(uuid, timestamptz);"

PERIOD = """
CREATE FUNCTION sharing_keeps_its_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    over boolean;
BEGIN
    IF TG_TABLE_NAME = 'sharing_leaktold' THEN
        over := public.sharing_long_over(OLD.about_id, OLD.at) AND public.sharing_long_over(OLD.reader_id, OLD.at);
    ELSIF TG_TABLE_NAME = 'sharing_disclosedrow' THEN
        -- By an order nothing is asked back; what was never handed over, nobody has.
        over := EXISTS (SELECT FROM public.sharing_copy c WHERE c.id = OLD.copy_id
            AND public.sharing_long_over(OLD.resident_id, c.settled_at)
            AND (c.state = 'void' OR OLD.order_id IS NOT NULL OR EXISTS (SELECT FROM public.sharing_recallline l
                JOIN public.sharing_confirmation said ON said.recall_id = l.recall_id WHERE l.row_id = OLD.id)));
    ELSIF TG_TABLE_NAME = 'sharing_recallline' THEN
        over := NOT EXISTS (SELECT FROM public.sharing_disclosedrow d WHERE d.id = OLD.row_id);
    ELSE
        over := public.sharing_long_over(OLD.resident_id, OLD.at);
    END IF;
    IF NOT over THEN
        RAISE EXCEPTION 'it is kept for three years after its person was erased' USING ERRCODE = 'LM169';
    END IF;
    RETURN OLD;
END
$$;
"""
NO_PERIOD = "DROP FUNCTION sharing_keeps_its_period();"
TABLES = ("answer", "disclosedrow", "recallline", "leakperson", "leaktold")


def ends(name: str) -> migrations.RunSQL:
    """As in `ledger.append_only`: nobody rewrites a row, and whether one may go is the law of its period."""
    table = f"sharing_{name}"
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_keeps_its_period BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION sharing_keeps_its_period();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_keeps_its_period;
        {_refused(table, "UPDATE")}
        {if_role_exists(f"GRANT DELETE ON {table} TO linmen_app")};
        """,
        f"""
        {if_role_exists(f"REVOKE DELETE ON {table} FROM linmen_app")};
        {_refused(table, "UPDATE OR DELETE")}
        DROP TRIGGER {table}_keeps_its_period ON {table};
        """,
    )


def _refused(table: str, acts: str) -> str:
    return f"""
    DROP TRIGGER {table}_append_only ON {table};
    CREATE TRIGGER {table}_append_only BEFORE {acts} ON {table}
        FOR EACH ROW EXECUTE FUNCTION linmen_refuse_change();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only;
    """


class Migration(migrations.Migration):
    dependencies = [
        ("sharing", "0012_the_room_of_an_incident"),
        ("residents", "0036_a_certificate_says_what_its_places_say"),
    ]

    operations = [
        migrations.RunSQL(LONG_OVER, NOT_LONG_OVER),
        migrations.RunSQL(NAMED.replace(UNREAD, OR_LONG_OVER), NAMED),
        migrations.RunSQL(PERIOD, NO_PERIOD),
        *(ends(name) for name in TABLES),
    ]
