"""Obligation 46 where nobody can get round it: a term can be cut short, and is otherwise what it was."""

from django.db import migrations

TERMS_ONLY_GET_SHORTER = """
CREATE FUNCTION committees_term_only_gets_shorter() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM public.committees_committee c
            WHERE c.id = NEW.committee_id AND c.neighborhood_id = NEW.neighborhood_id) THEN
            RAISE EXCEPTION 'a term is held where its committee is' USING ERRCODE = 'LM006';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT timezone(time_zone, clock_timestamp())::date INTO today
            FROM public.residents_neighborhood WHERE id = OLD.neighborhood_id;
        IF OLD.starts < today THEN
            RAISE EXCEPTION 'a term that was held is kept' USING ERRCODE = 'LM006';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.ends > OLD.ends OR to_jsonb(NEW) - 'ends' <> to_jsonb(OLD) - 'ends' THEN
        RAISE EXCEPTION 'a term can only get shorter' USING ERRCODE = 'LM006', HINT = 'Appoint for a further term.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_term_only_gets_shorter BEFORE INSERT OR UPDATE OR DELETE ON committees_term
    FOR EACH ROW EXECUTE FUNCTION committees_term_only_gets_shorter();
ALTER TABLE committees_term ENABLE ALWAYS TRIGGER committees_term_only_gets_shorter;

CREATE FUNCTION committees_committee_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Its kind decides what its members may do, its neighborhood where.
    IF (NEW.id, NEW.kind, NEW.neighborhood_id) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.neighborhood_id) THEN
        RAISE EXCEPTION 'a body keeps its kind and its place' USING ERRCODE = 'LM006';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_committee_stays BEFORE UPDATE ON committees_committee
    FOR EACH ROW EXECUTE FUNCTION committees_committee_stays();
ALTER TABLE committees_committee ENABLE ALWAYS TRIGGER committees_committee_stays;
"""

FREE_AGAIN = """
DROP TRIGGER committees_committee_stays ON committees_committee;
DROP FUNCTION committees_committee_stays();
DROP TRIGGER committees_term_only_gets_shorter ON committees_term;
DROP FUNCTION committees_term_only_gets_shorter();
"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0001_bodies_and_terms")]

    operations = [migrations.RunSQL(TERMS_ONLY_GET_SHORTER, FREE_AGAIN)]
