"""The life of a key, held by the database: for every role and every statement.

A worker that comes late cannot bring a key back, whatever it was about to write.
"""

from django.db import migrations

from vault.rewrite import Rewritable

GUARD = """
CREATE FUNCTION linmen_guard_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'a key leaves a tombstone: % refused', TG_OP USING ERRCODE = 'LM002';
    END IF;
    IF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'key % is destroyed and stays so', OLD.id USING ERRCODE = 'LM002';
    END IF;
    IF NEW.id IS DISTINCT FROM OLD.id OR NEW.subject IS DISTINCT FROM OLD.subject
        OR NEW.purpose IS DISTINCT FROM OLD.purpose OR NEW.created_at IS DISTINCT FROM OLD.created_at THEN
        RAISE EXCEPTION 'key % keeps its names', OLD.id USING ERRCODE = 'LM002';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER vault_key_guard BEFORE UPDATE OR DELETE ON vault_key
    FOR EACH ROW EXECUTE FUNCTION linmen_guard_key();
CREATE TRIGGER vault_key_no_truncate BEFORE TRUNCATE ON vault_key
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_guard_key();
ALTER TABLE vault_key ENABLE ALWAYS TRIGGER vault_key_guard;
ALTER TABLE vault_key ENABLE ALWAYS TRIGGER vault_key_no_truncate;
DO $do$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'linmen_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON vault_key FROM linmen_app;
        GRANT UPDATE (wrapped, destroyed_at) ON vault_key TO linmen_app;
    END IF;
END $do$
"""

UNGUARD = """
DROP TRIGGER vault_key_guard ON vault_key;
DROP TRIGGER vault_key_no_truncate ON vault_key;
DROP FUNCTION linmen_guard_key();
DO $do$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'linmen_app') THEN
        GRANT UPDATE, DELETE ON vault_key TO linmen_app;
    END IF;
END $do$
"""


class Migration(migrations.Migration):
    dependencies = (("vault", "0001_keys"),)

    operations = (
        migrations.RunSQL(GUARD, UNGUARD),
        Rewritable("vault_key", secrets=["wrapped"]),
    )
