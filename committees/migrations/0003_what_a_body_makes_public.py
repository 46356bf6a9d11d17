"""What a body makes public, and no more (obligation 31): how it is reached, who is in office, and its notices.

A name is shown with the law's word or its owner's, and only while the term lasts. A notice is its body's alone, stands once it
is published, and holds nobody's number.
"""

import uuid

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

SHORTER = """
CREATE OR REPLACE FUNCTION committees_term_only_gets_shorter() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM public.committees_committee c
            WHERE c.id = NEW.committee_id AND c.neighborhood_id = NEW.neighborhood_id) THEN
            RAISE EXCEPTION 'a term is held where its committee is' USING ERRCODE = 'LM006';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT timezone(time_zone, clock_timestamp())::date INTO today
            FROM public.residents_neighborhood WHERE id = OLD.neighborhood_id;
        IF OLD.starts < today THEN
            RAISE EXCEPTION 'a term that was held is kept' USING ERRCODE = 'LM006';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.ends > OLD.ends OR to_jsonb(NEW) - FREE <> to_jsonb(OLD) - FREE THEN
        RAISE EXCEPTION 'a term can only get shorter' USING ERRCODE = 'LM006', HINT = 'Appoint for a further term.';
    END IF;
    RETURN NEW;
END
$$;
"""
# Its name is another trigger's, below.
WITH_NAME = SHORTER.replace("FREE", "ARRAY['ends', 'public_name', 'name_agreed']")
WITHOUT_NAME = SHORTER.replace("FREE", "'ends'")

NAME = """
CREATE FUNCTION committees_term_name_is_public() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.public_name = '' OR TG_OP = 'UPDATE'
        AND (NEW.public_name, NEW.name_agreed) = (OLD.public_name, OLD.name_agreed) THEN
        RETURN NEW;
    END IF;
    IF NEW.ends <= public.residents_today(NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'who is in office no more is named no more' USING ERRCODE = 'LM087';
    END IF;
    IF NOT NEW.name_agreed AND NOT EXISTS (SELECT FROM public.committees_committee c
        WHERE c.id = NEW.committee_id AND c.kind = 'owners') THEN
        RAISE EXCEPTION 'only the owners'' committee is named without a yes of its own' USING ERRCODE = 'LM087';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_term_name_is_public BEFORE INSERT OR UPDATE ON committees_term
    FOR EACH ROW EXECUTE FUNCTION committees_term_name_is_public();
ALTER TABLE committees_term ENABLE ALWAYS TRIGGER committees_term_name_is_public;
"""
NO_NAME = """
DROP TRIGGER committees_term_name_is_public ON committees_term;
DROP FUNCTION committees_term_name_is_public();
"""

ITS_BODYS = """
CREATE FUNCTION committees_speaks_for(account uuid, committee uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        WHERE t.user_id = $1 AND t.committee_id = $2 AND t.role IN (''chair'', ''clerk'') AND u.is_active
        AND t.starts <= public.residents_today(t.neighborhood_id) AND t.ends > public.residents_today(t.neighborhood_id))';

CREATE FUNCTION committees_notice_is_its_bodys() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.published_at, NEW.taken_down_at) > 0 THEN
            RAISE EXCEPTION 'a notice begins as a draft' USING ERRCODE = 'LM087';
        END IF;
        who := NEW.written_by_id;
    ELSIF (NEW.committee_id, NEW.written_by_id, NEW.written_at)
        IS DISTINCT FROM (OLD.committee_id, OLD.written_by_id, OLD.written_at) THEN
        RAISE EXCEPTION 'a notice stays with its body' USING ERRCODE = 'LM087';
    ELSIF OLD.published_at IS NULL AND NEW.published_at IS NOT NULL THEN
        who := NEW.published_by_id;
        -- The database's own clock: nothing was said earlier than it was.
        NEW.published_at := clock_timestamp();
    ELSIF OLD.taken_down_at IS NULL AND NEW.taken_down_at IS NOT NULL THEN
        who := NEW.taken_down_by_id;
        NEW.taken_down_at := clock_timestamp();
    END IF;
    IF who IS NOT NULL AND NOT public.committees_speaks_for(who, NEW.committee_id) THEN
        RAISE EXCEPTION 'only its own members speak for a body' USING ERRCODE = 'LM087';
    END IF;
    IF NEW.corrects_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.corrects_id IS DISTINCT FROM OLD.corrects_id)
        AND NOT EXISTS (SELECT FROM public.committees_notice n
            WHERE n.id = NEW.corrects_id AND n.committee_id = NEW.committee_id AND n.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a body puts right what it has published itself' USING ERRCODE = 'LM087';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_is_its_bodys BEFORE INSERT OR UPDATE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_is_its_bodys();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_is_its_bodys;
"""
ANYBODYS = """
DROP TRIGGER committees_notice_is_its_bodys ON committees_notice;
DROP FUNCTION committees_notice_is_its_bodys();
DROP FUNCTION committees_speaks_for(uuid, uuid);
"""

# The same shapes as in committees/wording.py.
NAMES_NOBODY = r"""
CREATE FUNCTION committees_digits(number text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS 'SELECT CASE WHEN length(d) > 11 THEN regexp_replace(d, ''^86'', '''') ELSE d END
        FROM regexp_replace($1, ''[^0-9]'', '''', ''g'') d';

CREATE FUNCTION committees_notice_names_nobody() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := normalize(concat_ws(E'\n', NEW.title, NEW.text, NEW.title_en, NEW.text_en, NEW.place), NFKC);
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
CREATE TRIGGER committees_notice_names_nobody BEFORE UPDATE ON committees_notice
    FOR EACH ROW WHEN (OLD.published_at IS NULL AND NEW.published_at IS NOT NULL)
    EXECUTE FUNCTION committees_notice_names_nobody();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_names_nobody;
"""
NAMES_ANYBODY = """
DROP TRIGGER committees_notice_names_nobody ON committees_notice;
DROP FUNCTION committees_notice_names_nobody();
DROP FUNCTION committees_digits(text);
"""

STAYS = """
CREATE FUNCTION committees_notice_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Some days less than the rules of retention say, whose clock may be ahead of this one.
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
    -- What it puts right may go before it does, when its own time is over.
    IF NEW.corrects_id IS DISTINCT FROM OLD.corrects_id AND (NEW.corrects_id IS NOT NULL
        OR EXISTS (SELECT FROM public.committees_notice n WHERE n.id = OLD.corrects_id AND n.published_at > due
            AND (n.taken_down_at IS NULL OR n.taken_down_at > down))) THEN
        RAISE EXCEPTION 'what was published stands' USING ERRCODE = 'LM088';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_stays BEFORE UPDATE OR DELETE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_stays();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_stays;
"""
GOES = """
DROP TRIGGER committees_notice_stays ON committees_notice;
DROP FUNCTION committees_notice_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0002_terms_only_get_shorter"),
        ("residents", "0020_a_right_to_publish_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("notice", "notice"), ("meeting", "meeting"), ("document", "document")],
                        default="notice",
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("text", models.TextField(max_length=20000, verbose_name="text")),
                ("title_en", models.CharField(blank=True, max_length=200, verbose_name="title in English")),
                ("text_en", models.TextField(blank=True, max_length=40000, verbose_name="text in English")),
                (
                    "meets_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="when the meeting begins"),
                ),
                ("place", models.CharField(blank=True, max_length=120, verbose_name="where it meets")),
                ("pinned", models.BooleanField(default=False, verbose_name="on top of the list")),
                ("until", models.DateField(blank=True, null=True, verbose_name="counts until")),
                ("written_at", models.DateTimeField(editable=False)),
                ("published_at", models.DateTimeField(editable=False, null=True)),
                (
                    "taken_down_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="taken down at"),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
            },
        ),
        migrations.AddField(
            model_name="committee",
            name="hours",
            field=models.CharField(blank=True, max_length=120, verbose_name="when somebody is there"),
        ),
        migrations.AddField(
            model_name="committee",
            name="night_phone",
            field=models.CharField(
                blank=True,
                max_length=40,
                validators=[
                    django.core.validators.RegexValidator(
                        "^\\+?[0-9][0-9 -]{1,36}[0-9]$",
                        "Write a telephone number: digits, with spaces or dashes between them.",
                    )
                ],
                verbose_name="telephone outside these hours",
            ),
        ),
        migrations.AddField(
            model_name="committee",
            name="office",
            field=models.CharField(blank=True, max_length=120, verbose_name="where its office is"),
        ),
        migrations.AddField(
            model_name="committee",
            name="phone",
            field=models.CharField(
                blank=True,
                max_length=40,
                validators=[
                    django.core.validators.RegexValidator(
                        "^\\+?[0-9][0-9 -]{1,36}[0-9]$",
                        "Write a telephone number: digits, with spaces or dashes between them.",
                    )
                ],
                verbose_name="telephone of the office",
            ),
        ),
        migrations.AddField(
            model_name="term",
            name="name_agreed",
            field=models.BooleanField(default=False, verbose_name="has agreed in writing to be named"),
        ),
        migrations.AddField(
            model_name="term",
            name="public_name",
            field=models.CharField(blank=True, max_length=50, verbose_name="name that residents read"),
        ),
        migrations.AddConstraint(
            model_name="committee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("phone", ""), ("phone__regex", "^\\+?[0-9][0-9 -]{1,36}[0-9]$"), _connector="OR"
                    ),
                    models.Q(
                        ("night_phone", ""),
                        ("night_phone__regex", "^\\+?[0-9][0-9 -]{1,36}[0-9]$"),
                        _connector="OR",
                    ),
                ),
                name="a_body_is_rung_at_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(("public_name__regex", "[0-9@]"), _negated=True),
                name="public_name_is_a_name",
                violation_error_message="Only the name: no number, no address.",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="committee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="committees.committee",
                verbose_name="by which body",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="corrects",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="corrections",
                to="committees.notice",
                verbose_name="puts right",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="published_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="taken_down_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="written_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["neighborhood", "-published_at", "-id"], name="notice_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "meeting"),
                        ("meets_at__isnull", False),
                        models.Q(("place", ""), _negated=True),
                    ),
                    models.Q(models.Q(("kind", "meeting"), _negated=True), ("meets_at", None), ("place", "")),
                    _connector="OR",
                ),
                name="a_meeting_says_when_and_where",
                violation_error_message="A meeting says when and where it is; nothing else has a time and a place.",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("text_en", ""), ("title_en", "")),
                    models.Q(
                        models.Q(("title_en", ""), _negated=True), models.Q(("text_en", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="notice_in_english_is_whole",
                violation_error_message="In English, both the title and the text, or neither.",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("published_at", None),
                        ("published_by", None),
                        ("taken_down_at", None),
                        ("taken_down_by", None),
                    ),
                    models.Q(
                        ("published_at__isnull", False),
                        ("published_by__isnull", False),
                        ("taken_down_at", None),
                        ("taken_down_by", None),
                    ),
                    models.Q(
                        ("published_at__isnull", False),
                        ("published_by__isnull", False),
                        ("taken_down_at__isnull", False),
                        ("taken_down_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="notice_published_then_taken_down",
            ),
        ),
        SameNeighborhood(
            "committees_notice", committee_id="committees_committee", corrects_id="committees_notice"
        ),
        migrations.RunSQL(WITH_NAME, WITHOUT_NAME),
        migrations.RunSQL(NAME, NO_NAME),
        migrations.RunSQL(ITS_BODYS, ANYBODYS),
        migrations.RunSQL(NAMES_NOBODY, NAMES_ANYBODY),
        migrations.RunSQL(STAYS, GOES),
    ]
