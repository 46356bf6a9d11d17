"""A ballot on paper is given out by one person and taken in by another; and whoever owns what is voted for, or votes for it, is no
help in counting it with any account of theirs (obligation 45)."""

from django.db import migrations

# As in 0012, but for whose accounts are theirs.
CONCERNED = """
CREATE OR REPLACE FUNCTION committees_concerned(account uuid, head uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_resident r WHERE r.user_id THEIRS AND (
        EXISTS (SELECT FROM public.committees_headowner w WHERE w.head_id = $2 AND w.resident_id = r.id)
        OR EXISTS (SELECT FROM public.committees_proxy p WHERE p.head_id = $2 AND p.holder_id = r.id)))
$$;
"""
ONE_ACCOUNT, EACH_ACCOUNT = "= $1", "IN (SELECT public.residents_accounts_of($1))"

# As in 0012, but for whose accounts the holder's are.
PROXY = """
CREATE OR REPLACE FUNCTION committees_proxy_by_two() RETURNS trigger
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
                WHERE r.id = NEW.holder_id AND (r.user_id THEIRS OR r.erased_at IS NOT NULL)) THEN
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
"""
ITS_ENTERER, AS_ANY = "= NEW.entered_by_id", "IN (SELECT public.residents_accounts_of(NEW.entered_by_id))"

# As in 0012, and then: whoever gave it out does not take it in.
TAKEN_IN = """
CREATE OR REPLACE FUNCTION committees_turnout_of_a_sheet() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.committees_sheet s
            WHERE s.id = NEW.sheet_id AND s.head_id = NEW.head_id AND s.meeting_id = NEW.meeting_id)
        OR NOT public.committees_counts_votes(NEW.by_id, NEW.neighborhood_id)
        OR public.committees_concerned(NEW.by_id, NEW.head_id) THEN
        RAISE EXCEPTION 'staff take in the very sheet that was given out for this vote' USING ERRCODE = 'LM189';
    END IF;
    SECOND
    RETURN NEW;
END
$$;
"""
BY_ANOTHER = """IF EXISTS (SELECT FROM public.committees_sheet s WHERE s.id = NEW.sheet_id
            AND public.residents_one_person(s.given_by_id, NEW.by_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'whoever gave a ballot out does not take it in' USING ERRCODE = 'LM215';
    END IF;"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0024_a_body_says_how_long_people_wait")]

    operations = [
        migrations.RunSQL(
            CONCERNED.replace("THEIRS", EACH_ACCOUNT), CONCERNED.replace("THEIRS", ONE_ACCOUNT)
        ),
        migrations.RunSQL(PROXY.replace("THEIRS", AS_ANY), PROXY.replace("THEIRS", ITS_ENTERER)),
        migrations.RunSQL(TAKEN_IN.replace("SECOND", BY_ANOTHER), TAKEN_IN.replace("SECOND", "")),
    ]
