"""A draft may be published at a moment that somebody names: never before it, once, and by somebody who may do it then.

Until that moment, or until it is called off, the draft stands as it was when the moment was named: whoever named it answers for
its words. If they may not speak for the body any more when it comes, it stays a draft, and that says so.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SCHEDULED = """
CREATE FUNCTION committees_notice_scheduled() RETURNS trigger
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
        IF OLD.publish_at IS NULL OR at < OLD.publish_at THEN
            RAISE EXCEPTION 'held back is what was due' USING ERRCODE = 'LM207';
        END IF;
        NEW.held_back_at := at;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_notice_scheduled BEFORE INSERT OR UPDATE ON committees_notice
    FOR EACH ROW EXECUTE FUNCTION committees_notice_scheduled();
ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_scheduled;

CREATE FUNCTION committees_noticefile_of_a_scheduled_one() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT n.publish_at, n.published_at FROM public.committees_notice n
        WHERE n.id = COALESCE(NEW.notice_id, OLD.notice_id) FOR SHARE) known
        WHERE known.publish_at IS NOT NULL AND known.published_at IS NULL) THEN
        RAISE EXCEPTION 'what is to be published stands until that is called off' USING ERRCODE = 'LM207';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$;
CREATE TRIGGER committees_noticefile_of_a_scheduled_one BEFORE INSERT OR DELETE ON committees_noticefile
    FOR EACH ROW EXECUTE FUNCTION committees_noticefile_of_a_scheduled_one();
ALTER TABLE committees_noticefile ENABLE ALWAYS TRIGGER committees_noticefile_of_a_scheduled_one;
"""
BY_HAND = """
DROP TRIGGER committees_noticefile_of_a_scheduled_one ON committees_noticefile;
DROP FUNCTION committees_noticefile_of_a_scheduled_one();
DROP TRIGGER committees_notice_scheduled ON committees_notice;
DROP FUNCTION committees_notice_scheduled();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0019_whom_a_notice_is_for"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="publish_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="will be published"),
        ),
        migrations.AddField(
            model_name="notice",
            name="scheduled_by",
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
            name="held_back_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="was not published"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("publish_at__isnull", False), ("published_at", None)),
                fields=["publish_at"],
                name="notice_scheduled",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("publish_at", None), ("scheduled_by", None)),
                    models.Q(
                        ("held_back_at", None), ("publish_at__isnull", False), ("scheduled_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="notice_scheduled_by_somebody",
            ),
        ),
        migrations.RunSQL(SCHEDULED, BY_HAND),
    ]
