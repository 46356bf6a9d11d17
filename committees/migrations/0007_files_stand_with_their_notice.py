"""Files stand with their notice (obligation 31): added to a draft by its own body, in its hash from the moment of publication on,
and gone when its time is over. A document belongs to a meeting of its own body."""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

# What is published may go somewhat earlier than the rules of retention say, whose clock may be ahead of this one.
PERIODS = """
CREATE FUNCTION committees_notice_is_over(notice public.committees_notice) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT notice.published_at IS NULL OR notice.published_at <= clock_timestamp() - interval '1820 days'
        OR notice.taken_down_at IS NOT NULL AND notice.taken_down_at <= clock_timestamp() - interval '360 days'
$$;
"""
NO_PERIODS = "DROP FUNCTION committees_notice_is_over(public.committees_notice);"

WITH_NOTICE = """
CREATE FUNCTION committees_noticefile_with_its_notice() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    notice public.committees_notice%ROWTYPE;
BEGIN
    -- Shared, against whoever publishes at this moment: they wait for the file, or it comes too late.
    SELECT * INTO notice FROM public.committees_notice WHERE id = COALESCE(NEW.notice_id, OLD.notice_id) FOR SHARE;
    IF TG_OP = 'DELETE' THEN
        IF NOT public.committees_notice_is_over(notice) THEN
            RAISE EXCEPTION 'a file stands as long as its notice' USING ERRCODE = 'LM105';
        END IF;
        RETURN OLD;
    END IF;
    IF notice.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'files come while a notice is a draft' USING ERRCODE = 'LM105',
            HINT = 'Publish another that puts it right.';
    END IF;
    IF NOT public.committees_speaks_for(NEW.added_by_id, notice.committee_id) THEN
        RAISE EXCEPTION 'only its own members speak for a body' USING ERRCODE = 'LM107';
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_noticefile_with_its_notice BEFORE INSERT OR DELETE ON committees_noticefile
    FOR EACH ROW EXECUTE FUNCTION committees_noticefile_with_its_notice();
ALTER TABLE committees_noticefile ENABLE ALWAYS TRIGGER committees_noticefile_with_its_notice;
"""
WITHOUT_NOTICE = """
DROP TRIGGER committees_noticefile_with_its_notice ON committees_noticefile;
DROP FUNCTION committees_noticefile_with_its_notice();
"""

CONTENT = r"""
ALTER TABLE committees_noticefile ADD CONSTRAINT noticefile_hash_is_of_its_content CHECK (hash = sha256(content));
ALTER TABLE committees_noticefile ADD CONSTRAINT noticefile_not_too_large
    CHECK (octet_length(content) BETWEEN 1 AND 12582912);
ALTER TABLE committees_noticefile ADD CONSTRAINT noticefile_is_what_it_says
    CHECK (format = 'pdf' AND substring(content FROM 1 FOR 5) = '\x255044462d'::bytea
        OR format = 'picture' AND substring(content FROM 1 FOR 3) = '\xffd8ff'::bytea);
ALTER TABLE committees_noticefile ALTER COLUMN content SET STORAGE EXTERNAL;
"""
NO_CONTENT = """
ALTER TABLE committees_noticefile DROP CONSTRAINT noticefile_is_what_it_says;
ALTER TABLE committees_noticefile DROP CONSTRAINT noticefile_not_too_large;
ALTER TABLE committees_noticefile DROP CONSTRAINT noticefile_hash_is_of_its_content;
"""

HASHED = """
CREATE FUNCTION committees_notice_hash(notice public.committees_notice) RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(jsonb_build_object(
        'notice', to_jsonb(notice) - ARRAY['hash', 'published_at', 'published_by_id', 'taken_down_at',
            'taken_down_by_id', 'written_at', 'written_by_id', 'corrects_id', 'meeting_id', 'meets_at']
            || jsonb_build_object('meets_at', extract(epoch FROM notice.meets_at)),
        'files', (SELECT jsonb_agg(jsonb_build_array(f.number, f.format, f.title, f.title_en, f.shows, f.shows_en,
            encode(f.hash, 'hex')) ORDER BY f.number) FROM public.committees_noticefile f WHERE f.notice_id = notice.id)
        )::text, 'UTF8'))
$$;

-- What was published before has no files; its words stand already.
ALTER TABLE committees_notice DISABLE TRIGGER committees_notice_stays;
UPDATE committees_notice n SET hash = committees_notice_hash(n) WHERE published_at IS NOT NULL;
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_stays;
ALTER TABLE committees_notice ADD CONSTRAINT a_published_notice_has_its_hash
    CHECK ((published_at IS NULL) = (hash IS NULL));

CREATE FUNCTION committees_notice_hashed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.published_at IS NULL THEN
        NEW.hash := NULL;
    ELSIF TG_OP = 'INSERT' OR OLD.published_at IS NULL THEN
        NEW.hash := public.committees_notice_hash(NEW);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_hashed BEFORE INSERT OR UPDATE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_hashed();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_hashed;
"""
NOT_HASHED = """
DROP TRIGGER committees_notice_hashed ON committees_notice;
DROP FUNCTION committees_notice_hashed();
ALTER TABLE committees_notice DROP CONSTRAINT a_published_notice_has_its_hash;
DROP FUNCTION committees_notice_hash(public.committees_notice);
"""

MEETING = """
CREATE FUNCTION committees_notice_of_a_meeting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.meeting_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id)
        AND NOT EXISTS (SELECT FROM public.committees_notice n WHERE n.id = NEW.meeting_id AND n.kind = 'meeting'
            AND n.committee_id = NEW.committee_id AND n.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a document belongs to a published meeting of its own body' USING ERRCODE = 'LM106';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_of_a_meeting BEFORE INSERT OR UPDATE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_of_a_meeting();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_of_a_meeting;
"""
NO_MEETING = """
DROP TRIGGER committees_notice_of_a_meeting ON committees_notice;
DROP FUNCTION committees_notice_of_a_meeting();
"""

STAYS = """
CREATE OR REPLACE FUNCTION committees_notice_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free text[] := ARRAY['taken_down_at', 'taken_down_by_id', 'corrects_id', 'meeting_id'];
    pair record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT public.committees_notice_is_over(OLD) THEN
            RAISE EXCEPTION 'what was published is kept' USING ERRCODE = 'LM088';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.published_at IS NULL THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.taken_down_at IS NOT NULL
        AND (NEW.taken_down_at, NEW.taken_down_by_id) IS DISTINCT FROM (OLD.taken_down_at, OLD.taken_down_by_id) THEN
        RAISE EXCEPTION 'what was published stands' USING ERRCODE = 'LM088', HINT = 'Publish another that puts it right.';
    END IF;
    -- What it puts right, or the meeting, may go before it does, when its own time is over.
    FOR pair IN SELECT * FROM (VALUES (OLD.corrects_id, NEW.corrects_id), (OLD.meeting_id, NEW.meeting_id)) p (was, now)
    LOOP
        IF pair.now IS DISTINCT FROM pair.was AND (pair.now IS NOT NULL OR EXISTS (SELECT FROM public.committees_notice n
            WHERE n.id = pair.was AND NOT public.committees_notice_is_over(n))) THEN
            RAISE EXCEPTION 'what was published stands' USING ERRCODE = 'LM088';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
"""
STAYED = """
CREATE OR REPLACE FUNCTION committees_notice_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due timestamptz := clock_timestamp() - interval '1820 days';
    down timestamptz := clock_timestamp() - interval '360 days';
    free text[] := ARRAY['taken_down_at', 'taken_down_by_id', 'corrects_id'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.published_at > due AND (OLD.taken_down_at IS NULL OR OLD.taken_down_at > down) THEN
            RAISE EXCEPTION 'what was published is kept' USING ERRCODE = 'LM088';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.published_at IS NULL THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.taken_down_at IS NOT NULL
        AND (NEW.taken_down_at, NEW.taken_down_by_id) IS DISTINCT FROM (OLD.taken_down_at, OLD.taken_down_by_id) THEN
        RAISE EXCEPTION 'what was published stands' USING ERRCODE = 'LM088', HINT = 'Publish another that puts it right.';
    END IF;
    IF NEW.corrects_id IS DISTINCT FROM OLD.corrects_id AND (NEW.corrects_id IS NOT NULL
        OR EXISTS (SELECT FROM public.committees_notice n WHERE n.id = OLD.corrects_id AND n.published_at > due
            AND (n.taken_down_at IS NULL OR n.taken_down_at > down))) THEN
        RAISE EXCEPTION 'what was published stands' USING ERRCODE = 'LM088';
    END IF;
    RETURN NEW;
END
$$;
"""

# The same shapes as in committees/wording.py; SAID is all that people read.
NAMES_NOBODY = r"""
CREATE OR REPLACE FUNCTION committees_notice_names_nobody() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := normalize(concat_ws(E'\n', NEW.title, NEW.text, NEW.title_en, NEW.text_en, NEW.place OF_FILES), NFKC);
    own text[];
    number text;
BEGIN
    IF said ~ '(?<![0-9])[1-9][0-9]{5}[ -]?(?:19|20)[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{3}[0-9Xx](?![0-9])' THEN
        RAISE EXCEPTION 'a notice holds no identity number' USING ERRCODE = 'LM089';
    END IF;
    SELECT array_agg(public.committees_digits(p)) INTO own FROM (
        SELECT unnest(ARRAY[c.phone, c.night_phone]) FROM public.committees_committee c
            WHERE c.neighborhood_id = NEW.neighborhood_id
        UNION SELECT n.guard_phone FROM public.residents_neighborhood n WHERE n.id = NEW.neighborhood_id) numbers (p)
        WHERE p <> '';
    FOR number IN SELECT public.committees_digits(m.shape[1]) FROM regexp_matches(said,
        '(?<![0-9])((?:\+?86[ -]?)?(?:1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}'
        '|0[1-9][0-9]{1,2}[ -]?[2-8][0-9]{2,3}[ -]?[0-9]{4}'
        '|(?!20|19)[2-8][0-9]{3}[ -]?[0-9]{4}))(?![0-9])', 'g') m (shape) LOOP
        IF NOT EXISTS (SELECT FROM unnest(own) o WHERE number IN (o, right(o, 8))) THEN
            RAISE EXCEPTION 'a notice holds no telephone number but an office''s' USING ERRCODE = 'LM089';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
"""
OF_FILES = r""", (SELECT string_agg(concat_ws(E'\n', f.title, f.title_en, f.shows, f.shows_en), E'\n')
        FROM public.committees_noticefile f WHERE f.notice_id = NEW.id)"""


class Migration(migrations.Migration):
    dependencies = [("committees", "0006_files_with_notices")]

    operations = [
        migrations.RunSQL(PERIODS, NO_PERIODS),
        migrations.RunSQL(WITH_NOTICE, WITHOUT_NOTICE),
        migrations.RunSQL(CONTENT, NO_CONTENT),
        migrations.RunSQL(HASHED, NOT_HASHED),
        migrations.RunSQL(MEETING, NO_MEETING),
        migrations.RunSQL(STAYS, STAYED),
        migrations.RunSQL(NAMES_NOBODY.replace(" OF_FILES", OF_FILES), NAMES_NOBODY.replace(" OF_FILES", "")),
        SameNeighborhood("committees_noticefile", notice_id="committees_notice"),
        AppendOnly("committees_noticefile", erasable=True),
    ]
