"""Before its last day a term is handed over by whoever holds it, and by nobody for them (obligations 27 and 46): with a colleague's
seal and another's signature it ended up to a month early. And a yearly audit of minors' data is closed by somebody who is an auditor
there at that moment (obligation 39)."""

from django.db import migrations

# What 0017 asks, and: whoever is suspended seals nothing, nor does who has not begun. The same is in
# `committees/handing_over.py`; a test compares the two.
GIVES = """
CREATE OR REPLACE FUNCTION committees_gives(account uuid, handover public.committees_handover) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        WHERE t.user_id = $1 AND u.is_active AND t.committee_id = ($2).committee_id AND t.role IN ('chair', 'clerk')
        AND (t.starts <= public.committees_handover_over_on($2) AND t.ends >= public.committees_handover_over_on($2)STANDING
            OR public.committees_in_force(t, public.residents_today(t.neighborhood_id))))
$$;
"""
WHO_STANDS = GIVES.replace(
    "STANDING",
    """
                AND t.starts <= public.residents_today(t.neighborhood_id)
                AND NOT EXISTS (SELECT FROM public.committees_suspension s WHERE s.term_id = t.id AND s.lifted_at IS NULL
                    AND s.since <= public.residents_today(t.neighborhood_id)
                    AND (s.until IS NULL OR s.until > public.residents_today(t.neighborhood_id)))""",
)
WHOEVER = GIVES.replace("STANDING", "")

EARLY = """
CREATE FUNCTION committees_handover_sealed_early() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.committees_handover_over_on(NEW) > public.residents_today(NEW.neighborhood_id) AND NOT EXISTS (
        SELECT FROM public.committees_term t WHERE t.id = NEW.term_id AND t.user_id = NEW.sealed_by_id) THEN
        RAISE EXCEPTION 'before its last day whoever holds a term seals it, and nobody for them' USING ERRCODE = 'LM225';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_handover_sealed_early BEFORE UPDATE ON committees_handover
    FOR EACH ROW WHEN (OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL)
    EXECUTE FUNCTION committees_handover_sealed_early();
ALTER TABLE committees_handover ENABLE ALWAYS TRIGGER committees_handover_sealed_early;
"""
NOT_EARLY = """
DROP TRIGGER committees_handover_sealed_early ON committees_handover;
DROP FUNCTION committees_handover_sealed_early();
"""

AUDITOR = """
CREATE FUNCTION committees_minorsaudit_by_an_auditor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = NEW.closed_by_id AND u.is_active AND t.neighborhood_id = NEW.neighborhood_id
        AND t.role = 'auditor' AND NEW.capacity = c.kind || '.auditor'
        AND public.committees_in_force(t, public.residents_today(t.neighborhood_id))) THEN
        RAISE EXCEPTION 'a yearly audit is closed by an auditor in office there' USING ERRCODE = 'LM226';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_minorsaudit_by_an_auditor BEFORE UPDATE ON residents_minorsaudit
    FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)
    EXECUTE FUNCTION committees_minorsaudit_by_an_auditor();
ALTER TABLE residents_minorsaudit ENABLE ALWAYS TRIGGER committees_minorsaudit_by_an_auditor;
"""
NO_AUDITOR = """
DROP TRIGGER committees_minorsaudit_by_an_auditor ON residents_minorsaudit;
DROP FUNCTION committees_minorsaudit_by_an_auditor();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0026_sums_of_few_are_not_opened"),
        ("residents", "0047_a_word_is_good_for_a_day"),
    ]

    operations = [
        migrations.RunSQL(WHO_STANDS, WHOEVER),
        migrations.RunSQL(EARLY, NOT_EARLY),
        migrations.RunSQL(AUDITOR, NO_AUDITOR),
    ]
