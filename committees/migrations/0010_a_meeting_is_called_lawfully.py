"""Calling the owners to a vote, where nobody can get round it (obligations 43 and 44).

Notice is given by somebody in office in the very owners' committee, as many days before the first day of voting as the kind of
meeting asks, on the neighborhood's own calendar and by the database's clock. With it the questions stand, and the roll: every
dwelling with its area, its owners together one head, and whoever owns several one head with all their area. The roll is
written here, from the register, and by nobody else.
"""

from django.db import migrations

from ledger.append_only import if_role_exists
from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood

# The same is data in `committees/models/meetings.py` and `committees/roles.py`; tests compare the two.
DATA = """
CREATE FUNCTION committees_notice_days(kind text) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT CASE kind WHEN 'regular' THEN 15 ELSE 7 END $$;

CREATE FUNCTION committees_calls_meetings(account uuid, body uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = $1 AND c.id = $2 AND c.kind = 'owners' AND t.role IN ('chair', 'clerk')
        AND t.starts <= public.residents_today(c.neighborhood_id) AND t.ends > public.residents_today(c.neighborhood_id))
$$;

CREATE FUNCTION committees_counts_votes(account uuid, neighborhood uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.committees_committee c ON c.id = t.committee_id
        WHERE t.user_id = $1 AND c.neighborhood_id = $2 AND c.kind IN ('owners', 'residents') AND t.role IN ('chair', 'clerk')
        AND t.starts <= public.residents_today($2) AND t.ends > public.residents_today($2))
$$;
"""
NO_DATA = """
DROP FUNCTION committees_counts_votes(uuid, uuid);
DROP FUNCTION committees_calls_meetings(uuid, uuid);
DROP FUNCTION committees_notice_days(text);
"""

MEETING = """
CREATE FUNCTION committees_meeting_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.noticed_at IS NOT NULL THEN
            RAISE EXCEPTION 'that the owners were called stays on record' USING ERRCODE = 'LM183';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.noticed_at IS NOT NULL OR NEW.called_off_at IS NOT NULL
            OR NOT public.committees_calls_meetings(NEW.drafted_by_id, NEW.committee_id) THEN
            RAISE EXCEPTION 'a meeting begins as a draft of its owners'' committee' USING ERRCODE = 'LM183';
        END IF;
        NEW.drafted_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.called_off_at IS NOT NULL OR (NEW.drafted_by_id, NEW.drafted_at, NEW.key, NEW.committee_id)
        IS DISTINCT FROM (OLD.drafted_by_id, OLD.drafted_at, OLD.key, OLD.committee_id) THEN
        RAISE EXCEPTION 'this of a meeting does not change' USING ERRCODE = 'LM183';
    END IF;
    IF OLD.noticed_at IS NULL THEN
        IF NEW.called_off_at IS NOT NULL THEN
            RAISE EXCEPTION 'a draft is deleted, not called off' USING ERRCODE = 'LM183';
        END IF;
        RETURN NEW;  -- what is noticed is looked at below
    END IF;
    IF to_jsonb(NEW) - 'called_off_by_id' - 'called_off_at' <> to_jsonb(OLD) - 'called_off_by_id' - 'called_off_at' THEN
        RAISE EXCEPTION 'after the notice nothing of a meeting changes' USING ERRCODE = 'LM183';
    END IF;
    IF NEW.called_off_at IS NOT NULL THEN
        IF NOT public.committees_calls_meetings(NEW.called_off_by_id, NEW.committee_id)
            OR EXISTS (SELECT FROM public.committees_result r WHERE r.meeting_id = NEW.id) THEN
            RAISE EXCEPTION 'its own committee calls it off, before it is counted' USING ERRCODE = 'LM183';
        END IF;
        NEW.called_off_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_meeting_lawful BEFORE INSERT OR UPDATE OR DELETE ON committees_meeting
    FOR EACH ROW EXECUTE FUNCTION committees_meeting_lawful();
ALTER TABLE committees_meeting ENABLE ALWAYS TRIGGER committees_meeting_lawful;

-- As the owner of the tables: nobody else may write a roll.
CREATE FUNCTION committees_meeting_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := public.residents_today(NEW.neighborhood_id);
    fewest integer;
BEGIN
    IF NOT public.committees_calls_meetings(NEW.noticed_by_id, NEW.committee_id) THEN
        RAISE EXCEPTION 'somebody in office in that very committee gives notice' USING ERRCODE = 'LM183';
    END IF;
    IF to_jsonb(NEW) - ARRAY['noticed_by_id', 'noticed_at', 'roll_heads', 'roll_area']
        <> to_jsonb(OLD) - ARRAY['noticed_by_id', 'noticed_at', 'roll_heads', 'roll_area'] THEN
        RAISE EXCEPTION 'notice is given of what was drafted' USING ERRCODE = 'LM183';
    END IF;
    IF NEW.opens_on - today < public.committees_notice_days(NEW.kind) THEN
        RAISE EXCEPTION 'notice is given % days before the first day of voting, or sooner',
            public.committees_notice_days(NEW.kind) USING ERRCODE = 'LM183';
    END IF;
    IF NEW.closes_on - NEW.opens_on + 1 NOT BETWEEN 5 AND 60 THEN
        RAISE EXCEPTION 'a vote is open for 5 to 60 days' USING ERRCODE = 'LM183';
    END IF;
    IF NOT EXISTS (SELECT FROM public.committees_topic t WHERE t.meeting_id = NEW.id) THEN
        RAISE EXCEPTION 'a meeting has a question' USING ERRCODE = 'LM183';
    END IF;
    IF EXISTS (SELECT FROM public.residents_unit u WHERE u.neighborhood_id = NEW.neighborhood_id AND u.area IS NULL) THEN
        RAISE EXCEPTION 'the area of every dwelling is known before votes are weighed by it' USING ERRCODE = 'LM183';
    END IF;

    -- Who owns a dwelling together is one head, with every dwelling that the same people own together.
    CREATE TEMPORARY TABLE pg_temp.committees_owned ON COMMIT DROP AS
    SELECT u.id AS unit, (u.area * 10000)::bigint AS area, w.who,
        md5(NEW.id::text || COALESCE(array_to_string(w.who, ','), u.id::text))::uuid AS head
    FROM public.residents_unit u LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT o.resident_id ORDER BY o.resident_id) AS who FROM public.residents_ownership o
        WHERE o.unit_id = u.id AND o.since <= today AND (o.until IS NULL OR o.until > today)) w ON true
    WHERE u.neighborhood_id = NEW.neighborhood_id;
    INSERT INTO public.committees_head (id, neighborhood_id, meeting_id, area)
        SELECT o.head, NEW.neighborhood_id, NEW.id, sum(o.area) FROM pg_temp.committees_owned o GROUP BY o.head;
    INSERT INTO public.committees_headunit (id, neighborhood_id, head_id, unit_id, area)
        SELECT gen_random_uuid(), NEW.neighborhood_id, o.head, o.unit, o.area FROM pg_temp.committees_owned o;
    INSERT INTO public.committees_headowner (id, neighborhood_id, head_id, resident_id)
        SELECT DISTINCT ON (o.head, x.owner) gen_random_uuid(), NEW.neighborhood_id, o.head, x.owner
        FROM pg_temp.committees_owned o, unnest(o.who) x(owner);
    DROP TABLE pg_temp.committees_owned;

    SELECT count(*), sum(h.area) INTO NEW.roll_heads, NEW.roll_area
        FROM public.committees_head h WHERE h.meeting_id = NEW.id;
    IF NOT EXISTS (SELECT FROM public.committees_headowner w JOIN public.committees_head h ON h.id = w.head_id
        WHERE h.meeting_id = NEW.id) THEN
        RAISE EXCEPTION 'somebody on the register owns something here' USING ERRCODE = 'LM183';
    END IF;
    SELECT n.fewest_counted INTO fewest FROM public.residents_neighborhood n WHERE n.id = NEW.neighborhood_id;
    IF NEW.roll_heads < fewest AND EXISTS (
        SELECT FROM public.committees_topic t WHERE t.meeting_id = NEW.id AND t.secret) THEN
        RAISE EXCEPTION 'among so few no vote is secret' USING ERRCODE = 'LM183';
    END IF;
    NEW.noticed_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_meeting_notice BEFORE UPDATE ON committees_meeting
    FOR EACH ROW WHEN (OLD.noticed_at IS NULL AND NEW.noticed_at IS NOT NULL)
    EXECUTE FUNCTION committees_meeting_notice();
ALTER TABLE committees_meeting ENABLE ALWAYS TRIGGER committees_meeting_notice;
"""
MEETING_FREE = """
DROP TRIGGER committees_meeting_notice ON committees_meeting;
DROP FUNCTION committees_meeting_notice();
DROP TRIGGER committees_meeting_lawful ON committees_meeting;
DROP FUNCTION committees_meeting_lawful();
"""

TOPIC = """
CREATE FUNCTION committees_topic_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Until this commits no notice is given.
    IF EXISTS (SELECT FROM (SELECT m.noticed_at FROM public.committees_meeting m
        WHERE m.id IN (NEW.meeting_id, OLD.meeting_id) FOR SHARE) known WHERE known.noticed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'only what stands in the notice is voted on' USING ERRCODE = 'LM184';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$;
CREATE TRIGGER committees_topic_fixed BEFORE INSERT OR UPDATE OR DELETE ON committees_topic
    FOR EACH ROW EXECUTE FUNCTION committees_topic_fixed();
ALTER TABLE committees_topic ENABLE ALWAYS TRIGGER committees_topic_fixed;
"""
TOPIC_FREE = """
DROP TRIGGER committees_topic_fixed ON committees_topic;
DROP FUNCTION committees_topic_fixed();
"""

ROLL = """
CREATE FUNCTION committees_roll_stands() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_meeting uuid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'the roll is that of the notice' USING ERRCODE = 'LM185';
    END IF;
    IF TG_TABLE_NAME = 'committees_head' THEN
        of_meeting := NEW.meeting_id;
    ELSE
        SELECT h.meeting_id INTO of_meeting FROM public.committees_head h WHERE h.id = NEW.head_id;
    END IF;
    IF NOT EXISTS (SELECT FROM public.committees_meeting m WHERE m.id = of_meeting AND m.noticed_at IS NULL) THEN
        RAISE EXCEPTION 'the roll is written with the notice' USING ERRCODE = 'LM185';
    END IF;
    RETURN NEW;
END
$$;
"""
ROLL_FREE = "DROP FUNCTION committees_roll_stands();"


def of_roll(table: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER {table}_of_the_roll BEFORE INSERT OR UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION committees_roll_stands();"
        f" ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_of_the_roll; "
        + if_role_exists(f"REVOKE INSERT, UPDATE, TRUNCATE ON {table} FROM linmen_app"),
        f"DROP TRIGGER {table}_of_the_roll ON {table}; "
        + if_role_exists(f"GRANT INSERT, UPDATE ON {table} TO linmen_app"),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0009_meetings_and_votes"),
        ("residents", "0041_rights_to_call_and_to_count"),
    ]

    operations = [
        migrations.RunSQL(DATA, NO_DATA),
        migrations.RunSQL(MEETING, MEETING_FREE),
        migrations.RunSQL(TOPIC, TOPIC_FREE),
        migrations.RunSQL(ROLL, ROLL_FREE),
        *(
            migrations.RunSQL(*of_roll(table))
            for table in ("committees_head", "committees_headunit", "committees_headowner")
        ),
        NeverInPractice("committees_meeting"),
        SameNeighborhood("committees_meeting", committee_id="committees_committee"),
        SameNeighborhood("committees_topic", meeting_id="committees_meeting"),
        SameNeighborhood("committees_head", meeting_id="committees_meeting"),
        SameNeighborhood("committees_headunit", head_id="committees_head", unit_id="residents_unit"),
        SameNeighborhood("committees_headowner", head_id="committees_head", resident_id="residents_resident"),
    ]
