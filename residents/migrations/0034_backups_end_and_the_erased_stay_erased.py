"""Laws 11 and 12: whatever is erased waits for every backup that may hold it, stands in the journal before anything of it is
called gone, and a database that was put back serves nobody before the journal was followed."""

import uuid

import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q

from ledger.append_only import if_role_exists

KINDS = [
    ("rows", "the database's rows"),
    ("photos", "enrolment photos"),
    ("key", "the key that could read it"),
    ("pages", "the disk pages of the databases"),
    ("device", "a gate's reader"),
    ("recipient", "whom it was given to"),
    ("backup", "a backup set"),
]

# Whoever writes down a set waits for every order that is being opened, and whoever opens one for a set that is being written
# down. So an order either lists a set, or was committed before that set was begun, and the set never saw what it erased.
SETS = """
CREATE FUNCTION residents_backup_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'that there was a backup stays on record' USING ERRCODE = 'LM148';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.made_at > clock_timestamp() + interval '1 minute' OR NEW.expires_at > NEW.made_at + interval '92 days' THEN
            RAISE EXCEPTION 'a backup is made now, and lives for 92 days at most' USING ERRCODE = 'LM148';
        END IF;
        PERFORM pg_advisory_xact_lock(69629163);
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.kind, NEW.made_at, NEW.expires_at, NEW.declared)
        IS DISTINCT FROM (OLD.id, OLD.kind, OLD.made_at, OLD.expires_at, OLD.declared)
        OR OLD.state = 'gone' OR OLD.state = 'kept' AND (NEW.state = 'making' OR NEW.sha256 <> OLD.sha256) THEN
        RAISE EXCEPTION 'a backup goes forward' USING ERRCODE = 'LM148';
    END IF;
    -- One that was never finished may go before: there is no whole file of it.
    IF NEW.state = 'gone' AND OLD.state = 'kept' AND OLD.expires_at > clock_timestamp() THEN
        RAISE EXCEPTION 'a backup may have been copied: it counts until its time is up' USING ERRCODE = 'LM148';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_backup_goes_forward BEFORE INSERT OR UPDATE OR DELETE ON residents_backup
    FOR EACH ROW EXECUTE FUNCTION residents_backup_goes_forward();
CREATE TRIGGER residents_backup_no_truncate BEFORE TRUNCATE ON residents_backup
    FOR EACH STATEMENT EXECUTE FUNCTION residents_backup_goes_forward();
ALTER TABLE residents_backup ENABLE ALWAYS TRIGGER residents_backup_goes_forward;
ALTER TABLE residents_backup ENABLE ALWAYS TRIGGER residents_backup_no_truncate;

CREATE FUNCTION residents_order_lists_backups() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(69629163);
    INSERT INTO public.residents_erasureplace
        (id, order_id, kind, target, device, label, state, attempts, due_at, evidence, changed_at)
    SELECT gen_random_uuid(), NEW.id, 'backup', b.id, NULL, '', 'waiting', 0, b.expires_at, '{}', NEW.opened_at
    FROM public.residents_backup b WHERE b.state <> 'gone';
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_order_lists_backups AFTER INSERT ON residents_erasureorder
    FOR EACH ROW EXECUTE FUNCTION residents_order_lists_backups();
ALTER TABLE residents_erasureorder ENABLE ALWAYS TRIGGER residents_order_lists_backups;
"""
NO_SETS = """
DROP TRIGGER residents_order_lists_backups ON residents_erasureorder;
DROP FUNCTION residents_order_lists_backups();
DROP TRIGGER residents_backup_no_truncate ON residents_backup;
DROP TRIGGER residents_backup_goes_forward ON residents_backup;
DROP FUNCTION residents_backup_goes_forward();
"""

JOURNAL = """
UPDATE residents_erasureorder o SET journalled_at = now() WHERE NOT EXISTS (
    SELECT FROM residents_erasureplace p WHERE p.order_id = o.id AND p.state <> 'gone');

CREATE FUNCTION residents_gone_after_the_journal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_erasureorder o WHERE o.id = NEW.order_id AND o.journalled_at IS NULL) THEN
        RAISE EXCEPTION 'nothing is called gone before the journal holds the order' USING ERRCODE = 'LM149';
    END IF;
    IF NEW.kind = 'backup' AND EXISTS (
        SELECT FROM public.residents_backup b WHERE b.id = NEW.target AND b.state <> 'gone') THEN
        RAISE EXCEPTION 'that backup is still there' USING ERRCODE = 'LM149';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_gone_after_the_journal BEFORE UPDATE ON residents_erasureplace
    FOR EACH ROW WHEN (NEW.state = 'gone' AND OLD.state <> 'gone')
    EXECUTE FUNCTION residents_gone_after_the_journal();
ALTER TABLE residents_erasureplace ENABLE ALWAYS TRIGGER residents_gone_after_the_journal;
"""
NO_JOURNAL = """
DROP TRIGGER residents_gone_after_the_journal ON residents_erasureplace;
DROP FUNCTION residents_gone_after_the_journal();
"""

# Which database this is: of which cluster, which of its databases, on which timeline (so that one recovered to a point in time
# is another one), and as which table of it this one was made. A copy of all rows says where they were written, and not where
# they lie.
RESTORED = """
CREATE FUNCTION linmen_identity() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.system_identifier || '/' || d.oid || '/' || c.timeline_id || '/'
        || 'public.residents_restoration'::regclass::oid
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
$$;

CREATE FUNCTION residents_restoration_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'that a backup was put back stays on record' USING ERRCODE = 'LM148';
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.identity := public.linmen_identity();
        NEW.began_at := clock_timestamp();
        IF NEW.finished_at IS NOT NULL AND EXISTS (SELECT FROM public.residents_restoration) THEN
            RAISE EXCEPTION 'a restoration begins before it is finished' USING ERRCODE = 'LM148';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.finished_at IS NOT NULL
        OR to_jsonb(NEW) - 'finished_at' - 'vault_identity' <> to_jsonb(OLD) - 'finished_at' - 'vault_identity' THEN
        RAISE EXCEPTION 'a restoration is finished once, and nothing else about it changes' USING ERRCODE = 'LM148';
    END IF;
    IF OLD.identity <> public.linmen_identity() THEN
        RAISE EXCEPTION 'this restoration is of another database' USING ERRCODE = 'LM148';
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements_text(OLD.orders) wanted(id)
        WHERE NOT EXISTS (SELECT FROM public.residents_erasureorder o WHERE o.id = wanted.id::uuid)
           OR EXISTS (SELECT FROM public.residents_erasureplace p WHERE p.order_id = wanted.id::uuid
                AND p.kind IN ('rows', 'key') AND p.state <> 'gone')) THEN
        RAISE EXCEPTION 'an erasure of the journal was not carried out again' USING ERRCODE = 'LM148';
    END IF;
    NEW.finished_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_restoration_lawful BEFORE INSERT OR UPDATE OR DELETE ON residents_restoration
    FOR EACH ROW EXECUTE FUNCTION residents_restoration_lawful();
CREATE TRIGGER residents_restoration_no_truncate BEFORE TRUNCATE ON residents_restoration
    FOR EACH STATEMENT EXECUTE FUNCTION residents_restoration_lawful();
ALTER TABLE residents_restoration ENABLE ALWAYS TRIGGER residents_restoration_lawful;
ALTER TABLE residents_restoration ENABLE ALWAYS TRIGGER residents_restoration_no_truncate;
"""
NOT_RESTORED = """
DROP TRIGGER residents_restoration_no_truncate ON residents_restoration;
DROP TRIGGER residents_restoration_lawful ON residents_restoration;
DROP FUNCTION residents_restoration_lawful();
DROP FUNCTION linmen_identity();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0033_the_fewest_that_are_counted")]

    operations = [
        migrations.CreateModel(
            name="Backup",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("data", "everything but keys"), ("vault", "the keys")],
                        max_length=10,
                        verbose_name="what it holds",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("making", "being made"), ("kept", "kept"), ("gone", "gone")],
                        default="making",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("expires_at", models.DateTimeField(verbose_name="to be gone by")),
                ("declared", models.BooleanField(default=False, verbose_name="made elsewhere")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.BigIntegerField(default=0, verbose_name="bytes")),
                ("gone_at", models.DateTimeField(null=True, verbose_name="seen gone")),
                ("evidence", models.JSONField(default=dict)),
            ],
            options={"verbose_name": "backup set", "verbose_name_plural": "backup sets"},
        ),
        migrations.CreateModel(
            name="Restoration",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("data", models.UUIDField(null=True)),
                ("vault", models.UUIDField(null=True)),
                ("identity", models.CharField(blank=True, max_length=80)),
                ("vault_identity", models.CharField(max_length=80)),
                ("orders", models.JSONField(default=list)),
                (
                    "began_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField("erasureorder", "journalled_at", models.DateTimeField(editable=False, null=True)),
        migrations.AlterField("erasureplace", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AddIndex(
            "erasureorder",
            models.Index(
                fields=["opened_at"], condition=Q(journalled_at=None), name="erasure_not_journalled"
            ),
        ),
        migrations.AddIndex(
            "backup",
            models.Index(fields=["expires_at"], condition=~Q(state="gone"), name="backup_by_end"),
        ),
        migrations.AddConstraint(
            "backup", models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="backup_ends")
        ),
        migrations.AddConstraint(
            "backup",
            models.CheckConstraint(
                condition=Q(state="gone", gone_at__isnull=False) & ~Q(evidence={})
                | ~Q(state="gone") & Q(gone_at=None),
                name="backup_gone_with_evidence",
            ),
        ),
        migrations.AddConstraint(
            "restoration",
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
                name="restoration_one_at_a_time",
            ),
        ),
        migrations.RunSQL(SETS, NO_SETS),
        migrations.RunSQL(JOURNAL, NO_JOURNAL),
        migrations.RunSQL(RESTORED, NOT_RESTORED),
        migrations.RunSQL(
            if_role_exists(
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON residents_restoration FROM linmen_app;"
                " REVOKE DELETE, TRUNCATE ON residents_backup FROM linmen_app"
            ),
            if_role_exists(
                "GRANT INSERT, UPDATE, DELETE ON residents_restoration TO linmen_app;"
                " GRANT DELETE ON residents_backup TO linmen_app"
            ),
        ),
    ]
