"""The canary, and no key beside it that another wrapping key has wrapped.

A start with the wrong wrapping key is refused by a check; whatever comes in by another way (a command, a shell, a
worker that was started before) is refused here. The first nine bytes of wrapped bytes are their format and the name of
the wrapping key (vault/wrapping.py): equal for all that one key has wrapped, and telling nothing of it.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

GUARD = """
CREATE FUNCTION linmen_one_wrapping_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.wrapped IS NOT NULL AND substring(NEW.wrapped FROM 1 FOR 9) IS DISTINCT FROM
        (SELECT substring(wrapped FROM 1 FOR 9) FROM public.vault_canary) THEN
        RAISE EXCEPTION 'key % was wrapped by another wrapping key than this vault''s', NEW.id USING ERRCODE = 'LM002';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER vault_key_one_wrapping_key BEFORE INSERT OR UPDATE OF wrapped ON vault_key
    FOR EACH ROW EXECUTE FUNCTION linmen_one_wrapping_key();
ALTER TABLE vault_key ENABLE ALWAYS TRIGGER vault_key_one_wrapping_key;

CREATE FUNCTION linmen_guard_canary() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the canary stays as it is: % refused', TG_OP USING ERRCODE = 'LM002';
END
$$;
CREATE TRIGGER vault_canary_stays BEFORE UPDATE OR DELETE ON vault_canary
    FOR EACH ROW EXECUTE FUNCTION linmen_guard_canary();
CREATE TRIGGER vault_canary_no_truncate BEFORE TRUNCATE ON vault_canary
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_guard_canary();
ALTER TABLE vault_canary ENABLE ALWAYS TRIGGER vault_canary_stays;
ALTER TABLE vault_canary ENABLE ALWAYS TRIGGER vault_canary_no_truncate;
DO $do$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'linmen_app') THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON vault_canary FROM linmen_app;
    END IF;
END $do$
"""

UNGUARD = """
DROP TRIGGER vault_key_one_wrapping_key ON vault_key;
DROP FUNCTION linmen_one_wrapping_key();
DROP TRIGGER vault_canary_stays ON vault_canary;
DROP TRIGGER vault_canary_no_truncate ON vault_canary;
DROP FUNCTION linmen_guard_canary();
"""


class Migration(migrations.Migration):
    dependencies = (("vault", "0002_a_destroyed_key_stays_destroyed"),)

    operations = (
        migrations.CreateModel(
            name="Canary",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                ("wrapped", models.BinaryField()),
                (
                    "planted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="vault_canary_is_one")
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    )
