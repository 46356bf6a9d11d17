"""On how many browsers a notice was opened: a number that grows by ones and goes with its notice. Who it was has no column."""

import django.db.models.deletion
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

BY_ONES = """
CREATE FUNCTION committees_noticeopenings_by_ones() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    notice public.committees_notice%ROWTYPE;
BEGIN
    SELECT * INTO notice FROM public.committees_notice WHERE id = COALESCE(NEW.notice_id, OLD.notice_id);
    IF TG_OP = 'DELETE' THEN
        IF NOT public.committees_notice_is_over(notice) THEN
            RAISE EXCEPTION 'what was counted goes with its notice' USING ERRCODE = 'LM210';
        END IF;
        RETURN OLD;
    END IF;
    IF notice.published_at IS NULL OR notice.taken_down_at IS NOT NULL THEN
        RAISE EXCEPTION 'what nobody can read is not opened' USING ERRCODE = 'LM210';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF (NEW.today, NEW.before) <> (1, 0) THEN
            RAISE EXCEPTION 'openings are counted by ones' USING ERRCODE = 'LM210';
        END IF;
    ELSIF NEW.notice_id <> OLD.notice_id OR NEW.neighborhood_id <> OLD.neighborhood_id
        OR NEW.day = OLD.day AND (NEW.today, NEW.before) <> (OLD.today + 1, OLD.before)
        OR NEW.day > OLD.day AND (NEW.today, NEW.before) <> (1, OLD.before + OLD.today) OR NEW.day < OLD.day THEN
        RAISE EXCEPTION 'openings are counted by ones' USING ERRCODE = 'LM210';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_noticeopenings_by_ones BEFORE INSERT OR UPDATE OR DELETE ON committees_noticeopenings
    FOR EACH ROW EXECUTE FUNCTION committees_noticeopenings_by_ones();
ALTER TABLE committees_noticeopenings ENABLE ALWAYS TRIGGER committees_noticeopenings_by_ones;
"""
ANYHOW = """
DROP TRIGGER committees_noticeopenings_by_ones ON committees_noticeopenings;
DROP FUNCTION committees_noticeopenings_by_ones();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0020_published_at_a_moment_that_was_named"),
        ("residents", "0045_rights_about_offices"),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeOpenings",
            fields=[
                (
                    "notice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="openings",
                        serialize=False,
                        to="committees.notice",
                    ),
                ),
                ("day", models.DateField()),
                ("today", models.PositiveIntegerField()),
                ("before", models.PositiveIntegerField(default=0)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
            ],
            options={
                "verbose_name": "number of openings",
                "verbose_name_plural": "numbers of openings",
            },
        ),
        SameNeighborhood("committees_noticeopenings", notice_id="committees_notice"),
        migrations.RunSQL(BY_ONES, ANYHOW),
    ]
