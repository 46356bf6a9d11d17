"""Obligations 18 and 24 where nobody can get round them: no face goes to a reader without a sign beside it, nobody says yes
or enrols while one is without, and what was assessed no longer holds once a gate begins to look at faces.

A gate on which no reader is paired yet has nobody to tell, so its rows may be there before the first reader is.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

SIGNS = """
CREATE FUNCTION access_sign_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    marks text[] := ARRAY['taken_down_by_id', 'taken_down_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.taken_down_at IS NULL AND NEW.taken_down_at IS NOT NULL
        AND to_jsonb(NEW) - marks = to_jsonb(OLD) - marks THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what a sign said stays, until it is taken down' USING ERRCODE = 'LM056';
END
$$;
CREATE TRIGGER access_sign_stays BEFORE UPDATE OR DELETE ON access_sign
    FOR EACH ROW EXECUTE FUNCTION access_sign_stays();
ALTER TABLE access_sign ENABLE ALWAYS TRIGGER access_sign_stays;
CREATE TRIGGER access_sign_no_truncate BEFORE TRUNCATE ON access_sign
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change();
ALTER TABLE access_sign ENABLE ALWAYS TRIGGER access_sign_no_truncate;

CREATE FUNCTION access_sealedcopy_needs_sign() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.access_sign s WHERE s.device_id = NEW.device_id AND s.taken_down_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no sign hangs beside this reader' USING ERRCODE = 'LM056';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_sealedcopy_needs_sign
    BEFORE INSERT OR UPDATE OF device_id, credential_id, standing_id, version ON access_sealedcopy
    FOR EACH ROW EXECUTE FUNCTION access_sealedcopy_needs_sign();
ALTER TABLE access_sealedcopy ENABLE ALWAYS TRIGGER access_sealedcopy_needs_sign;

CREATE FUNCTION access_feedrow_face_needs_sign() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.access_device d WHERE d.gate_id = NEW.gate_id AND d.revoked_at IS NULL)
        AND NOT EXISTS (SELECT FROM public.access_device d
            JOIN public.access_sign s ON s.device_id = d.id AND s.taken_down_at IS NULL
            WHERE d.gate_id = NEW.gate_id AND d.revoked_at IS NULL) THEN
        RAISE EXCEPTION 'no sign hangs at this gate' USING ERRCODE = 'LM056';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_feedrow_face_needs_sign BEFORE INSERT OR UPDATE ON access_feedrow
    FOR EACH ROW WHEN (NEW.present AND NEW.body ->> 'kind' = 'face')
    EXECUTE FUNCTION access_feedrow_face_needs_sign();
ALTER TABLE access_feedrow ENABLE ALWAYS TRIGGER access_feedrow_face_needs_sign;
"""
NO_SIGNS = """
DROP TRIGGER access_feedrow_face_needs_sign ON access_feedrow;
DROP FUNCTION access_feedrow_face_needs_sign();
DROP TRIGGER access_sealedcopy_needs_sign ON access_sealedcopy;
DROP FUNCTION access_sealedcopy_needs_sign();
DROP TRIGGER access_sign_no_truncate ON access_sign;
DROP TRIGGER access_sign_stays ON access_sign;
DROP FUNCTION access_sign_stays();
"""

# A sign that is being taken down is waited for.
WHERE_SIGNED = """
CREATE FUNCTION access_all_signed(here uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.access_sign s WHERE s.neighborhood_id = here AND s.taken_down_at IS NULL
        ORDER BY s.id FOR SHARE;
    RETURN NOT EXISTS (SELECT FROM public.access_device d JOIN public.access_gate g ON g.id = d.gate_id AND g.by_face
        WHERE d.neighborhood_id = here AND d.revoked_at IS NULL
        AND NOT EXISTS (SELECT FROM public.access_sign s WHERE s.device_id = d.id AND s.taken_down_at IS NULL));
END
$$;

CREATE FUNCTION access_yes_where_signed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.consent_modality(NEW.purpose) = 'face' AND NOT public.access_all_signed(NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a reader looks at faces and no sign says so' USING ERRCODE = 'LM055';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_where_signed BEFORE INSERT ON consent_decision
    FOR EACH ROW WHEN (NEW.kind = 'given') EXECUTE FUNCTION access_yes_where_signed();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_where_signed;

CREATE FUNCTION access_enrolment_where_enabled() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.consent_enabled(NEW.neighborhood_id, 'face', public.consent_guarded(NEW.resident_id)) THEN
        RAISE EXCEPTION 'not justified and assessed here' USING ERRCODE = 'LM055';
    END IF;
    IF NOT public.access_all_signed(NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a reader looks at faces and no sign says so' USING ERRCODE = 'LM055';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_enrolment_where_enabled BEFORE INSERT ON access_enrolment
    FOR EACH ROW EXECUTE FUNCTION access_enrolment_where_enabled();
ALTER TABLE access_enrolment ENABLE ALWAYS TRIGGER access_enrolment_where_enabled;
"""
ANYWHERE = """
DROP TRIGGER access_enrolment_where_enabled ON access_enrolment;
DROP FUNCTION access_enrolment_where_enabled();
DROP TRIGGER consent_decision_where_signed ON consent_decision;
DROP FUNCTION access_yes_where_signed();
DROP FUNCTION access_all_signed(uuid);
"""

LOOKS = """
CREATE FUNCTION access_gate_begins_to_look() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.consent_impactassessment SET state = 'stale', stale_because = 'gate_looks'
        WHERE neighborhood_id = NEW.neighborhood_id AND state = 'in_force' AND modality IN (
            CASE WHEN NEW.by_face AND (TG_OP = 'INSERT' OR NOT OLD.by_face) THEN 'face' END,
            CASE WHEN NEW.by_fingerprint AND (TG_OP = 'INSERT' OR NOT OLD.by_fingerprint) THEN 'fingerprint' END);
    RETURN NULL;
END
$$;
CREATE TRIGGER access_gate_begins_to_look AFTER INSERT OR UPDATE OF by_face, by_fingerprint ON access_gate
    FOR EACH ROW WHEN (NEW.by_face OR NEW.by_fingerprint) EXECUTE FUNCTION access_gate_begins_to_look();
ALTER TABLE access_gate ENABLE ALWAYS TRIGGER access_gate_begins_to_look;
"""
LOOKS_ANYHOW = """
DROP TRIGGER access_gate_begins_to_look ON access_gate;
DROP FUNCTION access_gate_begins_to_look();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0020_signs_at_readers"),
        ("consent", "0008_off_until_justified_and_assessed"),
    ]

    operations = [
        SameNeighborhood("access_sign", device_id="access_device"),
        migrations.RunSQL(SIGNS, NO_SIGNS),
        migrations.RunSQL(WHERE_SIGNED, ANYWHERE),
        migrations.RunSQL(LOOKS, LOOKS_ANYHOW),
    ]
