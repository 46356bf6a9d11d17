"""Ballots on paper, where nobody can get round it (obligation 45).

A sheet is given out for one vote, and taken in within the days of voting. What stands on it counts when two different people
in office, neither of whom owns or votes there, have read the same. Who votes for others does it on a signed paper that two
people have read, and for no more of them than the notice says.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

PROXY = """
-- Whoever owns what is voted for, or votes for it, is no help in counting that vote.
CREATE FUNCTION committees_concerned(account uuid, head uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_resident r WHERE r.user_id = $1 AND (
        EXISTS (SELECT FROM public.committees_headowner w WHERE w.head_id = $2 AND w.resident_id = r.id)
        OR EXISTS (SELECT FROM public.committees_proxy p WHERE p.head_id = $2 AND p.holder_id = r.id)))
$$;

CREATE FUNCTION committees_proxy_by_two() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    meeting public.committees_meeting%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT * INTO meeting FROM public.committees_meeting m WHERE m.id = OLD.meeting_id;
        IF OLD.read_at IS NOT NULL AND meeting.called_off_at IS NULL
            AND NOT EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = OLD.meeting_id) THEN
            RAISE EXCEPTION 'a proxy that two have read stays' USING ERRCODE = 'LM189';
        END IF;
        RETURN OLD;
    END IF;
    -- One at a time, or two desks would pass the limit together.
    SELECT * INTO meeting FROM public.committees_meeting m WHERE m.id = NEW.meeting_id FOR NO KEY UPDATE;
    IF meeting.noticed_at IS NULL OR meeting.called_off_at IS NOT NULL
        OR public.residents_today(meeting.neighborhood_id) > meeting.closes_on
        OR EXISTS (SELECT FROM public.committees_turnout t WHERE t.head_id = NEW.head_id) THEN
        RAISE EXCEPTION 'a proxy comes before the vote' USING ERRCODE = 'LM186';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.read_at IS NOT NULL OR NOT public.committees_counts_votes(NEW.entered_by_id, NEW.neighborhood_id)
            OR NOT EXISTS (SELECT FROM public.committees_head h WHERE h.id = NEW.head_id AND h.meeting_id = NEW.meeting_id)
            OR EXISTS (SELECT FROM public.committees_headowner w
                WHERE w.head_id = NEW.head_id AND w.resident_id = NEW.holder_id)
            OR NOT EXISTS (SELECT FROM public.committees_headowner w WHERE w.head_id = NEW.head_id)
            OR public.committees_concerned(NEW.entered_by_id, NEW.head_id)
            OR EXISTS (SELECT FROM public.residents_resident r
                WHERE r.id = NEW.holder_id AND (r.user_id = NEW.entered_by_id OR r.erased_at IS NOT NULL)) THEN
            RAISE EXCEPTION 'one of the staff enters a proxy for somebody else' USING ERRCODE = 'LM189';
        END IF;
        IF (SELECT count(*) FROM public.committees_proxy p
            WHERE p.meeting_id = NEW.meeting_id AND p.holder_id = NEW.holder_id) >= meeting.proxies THEN
            RAISE EXCEPTION 'one person votes for no more others than the notice says' USING ERRCODE = 'LM189';
        END IF;
        NEW.entered_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.read_at IS NOT NULL OR to_jsonb(NEW) - 'read_at' - 'read_by_id' <> to_jsonb(OLD) - 'read_at' - 'read_by_id'
        OR NOT public.committees_counts_votes(NEW.read_by_id, NEW.neighborhood_id)
        OR public.residents_one_person(NEW.read_by_id, NEW.entered_by_id) IS NOT FALSE
        OR public.committees_concerned(NEW.read_by_id, NEW.head_id) THEN
        RAISE EXCEPTION 'a second of the staff reads it, and changes nothing' USING ERRCODE = 'LM189';
    END IF;
    NEW.read_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_proxy_by_two BEFORE INSERT OR UPDATE OR DELETE ON committees_proxy
    FOR EACH ROW EXECUTE FUNCTION committees_proxy_by_two();
ALTER TABLE committees_proxy ENABLE ALWAYS TRIGGER committees_proxy_by_two;
"""
PROXY_FREE = """
DROP TRIGGER committees_proxy_by_two ON committees_proxy;
DROP FUNCTION committees_proxy_by_two();
DROP FUNCTION committees_concerned(uuid, uuid);
"""

SHEET = """
CREATE FUNCTION committees_sheet_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    meeting public.committees_meeting%ROWTYPE;
BEGIN
    SELECT * INTO meeting FROM public.committees_meeting m WHERE m.id = NEW.meeting_id;
    IF meeting.noticed_at IS NULL OR meeting.called_off_at IS NOT NULL
        OR public.residents_today(meeting.neighborhood_id) > meeting.closes_on
        OR EXISTS (SELECT FROM public.committees_turnout t WHERE t.head_id = NEW.head_id) THEN
        RAISE EXCEPTION 'a sheet is given out while the vote can be handed in' USING ERRCODE = 'LM186';
    END IF;
    IF NOT public.committees_counts_votes(NEW.given_by_id, NEW.neighborhood_id)
        OR public.committees_concerned(NEW.given_by_id, NEW.head_id)
        OR NOT EXISTS (SELECT FROM public.committees_head h WHERE h.id = NEW.head_id AND h.meeting_id = NEW.meeting_id)
        OR NOT EXISTS (SELECT FROM public.committees_headowner w WHERE w.head_id = NEW.head_id)
        OR NEW.proxy_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.committees_proxy p
            WHERE p.id = NEW.proxy_id AND p.head_id = NEW.head_id AND p.read_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a sheet is given out by staff, to an owner or to whom two have read the proxy of'
            USING ERRCODE = 'LM189';
    END IF;
    NEW.given_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_sheet_lawful BEFORE INSERT ON committees_sheet
    FOR EACH ROW EXECUTE FUNCTION committees_sheet_lawful();
ALTER TABLE committees_sheet ENABLE ALWAYS TRIGGER committees_sheet_lawful;

CREATE FUNCTION committees_turnout_of_a_sheet() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.committees_sheet s
            WHERE s.id = NEW.sheet_id AND s.head_id = NEW.head_id AND s.meeting_id = NEW.meeting_id)
        OR NOT public.committees_counts_votes(NEW.by_id, NEW.neighborhood_id)
        OR public.committees_concerned(NEW.by_id, NEW.head_id) THEN
        RAISE EXCEPTION 'staff take in the very sheet that was given out for this vote' USING ERRCODE = 'LM189';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_turnout_of_a_sheet BEFORE INSERT ON committees_turnout
    FOR EACH ROW WHEN (NEW.channel = 'paper') EXECUTE FUNCTION committees_turnout_of_a_sheet();
ALTER TABLE committees_turnout ENABLE ALWAYS TRIGGER committees_turnout_of_a_sheet;
"""
SHEET_FREE = """
DROP TRIGGER committees_turnout_of_a_sheet ON committees_turnout;
DROP FUNCTION committees_turnout_of_a_sheet();
DROP TRIGGER committees_sheet_lawful ON committees_sheet;
DROP FUNCTION committees_sheet_lawful();
"""

ENTRY = """
CREATE FUNCTION committees_entry_by_another() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sheet public.committees_sheet%ROWTYPE;
BEGIN
    SELECT * INTO sheet FROM public.committees_sheet s WHERE s.id = COALESCE(NEW.sheet_id, OLD.sheet_id) FOR UPDATE;
    IF TG_OP = 'DELETE' THEN
        -- Read differently by all: everybody reads it once more. What two have agreed on stays.
        IF sheet.id IS NOT NULL AND public.committees_sheet_settled_at(sheet.id) IS NOT NULL
            AND NOT EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = sheet.meeting_id)
            AND NOT EXISTS (SELECT FROM public.committees_meeting m
                WHERE m.id = sheet.meeting_id AND m.called_off_at IS NOT NULL) THEN
            RAISE EXCEPTION 'what two have read stays' USING ERRCODE = 'LM190';
        END IF;
        RETURN OLD;
    END IF;
    IF NOT EXISTS (SELECT FROM public.committees_turnout t WHERE t.sheet_id = NEW.sheet_id)
        OR EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = sheet.meeting_id)
        OR public.committees_sheet_settled_at(NEW.sheet_id) IS NOT NULL THEN
        RAISE EXCEPTION 'a sheet is read once it was taken in, until two agree' USING ERRCODE = 'LM190';
    END IF;
    IF NOT public.committees_counts_votes(NEW.by_id, NEW.neighborhood_id)
        OR public.committees_concerned(NEW.by_id, sheet.head_id)
        OR EXISTS (SELECT FROM public.committees_entry e WHERE e.sheet_id = NEW.sheet_id
            AND public.residents_one_person(e.by_id, NEW.by_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'a sheet is read by different people in office, whom it does not concern' USING ERRCODE = 'LM190';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_entry_by_another BEFORE INSERT OR DELETE ON committees_entry
    FOR EACH ROW EXECUTE FUNCTION committees_entry_by_another();
ALTER TABLE committees_entry ENABLE ALWAYS TRIGGER committees_entry_by_another;
ALTER TABLE committees_entry ADD CONSTRAINT entry_is_a_digest CHECK (octet_length(digest) = 32);
"""
ENTRY_FREE = """
ALTER TABLE committees_entry DROP CONSTRAINT entry_is_a_digest;
DROP TRIGGER committees_entry_by_another ON committees_entry;
DROP FUNCTION committees_entry_by_another();
"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0011_one_ballot_for_one_vote")]

    operations = [
        migrations.RunSQL(PROXY, PROXY_FREE),
        migrations.RunSQL(SHEET, SHEET_FREE),
        migrations.RunSQL(ENTRY, ENTRY_FREE),
        SameNeighborhood(
            "committees_proxy",
            meeting_id="committees_meeting",
            head_id="committees_head",
            holder_id="residents_resident",
        ),
        SameNeighborhood(
            "committees_sheet",
            meeting_id="committees_meeting",
            head_id="committees_head",
            proxy_id="committees_proxy",
        ),
        SameNeighborhood("committees_entry", sheet_id="committees_sheet"),
        AppendOnly("committees_sheet", erasable=True),
        AppendOnly("committees_entry", erasable=True),
    ]
