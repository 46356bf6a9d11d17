"""To whom a request is assigned, what is noted of it inside, and pictures that come with an answer, where nobody can get round it.

Whoever it is assigned to, assigns it or notes something is at work in the very body that was asked, now, and has not asked it
themselves. A note is no step: neither its row nor its token ever becomes one. Both go when the request is forgotten, and no sooner.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

ANSWERS = """
-- In this capacity, at work in the body that was asked, and not who asked.
CREATE FUNCTION committees_answers(account uuid, capacity text, request public.committees_servicerequest)
RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
            JOIN public.committees_committee c ON c.id = t.committee_id
            WHERE t.user_id = $1 AND u.is_active AND c.neighborhood_id = ($3).neighborhood_id AND c.kind = ($3).body
            AND t.role IN ('chair', 'clerk') AND $2 = c.kind || '.' || t.role
            AND public.committees_in_force(t, public.residents_today(($3).neighborhood_id)))
        AND NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = ($3).resident_id AND r.user_id = $1)
$$;
"""
ANSWERS_GONE = "DROP FUNCTION committees_answers(uuid, text, public.committees_servicerequest);"

ASSIGNED = """
CREATE FUNCTION committees_serviceassignment_by_one() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    request public.committees_servicerequest%ROWTYPE;
    last smallint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM public.committees_servicerequest r
            WHERE r.id = OLD.request_id AND r.forgotten_at IS NOT NULL) THEN
            RAISE EXCEPTION 'who saw to it is known until the request is forgotten' USING ERRCODE = 'LM211';
        END IF;
        RETURN OLD;
    END IF;
    -- Two who take it at once come one after the other, and the second number is taken.
    SELECT * INTO request FROM public.committees_servicerequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    SELECT COALESCE(max(number), 0) INTO last FROM public.committees_serviceassignment WHERE request_id = NEW.request_id;
    IF request.forgotten_at IS NOT NULL OR request.status IN ('done', 'called_off') OR NEW.number <> last + 1 THEN
        RAISE EXCEPTION 'only what is open is assigned, to one after another' USING ERRCODE = 'LM211';
    END IF;
    IF NOT public.committees_answers(NEW.by_id, NEW.by_capacity, request)
        OR NEW.assignee_id IS NOT NULL AND NOT public.committees_answers(NEW.assignee_id, NEW.capacity, request) THEN
        RAISE EXCEPTION 'a request is assigned within the body that was asked' USING ERRCODE = 'LM211';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_serviceassignment_by_one BEFORE INSERT OR DELETE ON committees_serviceassignment
    FOR EACH ROW EXECUTE FUNCTION committees_serviceassignment_by_one();
ALTER TABLE committees_serviceassignment ENABLE ALWAYS TRIGGER committees_serviceassignment_by_one;
"""
ASSIGNED_BEFORE = """
DROP TRIGGER committees_serviceassignment_by_one ON committees_serviceassignment;
DROP FUNCTION committees_serviceassignment_by_one();
"""

NOTE = """
CREATE FUNCTION committees_servicenote_inside() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    request public.committees_servicerequest%ROWTYPE;
    last smallint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM public.committees_servicerequest r
            WHERE r.id = OLD.request_id AND r.forgotten_at IS NOT NULL) THEN
            RAISE EXCEPTION 'what was noted goes when its request is forgotten' USING ERRCODE = 'LM212';
        END IF;
        RETURN OLD;
    END IF;
    SELECT * INTO request FROM public.committees_servicerequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    SELECT COALESCE(max(number), 0) INTO last FROM public.committees_servicenote WHERE request_id = NEW.request_id;
    IF request.forgotten_at IS NOT NULL OR NEW.number <> last + 1 THEN
        RAISE EXCEPTION 'notes come one after another, until the request is forgotten' USING ERRCODE = 'LM212';
    END IF;
    IF NOT public.committees_answers(NEW.by_id, NEW.capacity, request) THEN
        RAISE EXCEPTION 'a note is written by the staff of the body that was asked' USING ERRCODE = 'LM212';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicenote_inside BEFORE INSERT OR DELETE ON committees_servicenote
    FOR EACH ROW EXECUTE FUNCTION committees_servicenote_inside();
ALTER TABLE committees_servicenote ENABLE ALWAYS TRIGGER committees_servicenote_inside;
ALTER TABLE committees_servicenote ADD CONSTRAINT service_note_not_too_long
    CHECK (octet_length(sealed) BETWEEN 30 AND 16384);

-- One sending is one thing: what was sent as a note is not sent again as words to the resident, nor the other way round.
CREATE FUNCTION committees_service_in_or_out() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.committees_servicerequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'committees_servicenote' AND EXISTS (SELECT FROM public.committees_servicestep s
            WHERE s.request_id = NEW.request_id AND s.token = NEW.token)
        OR TG_TABLE_NAME = 'committees_servicestep' AND EXISTS (SELECT FROM public.committees_servicenote n
            WHERE n.request_id = NEW.request_id AND n.token = NEW.token) THEN
        RAISE EXCEPTION 'a note stays inside, and what was said was said' USING ERRCODE = 'LM214';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicenote_in_or_out BEFORE INSERT ON committees_servicenote
    FOR EACH ROW EXECUTE FUNCTION committees_service_in_or_out();
ALTER TABLE committees_servicenote ENABLE ALWAYS TRIGGER committees_servicenote_in_or_out;
CREATE TRIGGER committees_servicestep_in_or_out BEFORE INSERT ON committees_servicestep
    FOR EACH ROW EXECUTE FUNCTION committees_service_in_or_out();
ALTER TABLE committees_servicestep ENABLE ALWAYS TRIGGER committees_servicestep_in_or_out;
"""
NOTE_FREE = """
DROP TRIGGER committees_servicestep_in_or_out ON committees_servicestep;
DROP TRIGGER committees_servicenote_in_or_out ON committees_servicenote;
DROP FUNCTION committees_service_in_or_out();
ALTER TABLE committees_servicenote DROP CONSTRAINT service_note_not_too_long;
DROP TRIGGER committees_servicenote_inside ON committees_servicenote;
DROP FUNCTION committees_servicenote_inside();
"""

SAID = """
CREATE OR REPLACE FUNCTION committees_service_said_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step public.committees_servicestep%ROWTYPE;
BEGIN
    SELECT * INTO step FROM public.committees_servicestep WHERE id = COALESCE(NEW.step_id, OLD.step_id);
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM public.committees_servicerequest r
            WHERE r.id = step.request_id AND r.forgotten_at IS NOT NULL) THEN
            RAISE EXCEPTION 'what was said goes when its request is forgotten' USING ERRCODE = 'LM094';
        END IF;
        RETURN OLD;
    END IF;
    -- With its step, so that nothing is put into anybody's mouth afterwards.
    IF step.at IS NULL OR step.at < transaction_timestamp() THEN
        RAISE EXCEPTION 'words and pictures come with their step' USING ERRCODE = 'LM093';
    END IF;
    -- Four at most, then: their numbers are 1 to 4, each once in a step.
    IF TG_TABLE_NAME = 'committees_servicephoto' AND step.number <> 1 AND UNASKED THEN
        RAISE EXCEPTION 'pictures come with what is asked, or with what is answered' USING ERRCODE = 'LM093';
    END IF;
    RETURN NEW;
END
$$;
"""
NOT_BY_STAFF = "step.capacity IN ('resident', 'helper', 'system')"


class Migration(migrations.Migration):
    dependencies = [("committees", "0022_who_a_request_is_assigned_to_and_what_is_noted")]

    operations = [
        migrations.RunSQL(ANSWERS, ANSWERS_GONE),
        migrations.RunSQL(ASSIGNED, ASSIGNED_BEFORE),
        migrations.RunSQL(NOTE, NOTE_FREE),
        migrations.RunSQL(SAID.replace("UNASKED", NOT_BY_STAFF), SAID.replace("UNASKED", "true")),
        SameNeighborhood("committees_serviceassignment", request_id="committees_servicerequest"),
        SameNeighborhood("committees_servicenote", request_id="committees_servicerequest"),
        AppendOnly("committees_serviceassignment", erasable=True),
        AppendOnly("committees_servicenote", erasable=True),
        Rewritable("committees_servicenote", secrets=["sealed"]),
    ]
