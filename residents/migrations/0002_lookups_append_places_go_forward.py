"""Law 6 and law 12 where nobody can get round them."""

from django.db import migrations

from ledger.append_only import AppendOnly

# GONE is final, a place never changes what it stands for, and none is dropped in silence.
PLACE_FORWARD_ONLY = """
CREATE FUNCTION residents_erasureplace_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a place of an erasure is never dropped' USING ERRCODE = 'LM002';
    END IF;
    IF OLD.state = 'gone' THEN
        RAISE EXCEPTION 'what is gone stays gone' USING ERRCODE = 'LM002';
    END IF;
    IF (NEW.id, NEW.order_id, NEW.kind, NEW.target, NEW.device)
        IS DISTINCT FROM (OLD.id, OLD.order_id, OLD.kind, OLD.target, OLD.device) THEN
        RAISE EXCEPTION 'a place of an erasure cannot become another place' USING ERRCODE = 'LM002';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_erasureplace_forward_only BEFORE UPDATE OR DELETE ON residents_erasureplace
    FOR EACH ROW EXECUTE FUNCTION residents_erasureplace_forward_only();
ALTER TABLE residents_erasureplace ENABLE ALWAYS TRIGGER residents_erasureplace_forward_only;
"""

PLACE_FREE_AGAIN = """
DROP TRIGGER residents_erasureplace_forward_only ON residents_erasureplace;
DROP FUNCTION residents_erasureplace_forward_only();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0001_register"), ("ledger", "0002_entries_only_append")]

    operations = [
        AppendOnly("residents_lookup"),
        migrations.RunSQL(PLACE_FORWARD_ONLY, PLACE_FREE_AGAIN),
    ]
