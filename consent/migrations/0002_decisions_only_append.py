"""Laws 3 and 5 where nobody can get round them: decisions only append, forms are what was signed, standing is earned."""

from django.db import migrations

from ledger.append_only import AppendOnly

# A published form only ever becomes superseded; its words never change.
FORM_IMMUTABLE = """
CREATE FUNCTION consent_form_immutable() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a published form is kept' USING ERRCODE = 'LM003';
    END IF;
    IF OLD.state = 'published' AND NEW.state = 'superseded' AND NEW.superseded_at IS NOT NULL
        AND to_jsonb(NEW) - 'state' - 'superseded_at' = to_jsonb(OLD) - 'state' - 'superseded_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a published form cannot change' USING ERRCODE = 'LM003', HINT = 'Draft the next version.';
END
$$;
CREATE TRIGGER consent_form_immutable BEFORE UPDATE OR DELETE ON consent_form
    FOR EACH ROW EXECUTE FUNCTION consent_form_immutable();
ALTER TABLE consent_form ENABLE ALWAYS TRIGGER consent_form_immutable;

CREATE FUNCTION consent_formtext_immutable() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    frozen boolean;
BEGIN
    -- Whoever publishes holds the form whole: wait for them first, and look at its state in a statement of its own.
    PERFORM FROM public.consent_form
        WHERE id IN (COALESCE(NEW.form_id, OLD.form_id), COALESCE(OLD.form_id, NEW.form_id))
        ORDER BY id FOR SHARE;
    SELECT bool_or(state <> 'draft') INTO frozen FROM public.consent_form
        WHERE id IN (COALESCE(NEW.form_id, OLD.form_id), COALESCE(OLD.form_id, NEW.form_id));
    IF frozen THEN
        RAISE EXCEPTION 'the words of a published form cannot change' USING ERRCODE = 'LM003';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$;
CREATE TRIGGER consent_formtext_immutable BEFORE INSERT OR UPDATE OR DELETE ON consent_formtext
    FOR EACH ROW EXECUTE FUNCTION consent_formtext_immutable();
ALTER TABLE consent_formtext ENABLE ALWAYS TRIGGER consent_formtext_immutable;
"""

FORM_FREE_AGAIN = """
DROP TRIGGER consent_formtext_immutable ON consent_formtext;
DROP FUNCTION consent_formtext_immutable();
DROP TRIGGER consent_form_immutable ON consent_form;
DROP FUNCTION consent_form_immutable();
"""

# A decision is signed on the form in force then, and says so; standing stands on the newest decision, a yes, of the
# same person for the same purpose. Nothing about a standing can be edited afterwards, least of all its end.
DECISION_AND_STANDING = """
CREATE FUNCTION consent_decision_is_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    form public.consent_form%ROWTYPE;
BEGIN
    SELECT * INTO form FROM public.consent_form WHERE id = NEW.form_id FOR SHARE;
    IF form.purpose <> NEW.purpose OR form.neighborhood_id <> NEW.neighborhood_id
        OR form.content_hash IS DISTINCT FROM NEW.form_hash THEN
        RAISE EXCEPTION 'the decision is not about this form' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'given' AND form.state <> 'published' THEN
        RAISE EXCEPTION 'a yes can only be given on the form in force' USING ERRCODE = 'LM004';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = NEW.resident_id
        AND r.neighborhood_id = NEW.neighborhood_id
        AND (NEW.capacity <> 'self' OR r.user_id = NEW.actor_id)) THEN
        RAISE EXCEPTION 'nobody decides for a resident' USING ERRCODE = 'LM004';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_is_whole BEFORE INSERT ON consent_decision
    FOR EACH ROW EXECUTE FUNCTION consent_decision_is_whole();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_is_whole;

CREATE FUNCTION consent_standing_is_earned() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    decision public.consent_decision%ROWTYPE;
    life integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a standing is made and ended, never edited' USING ERRCODE = 'LM005';
    END IF;
    SELECT * INTO decision FROM public.consent_decision WHERE id = NEW.decision_id;
    IF decision.kind IS DISTINCT FROM 'given' OR decision.resident_id <> NEW.resident_id
        OR decision.purpose <> NEW.purpose OR decision.neighborhood_id <> NEW.neighborhood_id THEN
        RAISE EXCEPTION 'standing needs a yes of this resident for this purpose' USING ERRCODE = 'LM005';
    END IF;
    IF EXISTS (SELECT FROM public.consent_decision later WHERE later.resident_id = NEW.resident_id
        AND later.purpose = NEW.purpose AND later.id <> decision.id AND later.at >= decision.at) THEN
        RAISE EXCEPTION 'a later decision stands' USING ERRCODE = 'LM005';
    END IF;
    SELECT life_days INTO life FROM public.consent_form WHERE id = decision.form_id;
    IF NEW.expires_at > decision.at + make_interval(days => life) + interval '1 day' THEN
        RAISE EXCEPTION 'a yes is good for % days', life USING ERRCODE = 'LM005';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_standing_is_earned BEFORE INSERT OR UPDATE ON consent_standing
    FOR EACH ROW EXECUTE FUNCTION consent_standing_is_earned();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_standing_is_earned;
"""

DECISION_AND_STANDING_FREE_AGAIN = """
DROP TRIGGER consent_standing_is_earned ON consent_standing;
DROP FUNCTION consent_standing_is_earned();
DROP TRIGGER consent_decision_is_whole ON consent_decision;
DROP FUNCTION consent_decision_is_whole();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_forms_decisions_standing"), ("ledger", "0002_entries_only_append")]

    operations = [
        AppendOnly("consent_decision"),
        migrations.RunSQL(FORM_IMMUTABLE, FORM_FREE_AGAIN),
        migrations.RunSQL(DECISION_AND_STANDING, DECISION_AND_STANDING_FREE_AGAIN),
    ]
