"""Within how many days a body answers is what it has said itself, within limits; and what was asked keeps the days it was asked
under, whatever is said later, also when it is opened again."""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

# The same is data in `committees/models/service.py`; a test compares the two.
LIMITS = """
CREATE FUNCTION committees_service_most_reply_days(kind text) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN kind IN ('repair', 'noise') THEN 7 ELSE 15 END
$$;
CREATE FUNCTION committees_service_most_done_days(kind text) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN kind IN ('repair', 'noise') THEN 30 ELSE 60 END
$$;
"""
NO_LIMITS = """
DROP FUNCTION committees_service_most_done_days(text);
DROP FUNCTION committees_service_most_reply_days(text);
"""

TIMES = """
CREATE FUNCTION committees_servicetimes_within_limits() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.reply_days > public.committees_service_most_reply_days(NEW.kind)
        OR NEW.done_days > public.committees_service_most_done_days(NEW.kind) THEN
        RAISE EXCEPTION 'nobody is let wait longer than that' USING ERRCODE = 'LM213';
    END IF;
    IF NOT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
            WHERE t.user_id = NEW.set_by_id AND t.committee_id = NEW.committee_id AND t.role = 'chair' AND u.is_active
            AND public.committees_in_force(t, public.residents_today(t.neighborhood_id))) THEN
        RAISE EXCEPTION 'for a body its own chair says how long people wait' USING ERRCODE = 'LM213';
    END IF;
    NEW.set_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_servicetimes_within_limits BEFORE INSERT ON committees_servicetimes
    FOR EACH ROW EXECUTE FUNCTION committees_servicetimes_within_limits();
ALTER TABLE committees_servicetimes ENABLE ALWAYS TRIGGER committees_servicetimes_within_limits;

-- What a body of this kind here has said last. Whoever follows a company in office stands by it until they say otherwise.
CREATE FUNCTION committees_service_days(neighborhood uuid, body text, kind text, OUT reply integer, OUT done integer)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT t.reply_days, t.done_days INTO reply, done FROM public.committees_servicetimes t
        JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE c.neighborhood_id = $1 AND c.kind = $2 AND t.kind = $3 ORDER BY t.set_at DESC, t.id LIMIT 1;
    IF reply IS NULL THEN
        reply := extract(day FROM public.committees_service_reply_days($3));
        done := extract(day FROM public.committees_service_done_days($3));
    END IF;
END
$$;
"""
TIMES_FREE = """
DROP FUNCTION committees_service_days(uuid, text, text);
DROP TRIGGER committees_servicetimes_within_limits ON committees_servicetimes;
DROP FUNCTION committees_servicetimes_within_limits();
"""

# As in 0005, but for the days.
REQUEST = """
CREATE OR REPLACE FUNCTION committees_servicerequest_lawful() RETURNS trigger
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
        PROMISED
        NEW.reply_due_at := NEW.opened_at + REPLY_DAYS;
        NEW.done_due_at := NEW.opened_at + DONE_DAYS;
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
        NEW.reply_due_at := last.at + REPLY_DAYS;
        NEW.done_due_at := last.at + DONE_DAYS;
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
"""
PROMISED = REQUEST.replace(
    "PROMISED",
    "SELECT d.reply, d.done INTO NEW.reply_days, NEW.done_days"
    " FROM public.committees_service_days(NEW.neighborhood_id, NEW.body, NEW.kind) d;",
)
THEIRS = PROMISED.replace("REPLY_DAYS", "make_interval(days => NEW.reply_days)").replace(
    "DONE_DAYS", "make_interval(days => NEW.done_days)"
)
OF_THEIR_KIND = (
    REQUEST.replace("        PROMISED\n", "")
    .replace("REPLY_DAYS", "public.committees_service_reply_days(NEW.kind)")
    .replace("DONE_DAYS", "public.committees_service_done_days(NEW.kind)")
)

# What was asked before was asked under the days of its kind. No request changes but by its steps, so the law steps aside once.
ASKED_BEFORE = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE committees_servicerequest DISABLE TRIGGER committees_servicerequest_lawful;
UPDATE committees_servicerequest SET reply_days = extract(day FROM committees_service_reply_days(kind)),
    done_days = extract(day FROM committees_service_done_days(kind));
ALTER TABLE committees_servicerequest ENABLE ALWAYS TRIGGER committees_servicerequest_lawful;
"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0023_a_request_is_assigned_to_one")]

    operations = [
        migrations.RunSQL(LIMITS, NO_LIMITS),
        migrations.RunSQL(TIMES, TIMES_FREE),
        migrations.RunSQL(ASKED_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(THEIRS, OF_THEIR_KIND),
        SameNeighborhood("committees_servicetimes", committee_id="committees_committee"),
        AppendOnly("committees_servicetimes"),
    ]
