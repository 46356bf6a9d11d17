"""Laws 3 and 5 once more: a form is read by two and only its words may change under a yes; and who decides for whom.

A form goes from draft to a second reader, from there back or into force, and from force to `reworded` (a later version says
the same in other words) or `superseded`. A guardian decides for a child under fourteen, and one no among guardians holds; on
paper it is the signature that decides, after three days; a helper says no, never yes.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

# What is taken away is `Form.ABOUT_THE_VERSION`; a test holds the two together.
FORM = """
CREATE FUNCTION consent_form_structure(form uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_jsonb(f) - ARRAY['id', 'version', 'state', 'change', 'only_words', 'content_hash', 'drafted_by_id',
        'submitted_by_id', 'submitted_at', 'published_at', 'published_by_id', 'superseded_at'] || jsonb_build_object('recipients', (
        SELECT COALESCE(jsonb_agg(to_jsonb(r) - 'id' - 'form_id' ORDER BY r.name), '[]')
        FROM public.consent_formrecipient r WHERE r.form_id = f.id))
    FROM public.consent_form f WHERE f.id = $1
$$;

CREATE OR REPLACE FUNCTION consent_form_immutable() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed text[];
    before uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a form begins as a draft' USING ERRCODE = 'LM003';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'a published form is kept' USING ERRCODE = 'LM003';
        END IF;
        RETURN OLD;
    END IF;
    SELECT COALESCE(array_agg(n.key), '{}') INTO changed
        FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key) WHERE n.value <> o.value;
    IF OLD.state = 'draft' AND (NEW.state = 'draft' OR NEW.state = 'reading' AND NEW.submitted_by_id IS NOT NULL
        AND NEW.submitted_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'reading' AND NEW.state IN ('reading', 'draft')
        AND changed <@ ARRAY['state', 'submitted_by_id', 'submitted_at'] THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'published' AND NEW.state = 'reworded' AND changed <@ ARRAY['state'] THEN
        RETURN NEW;
    END IF;
    IF OLD.state IN ('published', 'reworded') AND NEW.state = 'superseded' AND NEW.superseded_at IS NOT NULL
        AND changed <@ ARRAY['state', 'superseded_at'] THEN
        RETURN NEW;
    END IF;
    IF NOT (OLD.state = 'reading' AND NEW.state = 'published' AND changed <@ ARRAY['state', 'change', 'content_hash',
        'published_at', 'published_by_id']) THEN
        RAISE EXCEPTION 'a published form cannot change' USING ERRCODE = 'LM003', HINT = 'Draft the next version.';
    END IF;
    -- What changed is computed: no yes to something else stretches to this.
    IF NEW.change = 'editorial' THEN
        SELECT id INTO before FROM public.consent_form WHERE neighborhood_id = NEW.neighborhood_id
            AND purpose = NEW.purpose AND state = 'reworded' ORDER BY version DESC LIMIT 1;
        IF before IS NULL OR NOT NEW.only_words
            OR public.consent_form_structure(before) <> public.consent_form_structure(NEW.id) THEN
            RAISE EXCEPTION 'more than words has changed' USING ERRCODE = 'LM003';
        END IF;
    ELSIF EXISTS (SELECT FROM public.consent_form WHERE neighborhood_id = NEW.neighborhood_id
        AND purpose = NEW.purpose AND state IN ('published', 'reworded')) THEN
        RAISE EXCEPTION 'the version before is still in force' USING ERRCODE = 'LM003';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER consent_form_immutable ON consent_form;
CREATE TRIGGER consent_form_immutable BEFORE INSERT OR UPDATE OR DELETE ON consent_form
    FOR EACH ROW EXECUTE FUNCTION consent_form_immutable();
ALTER TABLE consent_form ENABLE ALWAYS TRIGGER consent_form_immutable;

CREATE FUNCTION consent_form_reworded_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.consent_form later WHERE later.neighborhood_id = NEW.neighborhood_id
        AND later.purpose = NEW.purpose AND later.version > NEW.version AND later.change = 'editorial') THEN
        RAISE EXCEPTION 'no later version says the same in other words' USING ERRCODE = 'LM003';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER consent_form_reworded_by_another AFTER UPDATE ON consent_form
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'reworded')
    EXECUTE FUNCTION consent_form_reworded_by_another();
ALTER TABLE consent_form ENABLE ALWAYS TRIGGER consent_form_reworded_by_another;

CREATE TRIGGER consent_formrecipient_immutable BEFORE INSERT OR UPDATE OR DELETE ON consent_formrecipient
    FOR EACH ROW EXECUTE FUNCTION consent_formtext_immutable();
ALTER TABLE consent_formrecipient ENABLE ALWAYS TRIGGER consent_formrecipient_immutable;
"""

DECIDERS = """
CREATE FUNCTION consent_fourteen(born date) RETURNS date
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Who was born on a leap day is older on 1 March.
    SELECT (born + interval '14 years')::date
        + CASE WHEN extract(day FROM born) <> extract(day FROM born + interval '14 years') THEN 1 ELSE 0 END
$$;

-- The guardian, if this guardianship gives power over that child today.
CREATE FUNCTION consent_guardian(guardianship uuid, child uuid) RETURNS uuid
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.guardian_id FROM public.residents_guardianship g
        JOIN public.residents_resident c ON c.id = g.child_id JOIN public.residents_resident a ON a.id = g.guardian_id
        WHERE g.id = $1 AND g.child_id = $2 AND g.barred_at IS NULL
        AND g.since <= public.residents_today(g.neighborhood_id)
        AND (g.until IS NULL OR g.until > public.residents_today(g.neighborhood_id))
        AND public.consent_fourteen(c.born) > public.residents_today(g.neighborhood_id)
        AND c.left_at IS NULL AND a.left_at IS NULL AND a.erased_at IS NULL
$$;

CREATE OR REPLACE FUNCTION consent_decision_is_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    form public.consent_form%ROWTYPE;
    person public.residents_resident%ROWTYPE;
    paper public.consent_paper%ROWTYPE;
    guardian uuid;
BEGIN
    SELECT * INTO form FROM public.consent_form WHERE id = NEW.form_id FOR SHARE;
    IF form.purpose <> NEW.purpose OR form.neighborhood_id <> NEW.neighborhood_id
        OR form.content_hash IS DISTINCT FROM NEW.form_hash THEN
        RAISE EXCEPTION 'the decision is not about this form' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'given' AND form.state <> 'published' THEN
        RAISE EXCEPTION 'a yes can only be given on the form in force' USING ERRCODE = 'LM004';
    END IF;
    SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id;
    IF person.neighborhood_id IS DISTINCT FROM NEW.neighborhood_id
        OR NEW.capacity = 'self' AND NEW.route = 'portal' AND person.user_id IS DISTINCT FROM NEW.actor_id THEN
        RAISE EXCEPTION 'nobody decides for a resident' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.capacity = 'guardian' THEN
        -- Taken, so that of two guardians, and of a court and a guardian, the second sees what the first did.
        PERFORM FROM public.residents_guardianship WHERE id = NEW.guardianship_id FOR SHARE;
        guardian := public.consent_guardian(NEW.guardianship_id, NEW.resident_id);
        IF guardian IS NULL OR NEW.route = 'portal' AND NOT EXISTS (
            SELECT FROM public.residents_resident a WHERE a.id = guardian AND a.user_id = NEW.actor_id) THEN
            RAISE EXCEPTION 'no guardian of this child decides here' USING ERRCODE = 'LM004';
        END IF;
        IF NEW.kind = 'given' AND EXISTS (
            SELECT FROM public.residents_guardianship other
            CROSS JOIN LATERAL (
                SELECT d.kind FROM public.consent_decision d
                JOIN public.residents_guardianship then_ ON then_.id = d.guardianship_id
                WHERE d.resident_id = NEW.resident_id AND d.purpose = NEW.purpose
                AND then_.guardian_id = other.guardian_id ORDER BY d.at DESC LIMIT 1) newest
            WHERE other.child_id = NEW.resident_id AND other.guardian_id <> guardian
            AND public.consent_guardian(other.id, NEW.resident_id) IS NOT NULL AND newest.kind <> 'given') THEN
            RAISE EXCEPTION 'another guardian said no' USING ERRCODE = 'LM004';
        END IF;
    END IF;
    IF NEW.capacity = 'helper' AND NOT EXISTS (
        SELECT FROM public.residents_helper h JOIN public.residents_resident a ON a.id = h.helper_id
        WHERE h.resident_id = NEW.resident_id AND a.user_id = NEW.actor_id AND a.left_at IS NULL AND a.erased_at IS NULL
        AND h.since <= public.residents_today(h.neighborhood_id)
        AND (h.until IS NULL OR h.until > public.residents_today(h.neighborhood_id))) THEN
        RAISE EXCEPTION 'no helper of this resident speaks here' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.route = 'paper' THEN
        SELECT * INTO paper FROM public.consent_paper WHERE id = NEW.paper_id FOR SHARE;
        IF paper.resident_id <> NEW.resident_id OR paper.form_id <> NEW.form_id OR paper.stopped_at IS NOT NULL
            OR paper.guardianship_id IS DISTINCT FROM NEW.guardianship_id
            OR (NEW.kind = 'given') <> (paper.answer = 'yes')
            OR NEW.kind NOT IN ('given', 'refused', 'withdrawn') THEN
            RAISE EXCEPTION 'the paper says something else' USING ERRCODE = 'LM004';
        END IF;
        IF NEW.kind = 'given' AND (paper.confirmed_at IS NULL
            OR paper.confirmed_at + interval '3 days' > clock_timestamp()) THEN
            RAISE EXCEPTION 'a yes on paper counts three days after a second clerk has read it' USING ERRCODE = 'LM004';
        END IF;
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION consent_decision_while_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone timestamptz;
    birthday date;
BEGIN
    SELECT left_at, born INTO gone, birthday FROM public.residents_resident
        WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    IF NEW.kind = 'given' AND NEW.capacity <> 'guardian'
        AND public.consent_fourteen(birthday) > public.residents_today(NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'under fourteen nobody agrees alone' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'given' AND gone IS NOT NULL THEN
        RAISE EXCEPTION 'who does not live here any more agrees to nothing' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'ended' AND gone IS NULL THEN
        RAISE EXCEPTION 'a consent ends in this way only when somebody has left' USING ERRCODE = 'LM004';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION consent_standing_is_earned() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    decision public.consent_decision%ROWTYPE;
    life integer;
    of_age timestamptz;
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
    IF decision.capacity = 'guardian' THEN
        SELECT public.consent_fourteen(r.born)::timestamp AT TIME ZONE n.time_zone INTO of_age
            FROM public.residents_resident r JOIN public.residents_neighborhood n ON n.id = r.neighborhood_id
            WHERE r.id = NEW.resident_id;
        IF of_age IS NULL OR NEW.expires_at > of_age THEN
            RAISE EXCEPTION 'what a guardian agreed to ends on the fourteenth birthday' USING ERRCODE = 'LM005';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
"""

# The functions before are in the migrations before; going back there is for a copy that was never used.
BACK = migrations.RunSQL.noop


class Migration(migrations.Migration):
    dependencies = [("consent", "0005_forms_as_data_papers_and_notices")]

    operations = [
        migrations.RunSQL(FORM, BACK),
        migrations.RunSQL(DECIDERS, BACK),
        SameNeighborhood(
            "consent_paper",
            resident_id="residents_resident",
            form_id="consent_form",
            guardianship_id="residents_guardianship",
        ),
        SameNeighborhood("consent_paperscan", paper_id="consent_paper"),
        SameNeighborhood("consent_notice", resident_id="residents_resident", form_id="consent_form"),
    ]
