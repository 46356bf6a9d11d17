"""Ways round laws 3 and 5, closed: a no leaves no yes behind it, a yes is written in the act it belongs to, an old yes holds no
new form, a helper adds nothing to a resident's own word, one clerk with two accounts is one, and forms come in their order."""

from django.db import migrations

DECISIONS = """
CREATE FUNCTION consent_decision_ends_the_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.consent_standing s JOIN public.consent_decision d ON d.id = s.decision_id
        WHERE s.resident_id = NEW.resident_id AND s.purpose = NEW.purpose AND d.at <= NEW.at) THEN
        RAISE EXCEPTION 'a yes that somebody took back stands no longer' USING ERRCODE = 'LM005';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER consent_decision_ends_the_yes AFTER INSERT ON consent_decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind <> 'given')
    EXECUTE FUNCTION consent_decision_ends_the_yes();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_ends_the_yes;

CREATE FUNCTION consent_decision_helper_adds_nothing() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM public.consent_decision d WHERE d.resident_id = NEW.resident_id AND d.purpose = NEW.purpose
            AND d.capacity <> 'helper' AND d.guardianship_id IS NULL)
        OR EXISTS (SELECT FROM public.consent_paper p JOIN public.consent_form f ON f.id = p.form_id
            WHERE p.resident_id = NEW.resident_id AND f.purpose = NEW.purpose AND p.answer = 'yes'
            AND p.stopped_at IS NULL) THEN
        RAISE EXCEPTION 'a helper adds nothing to what the resident said' USING ERRCODE = 'LM004';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_helper_adds_nothing BEFORE INSERT ON consent_decision
    FOR EACH ROW WHEN (NEW.capacity = 'helper') EXECUTE FUNCTION consent_decision_helper_adds_nothing();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_helper_adds_nothing;
"""
UNDECIDED = """
DROP TRIGGER consent_decision_helper_adds_nothing ON consent_decision;
DROP FUNCTION consent_decision_helper_adds_nothing();
DROP TRIGGER consent_decision_ends_the_yes ON consent_decision;
DROP FUNCTION consent_decision_ends_the_yes();
"""

STANDINGS = """
-- What only serves another, as in `consent.models.SERVES`.
CREATE FUNCTION consent_serves(purpose text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$SELECT CASE WHEN $1 IN ('photo_over_internet', 'template_on_server') THEN 'face_at_gate' END$$;

CREATE FUNCTION consent_standing_with_its_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- All that was asked of the yes was asked then: power, age, form, enabling.
    IF EXISTS (SELECT FROM public.consent_decision d WHERE d.id = NEW.decision_id AND d.at < transaction_timestamp()) THEN
        RAISE EXCEPTION 'a standing is written in the act of its yes' USING ERRCODE = 'LM005';
    END IF;
    IF public.consent_serves(NEW.purpose) IS NOT NULL AND NOT EXISTS (SELECT FROM public.consent_standing s
        WHERE s.resident_id = NEW.resident_id AND s.purpose = public.consent_serves(NEW.purpose)
        AND s.expires_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'what only serves another does not stand alone' USING ERRCODE = 'LM005';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_standing_with_its_yes BEFORE INSERT ON consent_standing
    FOR EACH ROW EXECUTE FUNCTION consent_standing_with_its_yes();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_standing_with_its_yes;

CREATE FUNCTION consent_standing_takes_its_servants() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.consent_standing s WHERE s.resident_id = OLD.resident_id
            AND public.consent_serves(s.purpose) = OLD.purpose)
        AND NOT EXISTS (SELECT FROM public.consent_standing s WHERE s.resident_id = OLD.resident_id
            AND s.purpose = OLD.purpose) THEN
        RAISE EXCEPTION 'what only serves another does not stand alone' USING ERRCODE = 'LM005';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER consent_standing_takes_its_servants AFTER DELETE ON consent_standing
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION consent_standing_takes_its_servants();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_standing_takes_its_servants;

-- A yes to a form that is out of force, or whose time is over, holds nothing that another agreed to since.
CREATE OR REPLACE FUNCTION consent_is_held(child uuid, what text) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_guardianship g
        CROSS JOIN LATERAL (SELECT d.kind, d.at, d.form_id FROM public.consent_decision d WHERE d.guardianship_id = g.id
            AND d.resident_id = $1 AND d.purpose = $2 ORDER BY d.at DESC LIMIT 1) newest
        JOIN public.consent_form f ON f.id = newest.form_id
        WHERE g.child_id = $1 AND newest.kind = 'given' AND f.state IN ('published', 'reworded')
        AND newest.at + make_interval(days => f.life_days) > clock_timestamp()
        AND public.consent_guardian(g.id, $1) IS NOT NULL)
$$;

-- What ended with its form is swept on its own.
CREATE OR REPLACE FUNCTION consent_unheld(child uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.consent_standing s JOIN public.consent_decision d ON d.id = s.decision_id
        JOIN public.consent_form f ON f.id = d.form_id
        WHERE s.resident_id = $1 AND d.capacity = 'guardian' AND s.expires_at > clock_timestamp()
        AND f.state IN ('published', 'reworded') AND NOT public.consent_is_held($1, s.purpose))
$$;

-- What a guardian agreed to ends on the fourteenth birthday, and under fourteen nobody agreed alone: a list that is brought in
-- moves neither.
CREATE FUNCTION consent_birthday_under_a_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.consent_standing s JOIN public.consent_decision d ON d.id = s.decision_id
        JOIN public.residents_neighborhood n ON n.id = NEW.neighborhood_id
        WHERE s.resident_id = NEW.id AND s.expires_at > clock_timestamp() AND CASE d.capacity
            WHEN 'guardian' THEN NEW.born IS NULL
                OR s.expires_at > public.consent_fourteen(NEW.born)::timestamp AT TIME ZONE n.time_zone
            ELSE public.consent_fourteen(NEW.born) > public.residents_today(NEW.neighborhood_id) END) THEN
        RAISE EXCEPTION 'a birthday does not move under a yes' USING ERRCODE = 'LM005';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_birthday_under_a_yes BEFORE UPDATE OF born ON residents_resident
    FOR EACH ROW WHEN (NEW.born IS DISTINCT FROM OLD.born) EXECUTE FUNCTION consent_birthday_under_a_yes();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER consent_birthday_under_a_yes;
"""
# The two functions before are in 0009; going back there is for a copy that was never used.
UNHELD = """
DROP TRIGGER consent_birthday_under_a_yes ON residents_resident;
DROP FUNCTION consent_birthday_under_a_yes();
DROP TRIGGER consent_standing_takes_its_servants ON consent_standing;
DROP FUNCTION consent_standing_takes_its_servants();
DROP TRIGGER consent_standing_with_its_yes ON consent_standing;
DROP FUNCTION consent_standing_with_its_yes();
DROP FUNCTION consent_serves(text);
"""

FORMS = """
CREATE FUNCTION consent_form_in_its_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.consent_form f WHERE f.neighborhood_id = NEW.neighborhood_id
        AND f.purpose = NEW.purpose AND f.version > NEW.version AND f.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a later version was published before' USING ERRCODE = 'LM003';
    END IF;
    IF jsonb_typeof(NEW.ways_in) <> 'array' OR NOT NEW.ways_in <@ '["card", "pin", "qr"]' THEN
        RAISE EXCEPTION 'a way in without it measures nobody' USING ERRCODE = 'LM003';
    END IF;
    IF (SELECT count(*) FROM public.consent_formtext t WHERE t.form_id = NEW.id AND t.language IN ('zh-hans', 'en')
        AND NOT '' = ANY (SELECT btrim(said) FROM unnest(ARRAY[t.title, t.what_for, t.method, t.categories, t.at_the_end,
            t.necessity, t.effect, t.rights, t.recipients, t.other_way_in]) said)) <> 2 THEN
        RAISE EXCEPTION 'a form says everything in both languages' USING ERRCODE = 'LM003';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_form_in_its_order BEFORE UPDATE ON consent_form
    FOR EACH ROW WHEN (NEW.state = 'published' AND OLD.state <> 'published')
    EXECUTE FUNCTION consent_form_in_its_order();
ALTER TABLE consent_form ENABLE ALWAYS TRIGGER consent_form_in_its_order;
"""
FORMLESS = """
DROP TRIGGER consent_form_in_its_order ON consent_form;
DROP FUNCTION consent_form_in_its_order();
"""

TWO = """
CREATE FUNCTION consent_paper_read_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_one_person(OLD.received_by_id, NEW.confirmed_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'one clerk is not two' USING ERRCODE = 'LM070';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_paper_read_by_another AFTER UPDATE ON consent_paper
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION consent_paper_read_by_another();
ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER consent_paper_read_by_another;

CREATE FUNCTION consent_confirmed_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_one_person(NEW.written_by_id, NEW.confirmed_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'whoever wrote it does not confirm it' USING ERRCODE = 'LM050';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_justification_by_another AFTER UPDATE ON consent_justification
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION consent_confirmed_by_another();
ALTER TABLE consent_justification ENABLE ALWAYS TRIGGER consent_justification_by_another;
CREATE TRIGGER consent_assessment_by_another AFTER UPDATE ON consent_impactassessment
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION consent_confirmed_by_another();
ALTER TABLE consent_impactassessment ENABLE ALWAYS TRIGGER consent_assessment_by_another;
"""
ONE = """
DROP TRIGGER consent_assessment_by_another ON consent_impactassessment;
DROP TRIGGER consent_justification_by_another ON consent_justification;
DROP FUNCTION consent_confirmed_by_another();
DROP TRIGGER consent_paper_read_by_another ON consent_paper;
DROP FUNCTION consent_paper_read_by_another();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0012_a_paper_goes_one_way"),
        ("residents", "0018_what_the_desk_does_with_papers"),
    ]

    operations = [
        migrations.RunSQL(DECISIONS, UNDECIDED),
        migrations.RunSQL(STANDINGS, UNHELD),
        migrations.RunSQL(FORMS, FORMLESS),
        migrations.RunSQL(TWO, ONE),
    ]
