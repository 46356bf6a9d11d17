"""A form that is sent twice is one draft, and a notice is put right by one draft at a time."""

from django.conf import settings
from django.db import migrations, models

# The token says nothing to readers, so it is in no hash: those that stand stay what they are.
HASH = """
CREATE OR REPLACE FUNCTION committees_notice_hash(notice public.committees_notice) RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(jsonb_build_object(
        'notice', to_jsonb(notice) - ARRAY['hash', TOKEN 'published_at', 'published_by_id', 'taken_down_at',
            'taken_down_by_id', 'written_at', 'written_by_id', 'corrects_id', 'meeting_id', 'meets_at']
            || jsonb_build_object('meets_at', extract(epoch FROM notice.meets_at)),
        'files', (SELECT jsonb_agg(jsonb_build_array(f.number, f.format, f.title, f.title_en, f.shows, f.shows_en,
            encode(f.hash, 'hex')) ORDER BY f.number) FROM public.committees_noticefile f WHERE f.notice_id = notice.id)
        )::text, 'UTF8'))
$$;
"""

# Of several drafts that were to put one notice right the newest goes on doing so; the others are drafts of their own.
ONE_EACH = """
UPDATE committees_notice n SET corrects_id = NULL WHERE n.published_at IS NULL AND EXISTS (
    SELECT FROM committees_notice later WHERE later.corrects_id = n.corrects_id AND later.published_at IS NULL
        AND (later.written_at, later.id) > (n.written_at, n.id));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0007_files_stand_with_their_notice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="notice", name="token", field=models.UUIDField(editable=False, null=True)
        ),
        migrations.RunSQL(HASH.replace("TOKEN", "'token',"), HASH.replace("TOKEN ", "")),
        migrations.RunSQL(ONE_EACH, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("written_by", "token"), name="notice_sent_once"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("corrects__isnull", False), ("published_at", None)),
                fields=("corrects",),
                name="notice_put_right_by_one_draft",
                violation_error_message="A draft that puts it right is there already.",
            ),
        ),
    ]
