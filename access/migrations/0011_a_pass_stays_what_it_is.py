"""What code could forget about visitor passes.

A pass hangs on a credential of its own kind and is never made longer. Nobody answers for more than twenty visits at a
time: the holder is taken first, as every act on their ways in does, so that two browsers cannot count at once. The
host's words for it go with it, whoever ends it and why.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

LAWS = """
CREATE FUNCTION access_pass_is_one() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    host uuid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.credential_id <> OLD.credential_id OR NEW.valid_from < OLD.valid_from
            OR NEW.valid_until > OLD.valid_until OR (OLD.once AND NOT NEW.once) THEN
            RAISE EXCEPTION 'a pass is never made to open more' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    SELECT c.resident_id INTO host FROM public.access_credential c
        WHERE c.id = NEW.credential_id AND c.kind = 'pass' AND c.ended_at IS NULL FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a pass hangs on a credential of that kind' USING ERRCODE = '23514';
    END IF;
    PERFORM FROM public.residents_resident WHERE id = host FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM public.access_pass p JOIN public.access_credential c ON c.id = p.credential_id
        WHERE c.resident_id = host AND c.ended_at IS NULL) >= 20 THEN
        RAISE EXCEPTION 'twenty passes at a time' USING ERRCODE = '23514', CONSTRAINT = 'pass_not_too_many';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_pass_is_one BEFORE INSERT OR UPDATE ON access_pass
    FOR EACH ROW EXECUTE FUNCTION access_pass_is_one();
ALTER TABLE access_pass ENABLE ALWAYS TRIGGER access_pass_is_one;

CREATE FUNCTION access_pass_forgets_its_label() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.access_pass SET label = '' WHERE credential_id = NEW.id AND label <> '';
    RETURN NULL;
END
$$;
CREATE TRIGGER access_pass_forgets_its_label AFTER UPDATE OF ended_at ON access_credential
    FOR EACH ROW WHEN (NEW.kind = 'pass' AND NEW.ended_at IS NOT NULL)
    EXECUTE FUNCTION access_pass_forgets_its_label();
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_pass_forgets_its_label;
"""

LAWLESS = """
DROP TRIGGER access_pass_forgets_its_label ON access_credential;
DROP FUNCTION access_pass_forgets_its_label();
DROP TRIGGER access_pass_is_one ON access_pass;
DROP FUNCTION access_pass_is_one();
"""

# ANALYZE would copy the host's words into pg_statistic.
NO_STATISTICS = "ALTER TABLE access_pass ALTER COLUMN label SET STATISTICS 0"
STATISTICS = "ALTER TABLE access_pass ALTER COLUMN label SET STATISTICS -1"


class Migration(migrations.Migration):
    dependencies = [("access", "0010_visitor_passes")]

    operations = [
        SameNeighborhood("access_pass", credential_id="access_credential"),
        SameNeighborhood("access_passgate", visit_id="access_pass", gate_id="access_gate"),
        migrations.RunSQL(NO_STATISTICS, STATISTICS),
        migrations.RunSQL(LAWS, LAWLESS),
    ]
