"""The feed's promises, where no code can forget them.

A row goes out with its kind, digest and windows and nothing else (F2); a tombstone with nothing at all. A version, and
the counter that numbers them, only grow: otherwise a gate would ignore what it should hear.
"""

from django.db import migrations, models

PROMISES = """
ALTER TABLE access_feedrow ADD CONSTRAINT feed_row_says_no_more
    CHECK (body - ARRAY['kind', 'digest', 'windows'] = '{}'::jsonb);

CREATE FUNCTION access_feed_only_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'access_feedcounter' THEN
        IF NEW.last < OLD.last THEN
            RAISE EXCEPTION 'a feed counter only grows' USING ERRCODE = '23514';
        END IF;
    ELSIF NEW.version <= OLD.version THEN
        RAISE EXCEPTION 'a feed row changes under a new version only' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_feedrow_only_grows BEFORE UPDATE ON access_feedrow
    FOR EACH ROW EXECUTE FUNCTION access_feed_only_grows();
CREATE TRIGGER access_feedcounter_only_grows BEFORE UPDATE ON access_feedcounter
    FOR EACH ROW EXECUTE FUNCTION access_feed_only_grows();
ALTER TABLE access_feedrow ENABLE ALWAYS TRIGGER access_feedrow_only_grows;
ALTER TABLE access_feedcounter ENABLE ALWAYS TRIGGER access_feedcounter_only_grows;
"""

NO_PROMISES = """
DROP TRIGGER access_feedcounter_only_grows ON access_feedcounter;
DROP TRIGGER access_feedrow_only_grows ON access_feedrow;
DROP FUNCTION access_feed_only_grows();
ALTER TABLE access_feedrow DROP CONSTRAINT feed_row_says_no_more;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_no_consent_no_biometrics")]

    operations = [
        migrations.AddField("feedrow", "review_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "feedrow",
            models.Index(
                fields=["review_at"],
                condition=models.Q(("present", True), ("review_at__isnull", False)),
                name="feed_row_to_review",
            ),
        ),
        migrations.AddIndex(
            "sealedcopy",
            models.Index(
                fields=["device"], condition=models.Q(("acknowledged", False)), name="sealed_copy_unheard"
            ),
        ),
        migrations.AddConstraint(
            "feedrow",
            models.CheckConstraint(
                condition=models.Q(
                    ("present", True), models.Q(("body", {}), ("review_at", None)), _connector="OR"
                ),
                name="feed_tombstone_is_bare",
            ),
        ),
        migrations.RunSQL(PROMISES, NO_PROMISES),
    ]
