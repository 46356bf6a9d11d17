"""Handing in a vote, where nobody can get round it (obligations 44 and 45).

A vote is handed in once, within its days by the database's clock: electronically by an owner on the roll with their own
account, and by the one whom all joint owners have named, where they have; or on paper. The ballots come with it, one for a
topic. Who reads the tables learns who has voted, and of a secret topic never how.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

# Of several owners: the one all of them name. Nobody, as long as they do not agree.
VOTER = """
CREATE FUNCTION committees_named(head uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN count(*) = (SELECT count(*) FROM public.committees_headowner w WHERE w.head_id = $1)
        AND count(DISTINCT latest.named_id) = 1 THEN min(latest.named_id::text)::uuid END
    FROM (SELECT DISTINCT ON (n.owner_id) n.named_id FROM public.committees_naming n WHERE n.head_id = $1
        ORDER BY n.owner_id, n.at DESC, n.id) latest
$$;

CREATE FUNCTION committees_owns(head uuid, resident uuid, account uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_headowner w JOIN public.residents_resident r ON r.id = w.resident_id
        WHERE w.head_id = $1 AND r.id = $2 AND ($3 IS NULL OR r.user_id = $3) AND r.erased_at IS NULL)
$$;

-- Locks the meeting against being counted, and says whether a vote is taken in at this moment.
CREATE FUNCTION committees_takes_votes(meeting uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found public.committees_meeting%ROWTYPE;
    today date;
BEGIN
    SELECT * INTO found FROM public.committees_meeting m WHERE m.id = $1 FOR SHARE;
    today := public.residents_today(found.neighborhood_id);
    RETURN found.noticed_at IS NOT NULL AND found.called_off_at IS NULL
        AND today BETWEEN found.opens_on AND found.closes_on
        AND NOT EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = $1);
END
$$;
"""
NO_VOTER = """
DROP FUNCTION committees_takes_votes(uuid);
DROP FUNCTION committees_owns(uuid, uuid, uuid);
DROP FUNCTION committees_named(uuid);
"""

NAMING = """
CREATE FUNCTION committees_naming_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    meeting public.committees_meeting%ROWTYPE;
BEGIN
    PERFORM FROM public.committees_head h WHERE h.id = NEW.head_id FOR NO KEY UPDATE;
    SELECT m.* INTO meeting FROM public.committees_meeting m JOIN public.committees_head h ON h.meeting_id = m.id
        WHERE h.id = NEW.head_id;
    IF meeting.noticed_at IS NULL OR meeting.called_off_at IS NOT NULL
        OR public.residents_today(meeting.neighborhood_id) > meeting.closes_on
        OR EXISTS (SELECT FROM public.committees_turnout t WHERE t.head_id = NEW.head_id) THEN
        RAISE EXCEPTION 'who votes for several is said before the vote is handed in' USING ERRCODE = 'LM186';
    END IF;
    IF NOT public.committees_owns(NEW.head_id, NEW.owner_id, NEW.by_id)
        OR NOT public.committees_owns(NEW.head_id, NEW.named_id, NULL) THEN
        RAISE EXCEPTION 'an owner names one of the owners' USING ERRCODE = 'LM187';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_naming_lawful BEFORE INSERT ON committees_naming
    FOR EACH ROW EXECUTE FUNCTION committees_naming_lawful();
ALTER TABLE committees_naming ENABLE ALWAYS TRIGGER committees_naming_lawful;
"""
NAMING_FREE = """
DROP TRIGGER committees_naming_lawful ON committees_naming;
DROP FUNCTION committees_naming_lawful();
"""

TURNOUT = """
CREATE FUNCTION committees_turnout_in_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.committees_head h WHERE h.id = NEW.head_id AND h.meeting_id = NEW.meeting_id)
        OR public.committees_takes_votes(NEW.meeting_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'votes are handed in from the first day to the last' USING ERRCODE = 'LM186';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_turnout_in_time BEFORE INSERT ON committees_turnout
    FOR EACH ROW EXECUTE FUNCTION committees_turnout_in_time();
ALTER TABLE committees_turnout ENABLE ALWAYS TRIGGER committees_turnout_in_time;

CREATE FUNCTION committees_turnout_is_theirs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.committees_head h WHERE h.id = NEW.head_id FOR NO KEY UPDATE;
    IF NEW.channel = 'electronic' AND (
        NOT public.committees_owns(NEW.head_id, NEW.resident_id, NEW.by_id)
        OR COALESCE(public.committees_named(NEW.head_id), NEW.resident_id) <> NEW.resident_id) THEN
        RAISE EXCEPTION 'this vote is another''s to hand in' USING ERRCODE = 'LM187';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_turnout_is_theirs BEFORE INSERT ON committees_turnout
    FOR EACH ROW EXECUTE FUNCTION committees_turnout_is_theirs();
ALTER TABLE committees_turnout ENABLE ALWAYS TRIGGER committees_turnout_is_theirs;

CREATE FUNCTION committees_turnout_answers_all() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.channel = 'electronic'
        AND (SELECT count(*) FROM public.committees_ballot b WHERE b.head_id = NEW.head_id)
        <> (SELECT count(*) FROM public.committees_topic t WHERE t.meeting_id = NEW.meeting_id) THEN
        RAISE EXCEPTION 'a vote comes with its answers' USING ERRCODE = 'LM188';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER committees_turnout_answers_all AFTER INSERT ON committees_turnout
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION committees_turnout_answers_all();
ALTER TABLE committees_turnout ENABLE ALWAYS TRIGGER committees_turnout_answers_all;
"""
TURNOUT_FREE = """
DROP TRIGGER committees_turnout_answers_all ON committees_turnout;
DROP FUNCTION committees_turnout_answers_all();
DROP TRIGGER committees_turnout_is_theirs ON committees_turnout;
DROP FUNCTION committees_turnout_is_theirs();
DROP TRIGGER committees_turnout_in_time ON committees_turnout;
DROP FUNCTION committees_turnout_in_time();
"""

# Two different people have read the same on it: `committees/migrations/0012_paper_is_read_by_two.py` sees to who they are.
BALLOT = """
CREATE FUNCTION committees_sheet_settled_at(sheet uuid) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(greatest(a.at, b.at)) FROM public.committees_entry a JOIN public.committees_entry b
        ON a.sheet_id = b.sheet_id AND a.digest = b.digest AND a.by_id < b.by_id WHERE a.sheet_id = $1
$$;

CREATE FUNCTION committees_ballot_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    handed public.committees_turnout%ROWTYPE;
    topic public.committees_topic%ROWTYPE;
BEGIN
    SELECT * INTO handed FROM public.committees_turnout t WHERE t.head_id = NEW.head_id;
    SELECT * INTO topic FROM public.committees_topic t WHERE t.id = NEW.topic_id;
    IF topic.meeting_id IS DISTINCT FROM handed.meeting_id OR topic.secret <> (NEW.choice = '')
        OR EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = topic.meeting_id) THEN
        RAISE EXCEPTION 'a ballot comes with a vote, on a question of its meeting' USING ERRCODE = 'LM188';
    END IF;
    -- In the same act: nobody answers for somebody afterwards.
    IF handed.channel = 'electronic' AND handed.at < transaction_timestamp()
        OR handed.channel = 'paper'
            AND COALESCE(public.committees_sheet_settled_at(handed.sheet_id), '-infinity') < transaction_timestamp() THEN
        RAISE EXCEPTION 'a ballot comes with the act that gives it' USING ERRCODE = 'LM188';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_ballot_lawful BEFORE INSERT ON committees_ballot
    FOR EACH ROW EXECUTE FUNCTION committees_ballot_lawful();
ALTER TABLE committees_ballot ENABLE ALWAYS TRIGGER committees_ballot_lawful;
"""
BALLOT_FREE = """
DROP TRIGGER committees_ballot_lawful ON committees_ballot;
DROP FUNCTION committees_ballot_lawful();
DROP FUNCTION committees_sheet_settled_at(uuid);
"""

URN = """
CREATE FUNCTION committees_urn_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    meeting public.committees_meeting%ROWTYPE;
    counted boolean;
BEGIN
    SELECT * INTO meeting FROM public.committees_meeting m WHERE m.id = COALESCE(NEW.meeting_id, OLD.meeting_id);
    counted := EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = meeting.id);
    IF TG_OP = 'DELETE' THEN
        IF NOT counted AND meeting.called_off_at IS NULL THEN
            RAISE EXCEPTION 'an urn goes when it has been counted' USING ERRCODE = 'LM192';
        END IF;
        RETURN OLD;
    END IF;
    IF meeting.noticed_at IS NULL OR meeting.called_off_at IS NOT NULL OR counted
        OR TG_OP = 'UPDATE' AND NEW.meeting_id <> OLD.meeting_id THEN
        RAISE EXCEPTION 'an urn is filled while the vote runs' USING ERRCODE = 'LM192';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_urn_lawful BEFORE INSERT OR UPDATE OR DELETE ON committees_urn
    FOR EACH ROW EXECUTE FUNCTION committees_urn_lawful();
ALTER TABLE committees_urn ENABLE ALWAYS TRIGGER committees_urn_lawful;
"""
URN_FREE = """
DROP TRIGGER committees_urn_lawful ON committees_urn;
DROP FUNCTION committees_urn_lawful();
"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0010_a_meeting_is_called_lawfully")]

    operations = [
        migrations.RunSQL(VOTER, NO_VOTER),
        migrations.RunSQL(NAMING, NAMING_FREE),
        migrations.RunSQL(TURNOUT, TURNOUT_FREE),
        migrations.RunSQL(BALLOT, BALLOT_FREE),
        migrations.RunSQL(URN, URN_FREE),
        SameNeighborhood(
            "committees_naming",
            head_id="committees_head",
            owner_id="residents_resident",
            named_id="residents_resident",
        ),
        SameNeighborhood(
            "committees_turnout",
            meeting_id="committees_meeting",
            head_id="committees_head",
            resident_id="residents_resident",
            sheet_id="committees_sheet",
        ),
        SameNeighborhood("committees_ballot", topic_id="committees_topic", head_id="committees_head"),
        SameNeighborhood("committees_urn", meeting_id="committees_meeting"),
        AppendOnly("committees_naming", erasable=True),
        AppendOnly("committees_turnout", erasable=True),
        AppendOnly("committees_ballot", erasable=True),
        Rewritable("committees_urn", secrets=["sealed"]),
    ]
