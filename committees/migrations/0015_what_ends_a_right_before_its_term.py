"""What ends a right before its term does: a suspension, and the end of the company's contract (obligations 27, 30, 46).

Both are asked for wherever the database asks for a term in force. A contract's days never change: another row takes its
place, written by one of the committees and confirmed by another person. A suspension is by another member of the very body,
and whoever is co-opted holds a place that came free, for the rest of its term.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

# The same as `TermQuerySet.in_force`; a test compares the two.
IN_FORCE = """
CREATE FUNCTION committees_in_force(term public.committees_term, today date) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (term).starts <= today AND (term).ends > today
        AND NOT EXISTS (SELECT FROM public.committees_suspension s WHERE s.term_id = (term).id
            AND s.lifted_at IS NULL AND s.since <= today AND (s.until IS NULL OR s.until > today))
        AND (NOT EXISTS (SELECT FROM public.committees_companycontract c
                WHERE c.committee_id = (term).committee_id AND c.confirmed_at IS NOT NULL)
            OR EXISTS (SELECT FROM public.committees_companycontract c
                WHERE c.committee_id = (term).committee_id AND c.confirmed_at IS NOT NULL
                AND c.superseded_at IS NULL AND c.starts <= today AND c.ends > today))
$$;

-- Somebody at work in this very body now: its chair or its clerk; of a company its chair alone.
CREATE FUNCTION committees_keeps_members(account uuid, committee uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = $1 AND t.committee_id = $2 AND u.is_active
        AND (t.role = 'chair' OR t.role = 'clerk' AND c.kind <> 'property')
        AND public.committees_in_force(t, public.residents_today(t.neighborhood_id)))
$$;

-- One of the committees here, never of a company; or who runs the system, where there is none yet.
CREATE FUNCTION committees_keeps_contracts(account uuid, neighborhood uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_user u WHERE u.id = $1 AND u.is_active AND (u.is_superuser
        OR EXISTS (SELECT FROM public.committees_term t JOIN public.committees_committee c ON c.id = t.committee_id
            WHERE t.user_id = u.id AND c.neighborhood_id = $2 AND c.kind IN ('owners', 'residents')
            AND t.role IN ('chair', 'clerk')
            AND public.committees_in_force(t, public.residents_today(t.neighborhood_id)))))
$$;
"""
IN_FORCE_GONE = """
DROP FUNCTION committees_keeps_contracts(uuid, uuid);
DROP FUNCTION committees_keeps_members(uuid, uuid);
DROP FUNCTION committees_in_force(public.committees_term, date);
"""

SPEAKS = """
CREATE OR REPLACE FUNCTION committees_speaks_for(account uuid, committee uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        WHERE t.user_id = $1 AND t.committee_id = $2 AND t.role IN (''chair'', ''clerk'') AND u.is_active
        AND IN_FORCE)';
"""
MAY = """
CREATE OR REPLACE FUNCTION committees_service_may(
    step public.committees_servicestep, request public.committees_servicerequest)
RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    today date := public.residents_today(request.neighborhood_id);
    only_words boolean := step.status = request.status;
BEGIN
    SELECT * INTO person FROM public.residents_resident WHERE id = request.resident_id;
    CASE step.capacity
    WHEN 'resident' THEN
        RETURN step.by_id = person.user_id
            AND (only_words OR step.status IN ('received', 'reopened', 'called_off'));
    WHEN 'helper' THEN
        RETURN step.number = 1 AND request.kind = 'repair' AND EXISTS (
            SELECT FROM public.residents_helper h JOIN public.residents_resident who ON who.id = h.helper_id
            WHERE h.resident_id = person.id AND who.user_id = step.by_id AND h.since <= today
            AND (h.until IS NULL OR h.until > today) AND who.left_at IS NULL AND who.erased_at IS NULL);
    WHEN 'system' THEN
        RETURN step.by_id IS NULL AND step.status = 'called_off' AND person.erased_at IS NOT NULL;
    ELSE
        RETURN step.by_id IS DISTINCT FROM person.user_id AND step.status IN ('replied', 'working', 'done')
            AND EXISTS (SELECT FROM public.committees_term t
                JOIN public.committees_committee c ON c.id = t.committee_id
                WHERE t.user_id = step.by_id AND c.neighborhood_id = request.neighborhood_id
                AND c.kind = request.body AND t.role IN ('chair', 'clerk')
                AND step.capacity = c.kind || '.' || t.role AND IN_FORCE);
    END CASE;
END
$$;
"""
VOTES = """
CREATE OR REPLACE FUNCTION committees_calls_meetings(account uuid, body uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = $1 AND c.id = $2 AND c.kind = 'owners' AND t.role IN ('chair', 'clerk') AND IN_FORCE)
$$;
CREATE OR REPLACE FUNCTION committees_counts_votes(account uuid, neighborhood uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = $1 AND c.neighborhood_id = $2 AND c.kind IN ('owners', 'residents')
        AND t.role IN ('chair', 'clerk') AND IN_FORCE)
$$;
"""
_THEN = (SPEAKS + VOTES).replace(
    "IN_FORCE", "public.committees_in_force(t, public.residents_today(t.neighborhood_id))"
)
_BEFORE = (SPEAKS + VOTES).replace(
    "IN_FORCE",
    "t.starts <= public.residents_today(t.neighborhood_id) AND t.ends > public.residents_today(t.neighborhood_id)",
)
ASKED_EVERYWHERE = _THEN + MAY.replace("IN_FORCE", "public.committees_in_force(t, today)")
ASKED_OF_TERMS = _BEFORE + MAY.replace("IN_FORCE", "t.starts <= today AND t.ends > today")

CONTRACT = """
CREATE FUNCTION committees_companycontract_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    FREE CONSTANT text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'called_off_by_id', 'called_off_at', 'superseded_at'];
    before public.committees_companycontract%ROWTYPE;
    today date;
    who uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was signed with a company is kept' USING ERRCODE = 'LM193';
    END IF;
    -- One act on a body's contracts at a time, so that each sees what the one before it did.
    PERFORM FROM public.committees_committee WHERE id = NEW.committee_id FOR NO KEY UPDATE;
    today := public.residents_today(NEW.neighborhood_id);
    SELECT * INTO before FROM public.committees_companycontract WHERE id = NEW.replaces_id;
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.confirmed_by_id, NEW.confirmed_at, NEW.called_off_by_id, NEW.called_off_at,
            NEW.superseded_at) > 0 THEN
            RAISE EXCEPTION 'a contract counts once a second person has confirmed it' USING ERRCODE = 'LM193';
        END IF;
        IF NOT EXISTS (SELECT FROM public.committees_committee c WHERE c.id = NEW.committee_id AND c.kind = 'property') THEN
            RAISE EXCEPTION 'a contract is a company''s' USING ERRCODE = 'LM193';
        END IF;
        IF NEW.replaces_id IS NOT NULL AND (before.committee_id, before.starts)
            IS DISTINCT FROM (NEW.committee_id, NEW.starts) THEN
            RAISE EXCEPTION 'a contract takes the place of its own company''s, and began when it began'
                USING ERRCODE = 'LM193';
        END IF;
        NEW.written_at := clock_timestamp();
        who := NEW.written_by_id;
    ELSIF to_jsonb(NEW) - FREE <> to_jsonb(OLD) - FREE THEN
        RAISE EXCEPTION 'a contract stays as it was written; a longer or shorter one is another' USING ERRCODE = 'LM193';
    ELSIF OLD.confirmed_at IS NOT NULL THEN
        -- Only what takes its place ends it, by the trigger below.
        IF (NEW.confirmed_by_id, NEW.confirmed_at, NEW.called_off_by_id, NEW.called_off_at)
            IS DISTINCT FROM (OLD.confirmed_by_id, OLD.confirmed_at, OLD.called_off_by_id, OLD.called_off_at)
            OR OLD.superseded_at IS NOT NULL OR NOT EXISTS (SELECT FROM public.committees_companycontract c
                WHERE c.replaces_id = NEW.id AND c.confirmed_at IS NOT NULL) THEN
            RAISE EXCEPTION 'a confirmed contract is replaced by another, and by nothing else' USING ERRCODE = 'LM193';
        END IF;
        NEW.superseded_at := clock_timestamp();
        RETURN NEW;
    ELSIF OLD.called_off_at IS NOT NULL OR NEW.superseded_at IS NOT NULL
        OR (NEW.confirmed_at IS NULL) <> (NEW.confirmed_by_id IS NULL)
        OR (NEW.called_off_at IS NULL) <> (NEW.called_off_by_id IS NULL)
        OR num_nonnulls(NEW.confirmed_at, NEW.called_off_at) <> 1 THEN
        RAISE EXCEPTION 'a contract that waits is confirmed or called off, once' USING ERRCODE = 'LM193';
    ELSIF NEW.called_off_at IS NOT NULL THEN
        NEW.called_off_at := clock_timestamp();
        who := NEW.called_off_by_id;
    ELSE
        who := NEW.confirmed_by_id;
        IF public.residents_one_person(NEW.written_by_id, who) IS NOT FALSE THEN
            RAISE EXCEPTION 'whoever wrote a contract does not confirm it' USING ERRCODE = 'LM193';
        END IF;
        IF NEW.replaces_id IS NOT NULL AND (before.confirmed_at IS NULL OR before.superseded_at IS NOT NULL
            OR before.ends <= today OR NEW.ends < today) THEN
            RAISE EXCEPTION 'what is over is not brought back, and ends no earlier than today' USING ERRCODE = 'LM193';
        END IF;
        IF EXISTS (SELECT FROM public.committees_companycontract c WHERE c.committee_id = NEW.committee_id
            AND c.id <> NEW.id AND c.id IS DISTINCT FROM NEW.replaces_id AND c.confirmed_at IS NOT NULL
            AND c.superseded_at IS NULL AND c.starts < NEW.ends AND c.ends > NEW.starts) THEN
            RAISE EXCEPTION 'a company works under one contract at a time' USING ERRCODE = 'LM193';
        END IF;
        NEW.confirmed_at := clock_timestamp();
    END IF;
    IF NOT public.committees_keeps_contracts(who, NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a contract is kept by the committees, and never by a company' USING ERRCODE = 'LM193';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_companycontract_by_two BEFORE INSERT OR UPDATE OR DELETE ON committees_companycontract
    FOR EACH ROW EXECUTE FUNCTION committees_companycontract_by_two();
ALTER TABLE committees_companycontract ENABLE ALWAYS TRIGGER committees_companycontract_by_two;

CREATE FUNCTION committees_companycontract_replaces() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.committees_companycontract SET superseded_at = clock_timestamp() WHERE id = NEW.replaces_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER committees_companycontract_replaces AFTER UPDATE ON committees_companycontract
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND NEW.replaces_id IS NOT NULL)
    EXECUTE FUNCTION committees_companycontract_replaces();
ALTER TABLE committees_companycontract ENABLE ALWAYS TRIGGER committees_companycontract_replaces;
"""
CONTRACT_FREE = """
DROP TRIGGER committees_companycontract_replaces ON committees_companycontract;
DROP FUNCTION committees_companycontract_replaces();
DROP TRIGGER committees_companycontract_by_two ON committees_companycontract;
DROP FUNCTION committees_companycontract_by_two();
"""

SUSPENSION = """
CREATE FUNCTION committees_suspension_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held public.committees_term%ROWTYPE;
    today date;
    who uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that somebody was suspended is kept' USING ERRCODE = 'LM194';
    END IF;
    SELECT * INTO held FROM public.committees_term WHERE id = NEW.term_id;
    -- The body first: of two who suspend each other, the second has no right left.
    PERFORM FROM public.committees_committee WHERE id = held.committee_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        today := public.residents_today(NEW.neighborhood_id);
        IF NEW.lifted_at IS NOT NULL OR NEW.lifted_by_id IS NOT NULL OR NEW.since < today OR NEW.since >= held.ends THEN
            RAISE EXCEPTION 'a suspension begins today or later, within its term' USING ERRCODE = 'LM194';
        END IF;
        NEW.imposed_at := clock_timestamp();
        who := NEW.imposed_by_id;
    ELSE
        IF to_jsonb(NEW) - ARRAY['lifted_by_id', 'lifted_at'] <> to_jsonb(OLD) - ARRAY['lifted_by_id', 'lifted_at']
            OR OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL OR NEW.lifted_by_id IS NULL THEN
            RAISE EXCEPTION 'a suspension is lifted once, and is otherwise what it was' USING ERRCODE = 'LM194';
        END IF;
        NEW.lifted_at := clock_timestamp();
        who := NEW.lifted_by_id;
    END IF;
    IF public.residents_one_person(held.user_id, who) IS NOT FALSE THEN
        RAISE EXCEPTION 'nobody suspends themselves, or lifts it' USING ERRCODE = 'LM194';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_user u WHERE u.id = who AND u.is_active AND u.is_superuser)
        AND NOT public.committees_keeps_members(who, held.committee_id) THEN
        RAISE EXCEPTION 'only the very body suspends its members' USING ERRCODE = 'LM194';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_suspension_by_another BEFORE INSERT OR UPDATE OR DELETE ON committees_suspension
    FOR EACH ROW EXECUTE FUNCTION committees_suspension_by_another();
ALTER TABLE committees_suspension ENABLE ALWAYS TRIGGER committees_suspension_by_another;
"""
SUSPENSION_FREE = """
DROP TRIGGER committees_suspension_by_another ON committees_suspension;
DROP FUNCTION committees_suspension_by_another();
"""


CO_OPTION = """
CREATE FUNCTION committees_cooption_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    FREE CONSTANT text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'called_off_by_id', 'called_off_at', 'term_id'];
    place public.committees_term%ROWTYPE;
    made public.committees_term%ROWTYPE;
    today date;
    free_until date;
    who uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that somebody was to be co-opted is kept' USING ERRCODE = 'LM195';
    END IF;
    PERFORM FROM public.committees_committee WHERE id = NEW.committee_id FOR NO KEY UPDATE;
    today := public.residents_today(NEW.neighborhood_id);
    SELECT * INTO place FROM public.committees_term WHERE id = NEW.replaces_id;
    free_until := COALESCE(place.planned_ends, place.ends);
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.confirmed_by_id, NEW.confirmed_at, NEW.called_off_by_id, NEW.called_off_at, NEW.term_id) > 0 THEN
            RAISE EXCEPTION 'a co-option counts once a second member has confirmed it' USING ERRCODE = 'LM195';
        END IF;
        IF place.committee_id <> NEW.committee_id OR NOT EXISTS (SELECT FROM public.committees_committee c
            WHERE c.id = NEW.committee_id AND c.kind IN ('owners', 'residents')) THEN
            RAISE EXCEPTION 'a committee co-opts in its own places, and a company in none' USING ERRCODE = 'LM195';
        END IF;
        IF place.ends > today OR NEW.starts < place.ends OR NEW.starts >= free_until OR NEW.decided_on > today THEN
            RAISE EXCEPTION 'a place is filled once it is free, for what is left of its term' USING ERRCODE = 'LM195';
        END IF;
        NEW.written_at := clock_timestamp();
        who := NEW.written_by_id;
    ELSIF to_jsonb(NEW) - FREE <> to_jsonb(OLD) - FREE OR OLD.confirmed_at IS NOT NULL OR OLD.called_off_at IS NOT NULL
        OR (NEW.confirmed_at IS NULL) <> (NEW.confirmed_by_id IS NULL)
        OR (NEW.called_off_at IS NULL) <> (NEW.called_off_by_id IS NULL)
        OR num_nonnulls(NEW.confirmed_at, NEW.called_off_at) <> 1 THEN
        RAISE EXCEPTION 'a co-option is confirmed or called off, once, as it was written' USING ERRCODE = 'LM195';
    ELSIF NEW.called_off_at IS NOT NULL THEN
        NEW.called_off_at := clock_timestamp();
        who := NEW.called_off_by_id;
    ELSE
        who := NEW.confirmed_by_id;
        IF public.residents_one_person(NEW.written_by_id, who) IS NOT FALSE THEN
            RAISE EXCEPTION 'whoever wrote a co-option down does not confirm it' USING ERRCODE = 'LM195';
        END IF;
        SELECT * INTO made FROM public.committees_term WHERE id = NEW.term_id;
        IF (made.committee_id, made.user_id, made.role, made.starts, made.ends)
            IS DISTINCT FROM (NEW.committee_id, NEW.user_id, place.role, NEW.starts, free_until) THEN
            RAISE EXCEPTION 'a co-opted member has that place, for the rest of its term' USING ERRCODE = 'LM195';
        END IF;
        NEW.confirmed_at := clock_timestamp();
    END IF;
    -- Calling off is no gain to anybody; coming in is.
    IF NEW.called_off_at IS NULL AND public.residents_one_person(NEW.user_id, who) IS NOT FALSE THEN
        RAISE EXCEPTION 'nobody co-opts themselves' USING ERRCODE = 'LM195';
    END IF;
    IF NOT public.committees_keeps_members(who, NEW.committee_id) THEN
        RAISE EXCEPTION 'only the very committee co-opts' USING ERRCODE = 'LM195';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_cooption_by_two BEFORE INSERT OR UPDATE OR DELETE ON committees_cooption
    FOR EACH ROW EXECUTE FUNCTION committees_cooption_by_two();
ALTER TABLE committees_cooption ENABLE ALWAYS TRIGGER committees_cooption_by_two;

CREATE FUNCTION committees_term_was_planned() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.planned_ends := NEW.ends;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_term_was_planned BEFORE INSERT ON committees_term
    FOR EACH ROW EXECUTE FUNCTION committees_term_was_planned();
ALTER TABLE committees_term ENABLE ALWAYS TRIGGER committees_term_was_planned;
"""
CO_OPTION_FREE = """
DROP TRIGGER committees_term_was_planned ON committees_term;
DROP FUNCTION committees_term_was_planned();
DROP TRIGGER committees_cooption_by_two ON committees_cooption;
DROP FUNCTION committees_cooption_by_two();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0014_contracts_suspensions_and_co_options"),
    ]

    operations = [
        migrations.RunSQL(IN_FORCE, IN_FORCE_GONE),
        migrations.RunSQL(ASKED_EVERYWHERE, ASKED_OF_TERMS),
        migrations.RunSQL(CONTRACT, CONTRACT_FREE),
        migrations.RunSQL(SUSPENSION, SUSPENSION_FREE),
        migrations.RunSQL(CO_OPTION, CO_OPTION_FREE),
        SameNeighborhood(
            "committees_companycontract",
            committee_id="committees_committee",
            replaces_id="committees_companycontract",
        ),
        SameNeighborhood("committees_suspension", term_id="committees_term"),
        SameNeighborhood(
            "committees_cooption",
            committee_id="committees_committee",
            replaces_id="committees_term",
            term_id="committees_term",
        ),
    ]
