"""Whom a notice is for: everybody, some buildings, owners, or whoever lives here (obligations 27, 31).

It is said in the draft and stands with the words: part of the number that is made from them, save where it is everybody, so
that what was published before keeps its number. A correction reaches all who read what it puts right. What the law makes
public is for everybody, whoever would rather have it otherwise.
"""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q

FOR_WHOM = """
CREATE FUNCTION committees_notice_for_whom() RETURNS trigger
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
    IF EXISTS (SELECT FROM unnest(NEW.buildings) b WHERE b <> ALL (COALESCE(wrong.buildings, '{}'))
        AND NOT EXISTS (SELECT FROM public.residents_building g
            WHERE g.id = b AND g.neighborhood_id = NEW.neighborhood_id)) THEN
        RAISE EXCEPTION 'a notice is for buildings of its own neighborhood' USING ERRCODE = 'LM208';
    END IF;
    IF NEW.audience <> 'all' AND (NEW.kind = 'meeting' OR NEW.meeting_id IS NOT NULL)
        AND EXISTS (SELECT FROM public.committees_committee c WHERE c.id = NEW.committee_id AND c.kind = 'owners') THEN
        RAISE EXCEPTION 'a meeting of the owners and its papers are for everybody' USING ERRCODE = 'LM209';
    END IF;
    IF wrong.id IS NOT NULL AND NEW.audience <> 'all' AND (NEW.audience <> wrong.audience OR NOT NEW.buildings @> wrong.buildings) THEN
        RAISE EXCEPTION 'a correction reaches all who read what it puts right' USING ERRCODE = 'LM208';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_for_whom BEFORE INSERT OR UPDATE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_for_whom();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_for_whom;
"""
FOR_ALL = """
DROP TRIGGER committees_notice_for_whom ON committees_notice;
DROP FUNCTION committees_notice_for_whom();
"""

HASH = """
CREATE OR REPLACE FUNCTION committees_notice_hash(notice public.committees_notice) RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(jsonb_build_object(
        'notice', to_jsonb(notice) - ARRAY['hash', 'token', 'published_at', 'published_by_id', 'taken_down_at',
            'taken_down_by_id', 'written_at', 'written_by_id', 'corrects_id', 'meeting_id', 'meets_at'WITHOUT]
            || jsonb_build_object('meets_at', extract(epoch FROM notice.meets_at))WITH,
        'files', (SELECT jsonb_agg(jsonb_build_array(f.number, f.format, f.title, f.title_en, f.shows, f.shows_en,
            encode(f.hash, 'hex')) ORDER BY f.number) FROM public.committees_noticefile f WHERE f.notice_id = notice.id)
        )::text, 'UTF8'))
$$;
"""
# The columns of 0020 are named here already: a number does not change with the next migration.
WITHOUT = ", 'audience', 'buildings', 'publish_at', 'scheduled_by_id', 'held_back_at'"
WITH = """
            || CASE WHEN notice.audience = 'all' THEN '{}'::jsonb
                ELSE jsonb_build_object('audience', notice.audience, 'buildings', to_jsonb(notice.buildings)) END"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0018_who_got_which_rights_is_written_down"),
        ("residents", "0045_rights_about_offices"),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="audience",
            field=models.CharField(
                choices=[
                    ("all", "everybody here"),
                    ("buildings", "who lives in or owns a dwelling of some buildings"),
                    ("owners", "owners"),
                    ("living", "whoever lives here"),
                ],
                db_default="all",
                default="all",
                max_length=20,
                verbose_name="for whom",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="buildings",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                blank=True,
                default=list,
                size=None,
                verbose_name="which buildings",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("audience", "buildings"), models.Q(("buildings", []), _negated=True)),
                    models.Q(models.Q(("audience", "buildings"), _negated=True), ("buildings", [])),
                    _connector="OR",
                ),
                name="notice_for_buildings_says_which",
                violation_error_message="Choose buildings where it is for buildings, and nowhere else.",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=Q(("sort", ""), ("audience", "all"), _connector="OR"),
                name="what_the_law_makes_public_is_for_all",
                violation_error_message="Minutes, accounts, rules and contracts are for everybody here.",
            ),
        ),
        migrations.RunSQL(
            HASH.replace("WITHOUT", WITHOUT).replace("WITH", WITH),
            HASH.replace("WITHOUT", "").replace("WITH", ""),
        ),
        migrations.RunSQL(FOR_WHOM, FOR_ALL),
    ]
