"""Wrapping epochs: which wrapping keys there are, which of them may wrap, and when one has ended.

A key is wrapped by the newest epoch and by no other, so that an epoch that was followed by another one empties and cannot
fill again. An epoch goes forwards only: opened, followed, cleared (no key under it), retired (its wrapping key destroyed),
and never before the one that came before it. So of a destroyed key one epoch tells everything: when the one that wrapped
it last is retired, so are all that ever did.

The database knows the bytes' format and the name of what wrapped them (their first nine bytes), and nothing of any key.
A vault that is older than this has its root as epoch 0: it wraps nothing any more from here on, and what it wrapped is
wrapped anew by the first epoch that is opened.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

WITH_THE_ROOT = """
INSERT INTO vault_epoch (number, name, opened_at)
SELECT 0, substring(wrapped FROM 2 FOR 8), since FROM (
    SELECT wrapped, planted_at AS since, 0 AS turn FROM vault_canary
    UNION ALL
    (SELECT wrapped, created_at, 1 FROM vault_key WHERE wrapped IS NOT NULL ORDER BY created_at LIMIT 1)
) found ORDER BY turn LIMIT 1
"""

# Told by a default, not by an UPDATE: nothing may change a tombstone.
COLUMNS = """
ALTER TABLE vault_key ADD COLUMN epoch integer DEFAULT 0, ADD COLUMN first_epoch integer DEFAULT 0;
ALTER TABLE vault_key ALTER COLUMN epoch DROP DEFAULT, ALTER COLUMN first_epoch DROP DEFAULT
"""
NO_COLUMNS = "ALTER TABLE vault_key DROP COLUMN epoch, DROP COLUMN first_epoch"

GUARD = """
DROP TRIGGER vault_key_one_wrapping_key ON vault_key;
DROP FUNCTION linmen_one_wrapping_key();

CREATE FUNCTION linmen_key_by_newest_epoch() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_number integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.epoch := OLD.epoch;
        NEW.first_epoch := OLD.first_epoch;
    ELSE
        NEW.epoch := NULL;
        NEW.first_epoch := NULL;
    END IF;
    IF NEW.wrapped IS NULL OR (TG_OP = 'UPDATE' AND NEW.wrapped IS NOT DISTINCT FROM OLD.wrapped) THEN
        RETURN NEW;
    END IF;
    -- Shared with whoever else makes a key, and with nobody who closes the epoch: that waits until this commits.
    SELECT number INTO found_number FROM public.vault_epoch
        WHERE substring(NEW.wrapped FROM 1 FOR 9) = '\\x01'::bytea || name
            AND number > 0 AND retire_after IS NULL
        FOR SHARE;
    IF found_number IS NULL OR EXISTS (SELECT FROM public.vault_epoch WHERE number > found_number) THEN
        RAISE EXCEPTION 'key % was not wrapped by this vault''s newest wrapping key', NEW.id USING ERRCODE = 'LM157';
    END IF;
    NEW.epoch := found_number;
    NEW.first_epoch := coalesce(NEW.first_epoch, found_number);
    RETURN NEW;
END
$$;
CREATE TRIGGER vault_key_newest_epoch_only BEFORE INSERT OR UPDATE ON vault_key
    FOR EACH ROW EXECUTE FUNCTION linmen_key_by_newest_epoch();
ALTER TABLE vault_key ENABLE ALWAYS TRIGGER vault_key_newest_epoch_only;

CREATE FUNCTION linmen_epoch_opens() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One opens at a time: the others wait here, and are then refused their number.
    PERFORM pg_advisory_xact_lock(1818848877);
    IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM public.vault_epoch) THEN
        RAISE EXCEPTION 'epoch % is not the next one', NEW.number USING ERRCODE = 'LM158';
    END IF;
    IF octet_length(NEW.name) <> 8 OR NOT EXISTS (SELECT FROM public.vault_canary)
        OR NEW.name = (SELECT substring(wrapped FROM 2 FOR 8) FROM public.vault_canary) THEN
        RAISE EXCEPTION 'epoch % needs a name of its own, and a vault that knows its root', NEW.number
            USING ERRCODE = 'LM158';
    END IF;
    NEW.opened_at := statement_timestamp();
    NEW.retire_after := NULL;
    NEW.cleared_at := NULL;
    NEW.retired_at := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER vault_epoch_opens BEFORE INSERT ON vault_epoch
    FOR EACH ROW EXECUTE FUNCTION linmen_epoch_opens();

CREATE FUNCTION linmen_epoch_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- What is asked of other rows below must be asked of the latest ones.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an epoch ends in READ COMMITTED' USING ERRCODE = 'LM158';
    END IF;
    IF NEW.number <> OLD.number OR NEW.name <> OLD.name OR NEW.opened_at <> OLD.opened_at
        OR (OLD.retire_after IS NOT NULL AND NEW.retire_after IS DISTINCT FROM OLD.retire_after)
        OR (OLD.cleared_at IS NOT NULL AND NEW.cleared_at IS DISTINCT FROM OLD.cleared_at)
        OR (OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at) THEN
        RAISE EXCEPTION 'epoch % goes forwards only', OLD.number USING ERRCODE = 'LM158';
    END IF;
    IF OLD.retire_after IS NULL AND NEW.retire_after IS NOT NULL
        AND (NEW.retire_after < statement_timestamp()
            OR NOT EXISTS (SELECT FROM public.vault_epoch WHERE number > OLD.number)) THEN
        RAISE EXCEPTION 'epoch % ends after the next one has opened', OLD.number USING ERRCODE = 'LM158';
    END IF;
    IF OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL THEN
        NEW.cleared_at := statement_timestamp();
    END IF;
    IF OLD.retired_at IS NULL AND NEW.retired_at IS NOT NULL THEN
        IF OLD.cleared_at IS NULL OR OLD.retire_after > statement_timestamp()
            OR EXISTS (SELECT FROM public.vault_epoch WHERE number < OLD.number AND retired_at IS NULL) THEN
            RAISE EXCEPTION 'epoch % may not be retired yet', OLD.number USING ERRCODE = 'LM158';
        END IF;
        NEW.retired_at := statement_timestamp();
    END IF;
    IF (OLD.cleared_at IS DISTINCT FROM NEW.cleared_at OR OLD.retired_at IS DISTINCT FROM NEW.retired_at)
        AND (OLD.retire_after IS NULL
            OR EXISTS (SELECT FROM public.vault_key WHERE epoch = OLD.number AND wrapped IS NOT NULL)) THEN
        RAISE EXCEPTION 'epoch % still wraps keys', OLD.number USING ERRCODE = 'LM159';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER vault_epoch_forward_only BEFORE UPDATE ON vault_epoch
    FOR EACH ROW EXECUTE FUNCTION linmen_epoch_forward_only();

CREATE FUNCTION linmen_epoch_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'an epoch leaves its dates: % refused', TG_OP USING ERRCODE = 'LM158';
END
$$;
CREATE TRIGGER vault_epoch_stays BEFORE DELETE ON vault_epoch
    FOR EACH ROW EXECUTE FUNCTION linmen_epoch_stays();
CREATE TRIGGER vault_epoch_no_truncate BEFORE TRUNCATE ON vault_epoch
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_epoch_stays();
ALTER TABLE vault_epoch ENABLE ALWAYS TRIGGER vault_epoch_opens;
ALTER TABLE vault_epoch ENABLE ALWAYS TRIGGER vault_epoch_forward_only;
ALTER TABLE vault_epoch ENABLE ALWAYS TRIGGER vault_epoch_stays;
ALTER TABLE vault_epoch ENABLE ALWAYS TRIGGER vault_epoch_no_truncate;
DO $do$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'linmen_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON vault_epoch FROM linmen_app;
        GRANT UPDATE (retire_after, cleared_at, retired_at) ON vault_epoch TO linmen_app;
    END IF;
END $do$
"""

# Not reversible: keys wrapped by an epoch would stand under a law that knows the root alone.


class Migration(migrations.Migration):
    dependencies = (("vault", "0003_one_wrapping_key"),)

    operations = (
        migrations.CreateModel(
            name="Epoch",
            fields=[
                ("number", models.IntegerField(editable=False, primary_key=True, serialize=False)),
                ("name", models.BinaryField(unique=True)),
                (
                    "opened_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("retire_after", models.DateTimeField(editable=False, null=True)),
                ("cleared_at", models.DateTimeField(editable=False, null=True)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
            ],
        ),
        migrations.RunSQL(WITH_THE_ROOT, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(COLUMNS, NO_COLUMNS)],
            state_operations=[
                migrations.AddField("key", "epoch", models.IntegerField(editable=False, null=True)),
                migrations.AddField("key", "first_epoch", models.IntegerField(editable=False, null=True)),
            ],
        ),
        migrations.AddIndex(
            "key",
            models.Index(
                fields=["epoch", "id"],
                condition=models.Q(("wrapped__isnull", False)),
                name="vault_key_by_epoch",
            ),
        ),
        migrations.RunSQL(GUARD),
    )
