"""Obligations 17 and 18 where nobody can get round them: nobody says yes to something about their body where it was not
justified by two and assessed within the year, and what was assessed is kept for three years.

Withdrawing, refusing and ending ask for none of this.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

# Dates and moments are the database's own, so that nothing can be written as if it were older than it is. An assessment
# from before this system may be brought in when it is over already: it has never enabled anything here.
PAPERS = """
CREATE FUNCTION consent_justification_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    marks text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'ended_by_id', 'ended_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.confirmed_at IS NULL THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a confirmed justification is kept' USING ERRCODE = 'LM050';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.confirmed_at IS NOT NULL OR NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'a justification begins as a draft' USING ERRCODE = 'LM050';
        END IF;
        NEW.written_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'an ended justification cannot change' USING ERRCODE = 'LM050';
    END IF;
    IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NULL THEN
        IF NEW.neighborhood_id <> OLD.neighborhood_id THEN
            RAISE EXCEPTION 'a justification stays where it is' USING ERRCODE = 'LM050';
        END IF;
        NEW.written_at := clock_timestamp();
        RETURN NEW;
    END IF;
    -- What is confirmed, and what is ended, is what was written.
    IF to_jsonb(NEW) - marks <> to_jsonb(OLD) - marks THEN
        RAISE EXCEPTION 'a confirmed justification cannot change' USING ERRCODE = 'LM050', HINT = 'End it and write another.';
    END IF;
    IF OLD.confirmed_at IS NULL THEN
        IF NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'a draft has nothing to end' USING ERRCODE = 'LM050';
        END IF;
        NEW.confirmed_at := clock_timestamp();
    ELSIF NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
        OR NEW.confirmed_by_id IS DISTINCT FROM OLD.confirmed_by_id THEN
        RAISE EXCEPTION 'who confirmed it stands' USING ERRCODE = 'LM050';
    ELSIF NEW.ended_at IS NOT NULL THEN
        NEW.ended_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_justification_goes_forward BEFORE INSERT OR UPDATE OR DELETE ON consent_justification
    FOR EACH ROW EXECUTE FUNCTION consent_justification_goes_forward();
ALTER TABLE consent_justification ENABLE ALWAYS TRIGGER consent_justification_goes_forward;

CREATE FUNCTION consent_assessment_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    marks text[] := ARRAY['state', 'confirmed_by_id', 'confirmed_at', 'stale_because', 'over_on'];
    today date := public.residents_today(COALESCE(NEW.neighborhood_id, OLD.neighborhood_id));
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' OR OLD.over_on + interval '3 years' <= today THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'an impact assessment is kept for three years' USING ERRCODE = 'LM051';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'in_force' OR NEW.over_on > today THEN
            RAISE EXCEPTION 'an impact assessment begins as a draft' USING ERRCODE = 'LM051';
        END IF;
        NEW.written_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.state IN ('stale', 'superseded') THEN
        RAISE EXCEPTION 'an impact assessment that is over cannot change' USING ERRCODE = 'LM051';
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'draft' THEN
        IF NEW.neighborhood_id <> OLD.neighborhood_id THEN
            RAISE EXCEPTION 'an impact assessment stays where it is' USING ERRCODE = 'LM051';
        END IF;
        NEW.written_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - marks <> to_jsonb(OLD) - marks THEN
        RAISE EXCEPTION 'a confirmed impact assessment cannot change' USING ERRCODE = 'LM051', HINT = 'Write another.';
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'in_force' THEN
        IF NEW.valid_until <= today OR NEW.valid_until > (today + interval '1 year')::date THEN
            RAISE EXCEPTION 'an impact assessment holds for a year at most' USING ERRCODE = 'LM051';
        END IF;
        NEW.confirmed_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.state = 'in_force' AND NEW.state IN ('stale', 'superseded')
        AND NEW.confirmed_at = OLD.confirmed_at AND NEW.confirmed_by_id = OLD.confirmed_by_id THEN
        NEW.over_on := today;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an impact assessment goes from draft to in force to over' USING ERRCODE = 'LM051';
END
$$;
CREATE TRIGGER consent_assessment_goes_forward BEFORE INSERT OR UPDATE OR DELETE ON consent_impactassessment
    FOR EACH ROW EXECUTE FUNCTION consent_assessment_goes_forward();
ALTER TABLE consent_impactassessment ENABLE ALWAYS TRIGGER consent_assessment_goes_forward;

CREATE TRIGGER consent_justification_no_truncate BEFORE TRUNCATE ON consent_justification
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change();
ALTER TABLE consent_justification ENABLE ALWAYS TRIGGER consent_justification_no_truncate;
CREATE TRIGGER consent_assessment_no_truncate BEFORE TRUNCATE ON consent_impactassessment
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change();
ALTER TABLE consent_impactassessment ENABLE ALWAYS TRIGGER consent_assessment_no_truncate;

CREATE FUNCTION consent_incident_ends_the_assessment() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        NEW.said_at := clock_timestamp();
        RETURN NEW;
    END IF;
    UPDATE public.consent_impactassessment SET state = 'stale', stale_because = 'incident'
        WHERE neighborhood_id = NEW.neighborhood_id AND state = 'in_force';
    RETURN NULL;
END
$$;
CREATE TRIGGER consent_incident_now BEFORE INSERT ON consent_incident
    FOR EACH ROW EXECUTE FUNCTION consent_incident_ends_the_assessment();
ALTER TABLE consent_incident ENABLE ALWAYS TRIGGER consent_incident_now;
CREATE TRIGGER consent_incident_ends_the_assessment AFTER INSERT ON consent_incident
    FOR EACH ROW EXECUTE FUNCTION consent_incident_ends_the_assessment();
ALTER TABLE consent_incident ENABLE ALWAYS TRIGGER consent_incident_ends_the_assessment;
"""
NO_PAPERS = """
DROP TRIGGER consent_incident_ends_the_assessment ON consent_incident;
DROP TRIGGER consent_incident_now ON consent_incident;
DROP FUNCTION consent_incident_ends_the_assessment();
DROP TRIGGER consent_assessment_no_truncate ON consent_impactassessment;
DROP TRIGGER consent_justification_no_truncate ON consent_justification;
DROP TRIGGER consent_assessment_goes_forward ON consent_impactassessment;
DROP FUNCTION consent_assessment_goes_forward();
DROP TRIGGER consent_justification_goes_forward ON consent_justification;
DROP FUNCTION consent_justification_goes_forward();
"""

# A share of both papers is held until the yes commits: whoever makes one stale waits, or has been first and is seen.
# A purpose that this does not know is about something that was never enabled.
ENABLED = """
CREATE FUNCTION consent_modality(purpose text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$SELECT CASE WHEN $1 IN ('face_at_gate', 'photo_over_internet', 'template_on_server') THEN 'face' ELSE 'unknown' END$$;

CREATE FUNCTION consent_enabled(here uuid, what text, minors boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.consent_impactassessment a
        WHERE a.neighborhood_id = here AND a.modality = what AND a.state = 'in_force' FOR SHARE;
    PERFORM FROM public.consent_justification j
        WHERE j.neighborhood_id = here AND j.modality = what AND j.confirmed_at IS NOT NULL AND j.ended_at IS NULL
        ORDER BY j.id FOR SHARE;
    RETURN EXISTS (SELECT FROM public.consent_impactassessment a
            WHERE a.neighborhood_id = here AND a.modality = what AND a.state = 'in_force'
            AND a.valid_until > public.residents_today(here))
        AND EXISTS (SELECT FROM public.consent_justification j WHERE j.neighborhood_id = here
            AND j.modality = what AND j.confirmed_at IS NOT NULL AND j.ended_at IS NULL AND NOT j.for_minors)
        AND (NOT minors OR EXISTS (SELECT FROM public.consent_justification j WHERE j.neighborhood_id = here
            AND j.modality = what AND j.confirmed_at IS NOT NULL AND j.ended_at IS NULL AND j.for_minors));
END
$$;

CREATE FUNCTION consent_guarded(person uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT COALESCE(r.born > (public.residents_today(r.neighborhood_id) - interval ''14 years'')::date, false)
    FROM public.residents_resident r WHERE r.id = $1';

CREATE FUNCTION consent_decision_where_enabled() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.consent_enabled(NEW.neighborhood_id, public.consent_modality(NEW.purpose),
            public.consent_guarded(NEW.resident_id)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'not justified and assessed here' USING ERRCODE = 'LM055';
END
$$;
CREATE TRIGGER consent_decision_where_enabled BEFORE INSERT ON consent_decision
    FOR EACH ROW WHEN (NEW.kind = 'given') EXECUTE FUNCTION consent_decision_where_enabled();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_where_enabled;
"""
ENABLED_ANYHOW = """
DROP TRIGGER consent_decision_where_enabled ON consent_decision;
DROP FUNCTION consent_decision_where_enabled();
DROP FUNCTION consent_guarded(uuid);
DROP FUNCTION consent_enabled(uuid, text, boolean);
DROP FUNCTION consent_modality(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0007_what_enables_biometrics"),
        ("residents", "0016_a_right_to_assess"),
    ]

    operations = [
        SameNeighborhood("consent_incident"),
        AppendOnly("consent_incident"),
        migrations.RunSQL(PAPERS, NO_PAPERS),
        migrations.RunSQL(ENABLED, ENABLED_ANYHOW),
    ]
