"""Law 3 where nobody can get round it: whatever is biometric stands on a live consent of that very person.

A template, a sealed copy or an enrolment waits for a withdrawal that is under way, and then fails: the triggers take a
share of the standing's row, which a withdrawal holds whole. The foreign keys to it are checked at once and cannot be
put off to the commit. The triggers run as the owner of the tables, and always: no setting of a session passes them by.
"""

from django.db import migrations

from vault.rewrite import Rewritable

# `clock_timestamp()`: consent runs out by the clock, also within one long transaction.
LAWS = """
CREATE FUNCTION access_consent_stands(standing uuid, person uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.consent_standing s
        WHERE s.id = standing AND s.resident_id = person AND s.purpose = what AND s.expires_at > clock_timestamp()
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no consent of this resident to % is in force', what USING ERRCODE = '23514';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION access_consent_stands(uuid, uuid, text) FROM PUBLIC;

CREATE FUNCTION access_template_needs_consent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.access_consent_stands(NEW.standing_id, NEW.resident_id, 'face_at_gate');
    PERFORM FROM public.access_credential c
        WHERE c.id = NEW.credential_id AND c.resident_id = NEW.resident_id AND c.kind = 'face'
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a template belongs to a face credential of the same resident' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_template_needs_consent BEFORE INSERT OR UPDATE ON access_template
    FOR EACH ROW EXECUTE FUNCTION access_template_needs_consent();
ALTER TABLE access_template ENABLE ALWAYS TRIGGER access_template_needs_consent;

CREATE FUNCTION access_sealedcopy_needs_consent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid;
BEGIN
    SELECT c.resident_id INTO person FROM public.access_credential c
        JOIN public.access_device d ON d.id = NEW.device_id AND d.neighborhood_id = c.neighborhood_id
        WHERE c.id = NEW.credential_id AND c.kind = 'face' FOR KEY SHARE OF c;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only a face credential is sealed, to a device of its neighborhood' USING ERRCODE = '23514';
    END IF;
    PERFORM public.access_consent_stands(NEW.standing_id, person, 'face_at_gate');
    RETURN NEW;
END
$$;
CREATE TRIGGER access_sealedcopy_needs_consent
    BEFORE INSERT OR UPDATE OF device_id, credential_id, standing_id ON access_sealedcopy
    FOR EACH ROW EXECUTE FUNCTION access_sealedcopy_needs_consent();
ALTER TABLE access_sealedcopy ENABLE ALWAYS TRIGGER access_sealedcopy_needs_consent;

CREATE FUNCTION access_enrolment_needs_consent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.access_consent_stands(NEW.standing_id, NEW.resident_id, 'face_at_gate');
    IF NEW.route <> 'office' THEN
        PERFORM public.access_consent_stands(NEW.photo_standing_id, NEW.resident_id, 'photo_over_internet');
    ELSIF NEW.photo_standing_id IS NOT NULL THEN
        RAISE EXCEPTION 'a photo taken at the office did not travel' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_enrolment_needs_consent
    BEFORE INSERT OR UPDATE OF resident_id, standing_id, photo_standing_id, route ON access_enrolment
    FOR EACH ROW EXECUTE FUNCTION access_enrolment_needs_consent();
ALTER TABLE access_enrolment ENABLE ALWAYS TRIGGER access_enrolment_needs_consent;

CREATE FUNCTION access_credential_keeps_its_person() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.kind, NEW.resident_id, NEW.neighborhood_id)
        IS DISTINCT FROM (OLD.id, OLD.kind, OLD.resident_id, OLD.neighborhood_id) THEN
        RAISE EXCEPTION 'a credential never becomes another kind or another person''s' USING ERRCODE = '23514';
    END IF;
    IF OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'an ended credential stays ended' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_credential_keeps_its_person BEFORE UPDATE ON access_credential
    FOR EACH ROW EXECUTE FUNCTION access_credential_keeps_its_person();
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_credential_keeps_its_person;

DO $do$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT c.conname, c.conrelid::regclass AS holder FROM pg_catalog.pg_constraint c
        WHERE c.contype = 'f' AND c.confrelid = 'public.consent_standing'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', held.holder, held.conname);
    END LOOP;
END
$do$;
"""

LAWLESS = """
DROP TRIGGER access_credential_keeps_its_person ON access_credential;
DROP FUNCTION access_credential_keeps_its_person();
DROP TRIGGER access_enrolment_needs_consent ON access_enrolment;
DROP FUNCTION access_enrolment_needs_consent();
DROP TRIGGER access_sealedcopy_needs_consent ON access_sealedcopy;
DROP FUNCTION access_sealedcopy_needs_consent();
DROP TRIGGER access_template_needs_consent ON access_template;
DROP FUNCTION access_template_needs_consent();
DROP FUNCTION access_consent_stands(uuid, uuid, text);
DO $do$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT c.conname, c.conrelid::regclass AS holder FROM pg_catalog.pg_constraint c
        WHERE c.contype = 'f' AND c.confrelid = 'public.consent_standing'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED', held.holder, held.conname);
    END LOOP;
END
$do$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_an_enrolment_names_the_photo"),
        ("consent", "0002_decisions_only_append"),
    ]

    operations = [
        migrations.RunSQL(LAWS, LAWLESS),
        Rewritable("access_template", secrets=["ciphertext"]),
    ]
