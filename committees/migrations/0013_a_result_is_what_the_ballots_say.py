"""Counting, where nobody can get round it (obligation 43): after the last day, once, with every sheet read by two; and what a
result says is what the ballots say, in whole square centimetres and heads, by the thresholds of the law."""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

# The same is data in `committees/models/meetings.py`, and once more in `committees/recount.py`; tests compare them.
PASSES = """
CREATE FUNCTION committees_passes(
    item smallint, roll_heads bigint, roll_area bigint, heads bigint, area bigint, yes_heads bigint, yes_area bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $4 > 0 AND $5 > 0 AND 3 * $4::numeric >= 2 * $2::numeric AND 3 * $5::numeric >= 2 * $3::numeric
        AND CASE WHEN $1 IN (6, 7, 8) THEN 4 * $6::numeric >= 3 * $4::numeric AND 4 * $7::numeric >= 3 * $5::numeric
            ELSE 2 * $6::numeric > $4::numeric AND 2 * $7::numeric > $5::numeric END
$$;
"""
NO_PASSES = "DROP FUNCTION committees_passes(smallint, bigint, bigint, bigint, bigint, bigint, bigint);"

RESULT = """
CREATE FUNCTION committees_result_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    meeting public.committees_meeting%ROWTYPE;
    today date;
BEGIN
    -- Whoever is just handing in a vote is waited for, and comes too late from then on.
    SELECT * INTO meeting FROM public.committees_meeting m WHERE m.id = NEW.meeting_id FOR UPDATE;
    today := public.residents_today(meeting.neighborhood_id);
    IF meeting.noticed_at IS NULL OR meeting.called_off_at IS NOT NULL OR today <= meeting.closes_on
        OR NOT public.committees_counts_votes(NEW.counted_by_id, NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a vote is counted after its last day, by somebody in office' USING ERRCODE = 'LM191';
    END IF;
    IF EXISTS (SELECT FROM public.committees_turnout t WHERE t.meeting_id = NEW.meeting_id AND t.channel = 'paper'
        AND public.committees_sheet_settled_at(t.sheet_id) IS NULL) THEN
        RAISE EXCEPTION 'every sheet is read by two before it is counted' USING ERRCODE = 'LM191';
    END IF;
    IF NEW.posted_until < today + 7 THEN
        RAISE EXCEPTION 'a result is posted for a week at least' USING ERRCODE = 'LM191';
    END IF;
    NEW.counted_at := clock_timestamp();
    NEW.hash := sha256(convert_to(NEW.published, 'UTF8'));
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_result_lawful BEFORE INSERT ON committees_result
    FOR EACH ROW EXECUTE FUNCTION committees_result_lawful();
ALTER TABLE committees_result ENABLE ALWAYS TRIGGER committees_result_lawful;

CREATE FUNCTION committees_result_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.committees_topic t WHERE t.meeting_id = NEW.meeting_id
        AND NOT EXISTS (SELECT FROM public.committees_outcome o WHERE o.topic_id = t.id AND o.result_id = NEW.id)) THEN
        RAISE EXCEPTION 'a result says what came of every question' USING ERRCODE = 'LM191';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER committees_result_whole AFTER INSERT ON committees_result
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION committees_result_whole();
ALTER TABLE committees_result ENABLE ALWAYS TRIGGER committees_result_whole;
"""
RESULT_FREE = """
DROP TRIGGER committees_result_whole ON committees_result;
DROP FUNCTION committees_result_whole();
DROP TRIGGER committees_result_lawful ON committees_result;
DROP FUNCTION committees_result_lawful();
"""

OUTCOME = """
CREATE FUNCTION committees_outcome_exact() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    topic public.committees_topic%ROWTYPE;
    meeting public.committees_meeting%ROWTYPE;
    told record;
BEGIN
    SELECT * INTO topic FROM public.committees_topic t WHERE t.id = NEW.topic_id;
    SELECT m.* INTO meeting FROM public.committees_meeting m
        JOIN public.committees_result r ON r.meeting_id = m.id WHERE r.id = NEW.result_id;
    SELECT count(*) AS heads, COALESCE(sum(h.area), 0) AS area, count(*) FILTER (WHERE b.choice = 'yes') AS yes_heads,
        COALESCE(sum(h.area) FILTER (WHERE b.choice = 'yes'), 0) AS yes_area INTO told
        FROM public.committees_ballot b JOIN public.committees_head h ON h.id = b.head_id WHERE b.topic_id = NEW.topic_id;
    IF topic.meeting_id IS DISTINCT FROM meeting.id OR (NEW.heads, NEW.area) IS DISTINCT FROM (told.heads, told.area)
        OR NOT topic.secret AND (NEW.yes_heads, NEW.yes_area) IS DISTINCT FROM (told.yes_heads, told.yes_area)
        OR NEW.yes_heads > NEW.heads OR NEW.yes_area > NEW.area
        OR NEW.passed IS DISTINCT FROM public.committees_passes(topic.item, meeting.roll_heads, meeting.roll_area,
            NEW.heads, NEW.area, NEW.yes_heads, NEW.yes_area) THEN
        RAISE EXCEPTION 'a result is what the ballots say' USING ERRCODE = 'LM191';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_outcome_exact BEFORE INSERT ON committees_outcome
    FOR EACH ROW EXECUTE FUNCTION committees_outcome_exact();
ALTER TABLE committees_outcome ENABLE ALWAYS TRIGGER committees_outcome_exact;
"""
OUTCOME_FREE = """
DROP TRIGGER committees_outcome_exact ON committees_outcome;
DROP FUNCTION committees_outcome_exact();
"""

# An owner may go to court over a decision for a year (Civil Code 280); then the roll and what was handed in can go, and the
# published result stays.
KEPT = """
CREATE FUNCTION committees_votes_are_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_meeting uuid;
BEGIN
    IF TG_ARGV[0] = 'meeting_id' THEN
        of_meeting := (to_jsonb(OLD) ->> 'meeting_id')::uuid;
    ELSE
        SELECT h.meeting_id INTO of_meeting FROM public.committees_head h
            WHERE h.id = (to_jsonb(OLD) ->> 'head_id')::uuid;
    END IF;
    IF EXISTS (SELECT FROM public.committees_meeting m WHERE m.id = of_meeting AND m.called_off_at IS NULL
        AND NOT EXISTS (SELECT FROM public.committees_result r
            WHERE r.meeting_id = m.id AND r.counted_at <= clock_timestamp() - interval '365 days')) THEN
        RAISE EXCEPTION 'the roll and what was handed in are kept for a year after the count' USING ERRCODE = 'LM185';
    END IF;
    RETURN OLD;
END
$$;
"""
KEPT_FREE = "DROP FUNCTION committees_votes_are_kept();"


def kept(table: str, column: str) -> tuple[str, str]:
    made = (
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION committees_votes_are_kept('{column}');"
        f" ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_kept"
    )
    return made, f"DROP TRIGGER {table}_is_kept ON {table}"


class Migration(migrations.Migration):
    dependencies = [("committees", "0012_paper_is_read_by_two")]

    operations = [
        migrations.RunSQL(PASSES, NO_PASSES),
        migrations.RunSQL(RESULT, RESULT_FREE),
        migrations.RunSQL(OUTCOME, OUTCOME_FREE),
        migrations.RunSQL(KEPT, KEPT_FREE),
        *(
            migrations.RunSQL(*kept(f"committees_{name}", column))
            for name, column in (
                ("head", "meeting_id"),
                ("turnout", "meeting_id"),
                ("sheet", "meeting_id"),
                ("headunit", "head_id"),
                ("headowner", "head_id"),
                ("naming", "head_id"),
                ("ballot", "head_id"),
            )
        ),
        SameNeighborhood("committees_result", meeting_id="committees_meeting"),
        SameNeighborhood("committees_outcome", result_id="committees_result"),
        AppendOnly("committees_result"),
        AppendOnly("committees_outcome"),
    ]
