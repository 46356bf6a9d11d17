"""Laws 2 and 13 once more: the last way in of somebody who moves in tomorrow does not end today; and what a card or a PIN
is does not change while it opens gates, for whoever carries it would stand outside with what they have."""

from django.db import migrations

LAST_WAY = """
CREATE OR REPLACE FUNCTION access_credential_last_way() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date;
BEGIN
    PERFORM FROM public.residents_resident WHERE id = OLD.resident_id FOR NO KEY UPDATE;
    SELECT (now() AT TIME ZONE n.time_zone)::date INTO today
        FROM public.residents_neighborhood n WHERE n.id = OLD.neighborhood_id;
    IF EXISTS (SELECT FROM public.residents_occupancy o
               WHERE o.resident_id = OLD.resident_id AND {when})
        AND NOT EXISTS (SELECT FROM public.access_credential c
                        WHERE c.resident_id = OLD.resident_id AND c.kind IN ('card', 'pin') AND c.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'nobody who lives here is left without a way in' USING ERRCODE = 'LM011',
            HINT = 'Give another card or lend a PIN in the same act.';
    END IF;
    RETURN NULL;
END
$$;
"""
NOW_OR_LATER = LAST_WAY.format(when="(o.until IS NULL OR o.until > today AND o.until > o.since)")
NOW = LAST_WAY.format(when="o.since <= today AND (o.until IS NULL OR o.until > today)")

SAME = """
CREATE FUNCTION access_credential_same_while_it_opens() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a way in is ended and another one given, never rewritten' USING ERRCODE = 'LM012';
END
$$;
CREATE TRIGGER access_credential_same_while_it_opens BEFORE UPDATE ON access_credential
    FOR EACH ROW WHEN (NEW.ended_at IS NULL AND OLD.kind IN ('card', 'pin') AND (NEW.kind, NEW.digest, NEW.number, NEW.verifier)
        IS DISTINCT FROM (OLD.kind, OLD.digest, OLD.number, OLD.verifier))
    EXECUTE FUNCTION access_credential_same_while_it_opens();
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_credential_same_while_it_opens;
"""
ANYTHING = """
DROP TRIGGER access_credential_same_while_it_opens ON access_credential;
DROP FUNCTION access_credential_same_while_it_opens();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0016_no_way_in_for_the_erased")]

    operations = [migrations.RunSQL(NOW_OR_LATER, NOW), migrations.RunSQL(SAME, ANYTHING)]
