"""A draft is never stuck, whatever vanishes beside it; what loses its moment says so; and a request takes a hundred entries.

A building that is no more (an import that was undone) was asked after at every change of a draft that named it, so that it could
not even be called off. It is asked after where it is named, and once more where it is published. A correction reaches those
buildings of what it puts right that are still there. A correction whose moment goes with the files of what was taken down is
held back, as one is whose moment came. Words without a new status end at a hundred, so that nobody fills a request for ever;
it goes on its way all the same.
"""

from django.db import migrations

# As in 0019, but for when buildings are asked after, and for those that are no more.
FOR_WHOM = """
CREATE OR REPLACE FUNCTION committees_notice_for_whom() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong public.committees_notice%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
        RETURN NEW;  -- what was published stands: committees_notice_stays
    END IF;
    -- Once each, in order; none where nothing was said.
    NEW.buildings := ARRAY(SELECT DISTINCT b FROM unnest(NEW.buildings) b ORDER BY b);
    SELECT * INTO wrong FROM public.committees_notice WHERE id = NEW.corrects_id;
    -- Or is no more, and was, when what this puts right was published.
    IF WHENEVER_EXISTS (SELECT FROM unnest(NEW.buildings) b WHERE b <> ALL (COALESCE(wrong.buildings, '{}'))
        AND NOT EXISTS (SELECT FROM public.residents_building g
            WHERE g.id = b AND g.neighborhood_id = NEW.neighborhood_id)) THEN
        RAISE EXCEPTION 'a notice is for buildings of its own neighborhood' USING ERRCODE = 'LM208';
    END IF;
    IF NEW.audience <> 'all' AND (NEW.kind = 'meeting' OR NEW.meeting_id IS NOT NULL)
        AND EXISTS (SELECT FROM public.committees_committee c WHERE c.id = NEW.committee_id AND c.kind = 'owners') THEN
        RAISE EXCEPTION 'a meeting of the owners and its papers are for everybody' USING ERRCODE = 'LM209';
    END IF;
    IF wrong.id IS NOT NULL AND NEW.audience <> 'all' AND (NEW.audience <> wrong.audience OR NOT NEW.buildings @> REACHED) THEN
        RAISE EXCEPTION 'a correction reaches all who read what it puts right' USING ERRCODE = 'LM208';
    END IF;
    RETURN NEW;
END
$$;
"""
NEVER_STUCK = FOR_WHOM.replace(
    "WHENEVER_",
    "(TG_OP = 'INSERT' OR NEW.buildings IS DISTINCT FROM OLD.buildings OR NEW.published_at IS NOT NULL)\n        AND ",
).replace(
    "REACHED",
    "ARRAY(SELECT w FROM unnest(wrong.buildings) w\n        WHERE EXISTS (SELECT FROM public.residents_building g WHERE g.id = w))",
)
AT_EVERY_CHANGE = FOR_WHOM.replace("WHENEVER_", "").replace("REACHED", "wrong.buildings")

# As in 0020, but for a correction of what was taken down.
SCHEDULED = """
CREATE OR REPLACE FUNCTION committees_notice_scheduled() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at timestamptz := clock_timestamp();
    -- What another notice takes along when its own time is over.
    free text[] := ARRAY['publish_at', 'scheduled_by_id', 'held_back_at', 'corrects_id', 'meeting_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.publish_at, NEW.held_back_at) > 0 THEN
            RAISE EXCEPTION 'a notice begins as a draft' USING ERRCODE = 'LM207';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.published_at IS NOT NULL THEN
        RETURN NEW;  -- what was published stands: committees_notice_stays
    END IF;
    IF NEW.published_at IS NOT NULL THEN
        IF at < OLD.publish_at THEN
            RAISE EXCEPTION 'nothing is shown before its moment' USING ERRCODE = 'LM207', HINT = 'Call it off first.';
        END IF;
        IF (NEW.publish_at, NEW.scheduled_by_id) IS DISTINCT FROM (OLD.publish_at, OLD.scheduled_by_id) THEN
            RAISE EXCEPTION 'what was said of its publication stands' USING ERRCODE = 'LM207';
        END IF;
        NEW.held_back_at := NULL;
        free := free || ARRAY['published_at', 'published_by_id', 'hash'];
    END IF;
    IF (OLD.publish_at IS NOT NULL OR NEW.publish_at IS NOT NULL) AND (to_jsonb(NEW) - free <> to_jsonb(OLD) - free
        OR NEW.corrects_id IS NOT NULL AND NEW.corrects_id IS DISTINCT FROM OLD.corrects_id
        OR NEW.meeting_id IS NOT NULL AND NEW.meeting_id IS DISTINCT FROM OLD.meeting_id) THEN
        RAISE EXCEPTION 'what is to be published stands until that is called off' USING ERRCODE = 'LM207';
    END IF;
    IF NEW.published_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    IF OLD.publish_at IS NULL AND NEW.publish_at IS NOT NULL THEN
        -- A draft is kept for a year; some days less, so that its moment comes while it is there.
        IF NEW.publish_at <= at OR NEW.publish_at > at + interval '90 days'
            OR NEW.publish_at > NEW.written_at + interval '360 days' THEN
            RAISE EXCEPTION 'a moment to come, within ninety days' USING ERRCODE = 'LM207';
        END IF;
        IF NOT public.committees_speaks_for(NEW.scheduled_by_id, NEW.committee_id) THEN
            RAISE EXCEPTION 'only its own members speak for a body' USING ERRCODE = 'LM207';
        END IF;
        NEW.held_back_at := NULL;
    ELSIF NEW.publish_at IS NOT NULL THEN
        IF (NEW.publish_at, NEW.scheduled_by_id, NEW.held_back_at)
            IS DISTINCT FROM (OLD.publish_at, OLD.scheduled_by_id, OLD.held_back_at) THEN
            RAISE EXCEPTION 'call it off, then name another moment' USING ERRCODE = 'LM207';
        END IF;
    ELSIF NEW.held_back_at IS NOT NULL AND NEW.held_back_at IS DISTINCT FROM OLD.held_back_at THEN
        IF OLD.publish_at IS NULL OR at < OLD.publish_at_UNLESS THEN
            RAISE EXCEPTION 'held back is what was due' USING ERRCODE = 'LM207';
        END IF;
        NEW.held_back_at := at;
    END IF;
    RETURN NEW;
END
$$;
"""
HELD_BACK_EARLY = SCHEDULED.replace(
    "_UNLESS",
    " AND NOT EXISTS (SELECT FROM public.committees_notice n\n            WHERE n.id = NEW.corrects_id AND n.taken_down_at IS NOT NULL)",
)
HELD_BACK_WHEN_DUE = SCHEDULED.replace("_UNLESS", "")

# As in 0005, but for how many. The number is data in `committees/models/service.py`, too; a test compares the two.
STEP = """
CREATE OR REPLACE FUNCTION committees_servicestep_follows() RETURNS trigger
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
_BOUND_    IF public.committees_service_may(NEW, request) IS NOT TRUE THEN
        RAISE EXCEPTION 'this step is another''s to take' USING ERRCODE = 'LM092';
    END IF;
    RETURN NEW;
END
$$;
"""
A_HUNDRED = STEP.replace(
    "_BOUND_",
    """    IF last >= 100 AND NEW.status = request.status THEN
        RAISE EXCEPTION 'a hundred entries, and from then on only what moves it on' USING ERRCODE = 'LM230';
    END IF;
""",
)
WITHOUT_END = STEP.replace("_BOUND_", "")


class Migration(migrations.Migration):
    dependencies = [("committees", "0027_only_who_holds_a_term_seals_it_early")]

    operations = [
        migrations.RunSQL(NEVER_STUCK, AT_EVERY_CHANGE),
        migrations.RunSQL(HELD_BACK_EARLY, HELD_BACK_WHEN_DUE),
        migrations.RunSQL(A_HUNDRED, WITHOUT_END),
    ]
