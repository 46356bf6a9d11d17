"""Laws 5 and 7 where nobody can get round them: what was asked stays asked, answers only append, and nobody is in a
disclosure whose own newest answer is not a yes."""

from django.db import migrations

from ledger.append_only import AppendOnly

# A request is drafted, then put to residents by a second person, then given. Only its state moves, and only forward.
REQUEST_FORWARD_ONLY = """
CREATE FUNCTION sharing_request_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'a request that was put to residents is kept' USING ERRCODE = 'LM007';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state <> 'draft' THEN
        RAISE EXCEPTION 'a request begins as a draft' USING ERRCODE = 'LM007';
    END IF;
    IF jsonb_typeof(NEW.fields) <> 'array' OR NEW.fields = '[]' OR NOT NEW.fields <@ '["name", "dwelling", "phone"]' THEN
        RAISE EXCEPTION 'name, dwelling and phone are all that can be asked for' USING ERRCODE = 'LM007';
    END IF;
    IF NOT EXISTS (SELECT FROM public.sharing_recipient r
        WHERE r.id = NEW.recipient_id AND r.neighborhood_id = NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'the recipient is another neighborhood''s' USING ERRCODE = 'LM007';
    END IF;
    IF TG_OP = 'INSERT' OR (OLD.state = 'draft' AND NEW.state = 'draft') THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'open' AND NEW.deadline > NEW.opened_at AND NEW.retention_days > 0
        AND to_jsonb(NEW) - 'state' - 'opened_by_id' - 'opened_at'
            = to_jsonb(OLD) - 'state' - 'opened_by_id' - 'opened_at' THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'open' AND NEW.state = 'released' AND to_jsonb(NEW) - 'state' = to_jsonb(OLD) - 'state' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a request cannot change once it was put to residents' USING ERRCODE = 'LM007';
END
$$;
CREATE TRIGGER sharing_request_forward_only BEFORE INSERT OR UPDATE OR DELETE ON sharing_request
    FOR EACH ROW EXECUTE FUNCTION sharing_request_forward_only();
ALTER TABLE sharing_request ENABLE ALWAYS TRIGGER sharing_request_forward_only;

-- Who asks is part of what was asked.
CREATE FUNCTION sharing_recipient_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.sharing_request WHERE recipient_id = OLD.id AND state <> 'draft')
        OR NEW.neighborhood_id <> OLD.neighborhood_id THEN
        RAISE EXCEPTION 'residents were asked about this recipient as it is' USING ERRCODE = 'LM007';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_recipient_stays BEFORE UPDATE ON sharing_recipient
    FOR EACH ROW EXECUTE FUNCTION sharing_recipient_stays();
ALTER TABLE sharing_recipient ENABLE ALWAYS TRIGGER sharing_recipient_stays;
"""

REQUEST_FREE_AGAIN = """
DROP TRIGGER sharing_recipient_stays ON sharing_recipient;
DROP FUNCTION sharing_recipient_stays();
DROP TRIGGER sharing_request_forward_only ON sharing_request;
DROP FUNCTION sharing_request_forward_only();
"""

# Nobody answers for another. A no is taken at any time, a yes only while the question is open.
ANSWER_IS_ONES_OWN = """
CREATE FUNCTION sharing_answer_is_ones_own() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    -- Waits for a build under way (which locks the request), so that it never passes over a no.
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id FOR KEY SHARE;
    IF asked.neighborhood_id IS DISTINCT FROM NEW.neighborhood_id OR asked.state = 'draft' THEN
        RAISE EXCEPTION 'nobody was asked this' USING ERRCODE = 'LM008';
    END IF;
    IF NEW.yes AND asked.state <> 'open' THEN
        RAISE EXCEPTION 'the question is closed: a yes comes too late' USING ERRCODE = 'LM008';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = NEW.resident_id
        AND r.neighborhood_id = NEW.neighborhood_id AND r.user_id = NEW.actor_id) THEN
        RAISE EXCEPTION 'nobody answers for a resident' USING ERRCODE = 'LM008';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_answer_is_ones_own BEFORE INSERT ON sharing_answer
    FOR EACH ROW EXECUTE FUNCTION sharing_answer_is_ones_own();
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_is_ones_own;
"""

ANSWER_FREE_AGAIN = """
DROP TRIGGER sharing_answer_is_ones_own ON sharing_answer;
DROP FUNCTION sharing_answer_is_ones_own();
"""

DISCLOSED_BY_OWN_YES = """
CREATE FUNCTION sharing_disclosure_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a disclosure is kept' USING ERRCODE = 'LM009';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id;
        IF asked.state <> 'released' OR asked.neighborhood_id <> NEW.neighborhood_id THEN
            RAISE EXCEPTION 'this request was not released' USING ERRCODE = 'LM009';
        END IF;
        IF asked.drafted_by_id = NEW.asked_by_id THEN
            RAISE EXCEPTION 'who drafted a request cannot release it' USING ERRCODE = 'LM009';
        END IF;
        IF NEW.built_at IS NOT NULL OR NEW.file_sealed IS NOT NULL THEN
            RAISE EXCEPTION 'a disclosure is built row by row' USING ERRCODE = 'LM009';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'built_at' - 'file_sealed' - 'file_sha256' - 'fetched_at'
        <> to_jsonb(OLD) - 'built_at' - 'file_sealed' - 'file_sha256' - 'fetched_at'
        OR (OLD.built_at IS NOT NULL AND (NEW.built_at IS DISTINCT FROM OLD.built_at
            OR (NEW.file_sealed IS NOT NULL AND NEW.file_sealed IS DISTINCT FROM OLD.file_sealed)
            OR (NEW.file_sha256 IS NOT NULL AND NEW.file_sha256 IS DISTINCT FROM OLD.file_sha256)))
        OR (OLD.fetched_at IS NOT NULL AND NEW.fetched_at IS DISTINCT FROM OLD.fetched_at) THEN
        RAISE EXCEPTION 'what was given cannot change' USING ERRCODE = 'LM009';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosure_once BEFORE INSERT OR UPDATE OR DELETE ON sharing_disclosure
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosure_once();
ALTER TABLE sharing_disclosure ENABLE ALWAYS TRIGGER sharing_disclosure_once;

CREATE FUNCTION sharing_disclosedrow_by_own_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given public.sharing_disclosure%ROWTYPE;
    asked public.sharing_request%ROWTYPE;
    newest public.sharing_answer%ROWTYPE;
BEGIN
    SELECT * INTO given FROM public.sharing_disclosure WHERE id = NEW.disclosure_id;
    -- From here until commit no answer can come in between: an answer needs a share of this lock.
    SELECT * INTO asked FROM public.sharing_request WHERE id = given.request_id FOR UPDATE;
    IF given.built_at IS NOT NULL THEN
        RAISE EXCEPTION 'the file is made: nobody can be added' USING ERRCODE = 'LM009';
    END IF;
    SELECT * INTO newest FROM public.sharing_answer
        WHERE request_id = asked.id AND resident_id = NEW.resident_id ORDER BY id DESC LIMIT 1;
    IF newest.id IS NULL OR NOT newest.yes OR newest.id <> NEW.answer_id THEN
        RAISE EXCEPTION 'no yes of this resident stands' USING ERRCODE = 'LM009';
    END IF;
    IF jsonb_typeof(NEW.fields) <> 'array' OR NOT NEW.fields <@ asked.fields THEN
        RAISE EXCEPTION 'more than was asked for' USING ERRCODE = 'LM009';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosedrow_by_own_yes BEFORE INSERT ON sharing_disclosedrow
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosedrow_by_own_yes();
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_by_own_yes;
"""

DISCLOSED_FREE_AGAIN = """
DROP TRIGGER sharing_disclosedrow_by_own_yes ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_by_own_yes();
DROP TRIGGER sharing_disclosure_once ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_once();
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0001_requests_and_disclosures"), ("ledger", "0002_entries_only_append")]

    operations = [
        AppendOnly("sharing_answer"),
        AppendOnly("sharing_disclosedrow"),
        migrations.RunSQL(REQUEST_FORWARD_ONLY, REQUEST_FREE_AGAIN),
        migrations.RunSQL(ANSWER_IS_ONES_OWN, ANSWER_FREE_AGAIN),
        migrations.RunSQL(DISCLOSED_BY_OWN_YES, DISCLOSED_FREE_AGAIN),
    ]
