"""What a resident asks of a body, where nobody can get round it.

Times are the database's own, and so is what is due: a body that is late cannot write that it was not. A request changes by
its steps alone; a step follows the one before, and is taken by whoever may: the resident, or one of the staff of the very
body that was asked, who is not that resident. Words and pictures come with their step and are not exchanged; nobody deletes
them before their time, and the time is the same for a complaint as for a lamp.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

# The same is data in `committees/models/service.py`; a test compares the two.
DATA = """
CREATE FUNCTION committees_service_follows(earlier text, later text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (earlier, later) IN (
        ('received', 'replied'), ('received', 'working'), ('received', 'done'), ('received', 'called_off'),
        ('replied', 'working'), ('replied', 'done'), ('replied', 'called_off'),
        ('working', 'done'), ('working', 'called_off'),
        ('done', 'reopened'),
        ('reopened', 'replied'), ('reopened', 'working'), ('reopened', 'done'), ('reopened', 'called_off'))
$$;
CREATE FUNCTION committees_service_reply_days(kind text) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT make_interval(days => CASE WHEN kind IN ('repair', 'noise') THEN 2 ELSE 7 END)
$$;
CREATE FUNCTION committees_service_done_days(kind text) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT make_interval(days => CASE WHEN kind IN ('repair', 'noise') THEN 15 ELSE 30 END)
$$;
"""
NO_DATA = """
DROP FUNCTION committees_service_done_days(text);
DROP FUNCTION committees_service_reply_days(text);
DROP FUNCTION committees_service_follows(text, text);
"""

REQUEST = """
CREATE FUNCTION committees_servicerequest_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    last public.committees_servicestep%ROWTYPE;
    today date;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that something was asked is kept; its words go in their time' USING ERRCODE = 'LM090';
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- The person first: an erasure and a new request come wholly one after the other.
        SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
        IF person.left_at IS NOT NULL OR person.erased_at IS NOT NULL THEN
            RAISE EXCEPTION 'only somebody of this neighborhood asks' USING ERRCODE = 'LM090';
        END IF;
        today := public.residents_today(NEW.neighborhood_id);
        IF NEW.unit_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.residents_occupancy o WHERE o.resident_id = NEW.resident_id AND o.unit_id = NEW.unit_id
                AND o.since <= today AND (o.until IS NULL OR o.until > today)
            UNION ALL
            SELECT FROM public.residents_ownership w WHERE w.resident_id = NEW.resident_id AND w.unit_id = NEW.unit_id
                AND w.since <= today AND (w.until IS NULL OR w.until > today)) THEN
            RAISE EXCEPTION 'a request names a dwelling of one''s own, or none' USING ERRCODE = 'LM090';
        END IF;
        NEW.status := 'received';
        NEW.opened_at := clock_timestamp();
        NEW.reply_due_at := NEW.opened_at + public.committees_service_reply_days(NEW.kind);
        NEW.done_due_at := NEW.opened_at + public.committees_service_done_days(NEW.kind);
        NEW.replied_at := NULL;
        NEW.ended_at := NULL;
        NEW.forgotten_at := NULL;
        RETURN NEW;
    END IF;
    IF OLD.forgotten_at IS NOT NULL THEN
        RAISE EXCEPTION 'what was said is gone, and the rest stays as it is' USING ERRCODE = 'LM090';
    END IF;
    IF NEW.forgotten_at IS NOT NULL THEN
        IF to_jsonb(NEW) - 'forgotten_at' - 'unit_id' <> to_jsonb(OLD) - 'forgotten_at' - 'unit_id'
            OR NEW.unit_id IS NOT NULL THEN
            RAISE EXCEPTION 'forgetting takes the dwelling along, and changes nothing else' USING ERRCODE = 'LM094';
        END IF;
        -- A day less than the rule of retention says, whose clock may be ahead of this one.
        IF (OLD.ended_at IS NULL OR OLD.ended_at > clock_timestamp() - interval '179 days')
            AND NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = OLD.resident_id
                AND r.erased_at IS NOT NULL) THEN
            RAISE EXCEPTION 'words are kept for their time' USING ERRCODE = 'LM094';
        END IF;
        NEW.forgotten_at := clock_timestamp();
        RETURN NEW;
    END IF;
    SELECT * INTO last FROM public.committees_servicestep WHERE request_id = OLD.id ORDER BY number DESC LIMIT 1;
    IF NEW.status = OLD.status OR NEW.status IS DISTINCT FROM last.status
        OR to_jsonb(NEW) - 'status' <> to_jsonb(OLD) - 'status' THEN
        RAISE EXCEPTION 'a request changes by its steps alone' USING ERRCODE = 'LM090';
    END IF;
    IF NEW.status = 'reopened' THEN
        NEW.reply_due_at := last.at + public.committees_service_reply_days(NEW.kind);
        NEW.done_due_at := last.at + public.committees_service_done_days(NEW.kind);
        NEW.replied_at := NULL;
        NEW.ended_at := NULL;
    ELSE
        IF NEW.status <> 'called_off' THEN
            NEW.replied_at := COALESCE(OLD.replied_at, last.at);
        END IF;
        IF NEW.status IN ('done', 'called_off') THEN
            NEW.ended_at := last.at;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicerequest_lawful BEFORE INSERT OR UPDATE OR DELETE ON committees_servicerequest
    FOR EACH ROW EXECUTE FUNCTION committees_servicerequest_lawful();
ALTER TABLE committees_servicerequest ENABLE ALWAYS TRIGGER committees_servicerequest_lawful;

CREATE FUNCTION committees_servicerequest_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.committees_servicestep s WHERE s.request_id = NEW.id) THEN
        RAISE EXCEPTION 'a request begins with who asked' USING ERRCODE = 'LM090';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER committees_servicerequest_begins AFTER INSERT ON committees_servicerequest
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION committees_servicerequest_begins();
ALTER TABLE committees_servicerequest ENABLE ALWAYS TRIGGER committees_servicerequest_begins;
"""
REQUEST_FREE = """
DROP TRIGGER committees_servicerequest_begins ON committees_servicerequest;
DROP FUNCTION committees_servicerequest_begins();
DROP TRIGGER committees_servicerequest_lawful ON committees_servicerequest;
DROP FUNCTION committees_servicerequest_lawful();
"""

STEP = """
-- Whoever acts in a capacity has it: the resident, a helper who is named today, or staff of the body in a term in force.
CREATE FUNCTION committees_service_may(step public.committees_servicestep, request public.committees_servicerequest)
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
                AND step.capacity = c.kind || '.' || t.role AND t.starts <= today AND t.ends > today);
    END CASE;
END
$$;

CREATE FUNCTION committees_servicestep_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    request public.committees_servicerequest%ROWTYPE;
    last smallint;
BEGIN
    SELECT * INTO request FROM public.committees_servicerequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    SELECT COALESCE(max(number), 0) INTO last FROM public.committees_servicestep WHERE request_id = NEW.request_id;
    NEW.at := clock_timestamp();
    IF request.forgotten_at IS NOT NULL OR NEW.number <> last + 1
        OR last = 0 AND NEW.status <> 'received'
        OR last > 0 AND NEW.status = request.status AND NEW.status IN ('done', 'called_off')
        OR last > 0 AND NEW.status <> request.status
            AND NOT public.committees_service_follows(request.status, NEW.status)
        OR NEW.status = 'reopened' AND request.status = 'done'
            AND request.ended_at <= NEW.at - interval '30 days' THEN
        RAISE EXCEPTION 'no such step from where this request is' USING ERRCODE = 'LM091';
    END IF;
    IF public.committees_service_may(NEW, request) IS NOT TRUE THEN
        RAISE EXCEPTION 'this step is another''s to take' USING ERRCODE = 'LM092';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicestep_follows BEFORE INSERT ON committees_servicestep
    FOR EACH ROW EXECUTE FUNCTION committees_servicestep_follows();
ALTER TABLE committees_servicestep ENABLE ALWAYS TRIGGER committees_servicestep_follows;

CREATE FUNCTION committees_servicestep_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.committees_servicerequest SET status = NEW.status
        WHERE id = NEW.request_id AND status <> NEW.status;
    RETURN NULL;
END
$$;
CREATE TRIGGER committees_servicestep_moves AFTER INSERT ON committees_servicestep
    FOR EACH ROW EXECUTE FUNCTION committees_servicestep_moves();
ALTER TABLE committees_servicestep ENABLE ALWAYS TRIGGER committees_servicestep_moves;
"""
STEP_FREE = """
DROP TRIGGER committees_servicestep_moves ON committees_servicestep;
DROP FUNCTION committees_servicestep_moves();
DROP TRIGGER committees_servicestep_follows ON committees_servicestep;
DROP FUNCTION committees_servicestep_follows();
DROP FUNCTION committees_service_may(public.committees_servicestep, public.committees_servicerequest);
"""

SAID = """
CREATE FUNCTION committees_service_said_once() RETURNS trigger
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
    IF TG_TABLE_NAME = 'committees_servicephoto' AND step.number <> 1 THEN
        RAISE EXCEPTION 'pictures come with what is asked' USING ERRCODE = 'LM093';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicewords_said_once BEFORE INSERT OR DELETE ON committees_servicewords
    FOR EACH ROW EXECUTE FUNCTION committees_service_said_once();
ALTER TABLE committees_servicewords ENABLE ALWAYS TRIGGER committees_servicewords_said_once;
CREATE TRIGGER committees_servicephoto_said_once BEFORE INSERT OR DELETE ON committees_servicephoto
    FOR EACH ROW EXECUTE FUNCTION committees_service_said_once();
ALTER TABLE committees_servicephoto ENABLE ALWAYS TRIGGER committees_servicephoto_said_once;
ALTER TABLE committees_servicewords ADD CONSTRAINT service_words_not_too_long
    CHECK (octet_length(sealed) BETWEEN 30 AND 65536);
ALTER TABLE committees_servicephoto ADD CONSTRAINT service_photo_not_too_large
    CHECK (octet_length(sealed) BETWEEN 30 AND 4194304);
"""
SAID_FREE = """
ALTER TABLE committees_servicephoto DROP CONSTRAINT service_photo_not_too_large;
ALTER TABLE committees_servicewords DROP CONSTRAINT service_words_not_too_long;
DROP TRIGGER committees_servicephoto_said_once ON committees_servicephoto;
DROP TRIGGER committees_servicewords_said_once ON committees_servicewords;
DROP FUNCTION committees_service_said_once();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0004_requests_to_a_body"),
        ("residents", "0021_a_right_to_answer_service"),
    ]

    operations = [
        migrations.RunSQL(DATA, NO_DATA),
        migrations.RunSQL(REQUEST, REQUEST_FREE),
        migrations.RunSQL(STEP, STEP_FREE),
        migrations.RunSQL(SAID, SAID_FREE),
        SameNeighborhood(
            "committees_servicerequest", resident_id="residents_resident", unit_id="residents_unit"
        ),
        SameNeighborhood("committees_servicestep", request_id="committees_servicerequest"),
        SameNeighborhood("committees_servicewords", step_id="committees_servicestep"),
        SameNeighborhood("committees_servicephoto", step_id="committees_servicestep"),
        AppendOnly("committees_servicestep"),
        AppendOnly("committees_servicewords", erasable=True),
        AppendOnly("committees_servicephoto", erasable=True),
        NeverInPractice("committees_servicerequest"),
        Rewritable("committees_servicewords", secrets=["sealed"]),
        Rewritable("committees_servicephoto", secrets=["sealed"]),
    ]
