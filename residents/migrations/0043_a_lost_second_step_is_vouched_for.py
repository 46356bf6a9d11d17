"""Whoever of the staff has lost the second step of signing in gets no other before somebody else says that it is them."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly

LOST = """
-- Nothing of it is left that signs anybody in: neither codes that are on nor a passkey.
CREATE FUNCTION residents_has_a_second_step(account uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_secondstep s
            WHERE s.user_id = $1 AND s.confirmed_at IS NOT NULL AND s.ended_at IS NULL)
        OR EXISTS (SELECT FROM public.residents_passkey p WHERE p.user_id = $1 AND p.removed_at IS NULL)
$$;

CREATE FUNCTION residents_second_step_is_lost() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.residents_has_a_second_step(NEW.user_id) THEN
        UPDATE public.residents_user SET step_lost_at = clock_timestamp()
            WHERE id = NEW.user_id AND (is_staff OR is_superuser) AND step_lost_at IS NULL;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_secondstep_is_lost AFTER UPDATE OF ended_at ON residents_secondstep
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND OLD.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION residents_second_step_is_lost();
ALTER TABLE residents_secondstep ENABLE ALWAYS TRIGGER residents_secondstep_is_lost;
CREATE TRIGGER residents_passkey_is_lost AFTER UPDATE OF removed_at ON residents_passkey
    FOR EACH ROW WHEN (OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL)
    EXECUTE FUNCTION residents_second_step_is_lost();
ALTER TABLE residents_passkey ENABLE ALWAYS TRIGGER residents_passkey_is_lost;

CREATE FUNCTION residents_step_waits_for_a_vouching() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_user u WHERE u.id = NEW.user_id AND u.step_lost_at IS NOT NULL) THEN
        RAISE EXCEPTION 'who has lost a second step sets up another when somebody has vouched for them'
            USING ERRCODE = 'LM206';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_secondstep_waits_for_a_vouching BEFORE INSERT OR UPDATE OF confirmed_at ON residents_secondstep
    FOR EACH ROW EXECUTE FUNCTION residents_step_waits_for_a_vouching();
ALTER TABLE residents_secondstep ENABLE ALWAYS TRIGGER residents_secondstep_waits_for_a_vouching;
CREATE TRIGGER residents_passkey_waits_for_a_vouching BEFORE INSERT ON residents_passkey
    FOR EACH ROW EXECUTE FUNCTION residents_step_waits_for_a_vouching();
ALTER TABLE residents_passkey ENABLE ALWAYS TRIGGER residents_passkey_waits_for_a_vouching;
"""
NOT_LOST = """
DROP TRIGGER residents_passkey_waits_for_a_vouching ON residents_passkey;
DROP TRIGGER residents_secondstep_waits_for_a_vouching ON residents_secondstep;
DROP FUNCTION residents_step_waits_for_a_vouching();
DROP TRIGGER residents_passkey_is_lost ON residents_passkey;
DROP TRIGGER residents_secondstep_is_lost ON residents_secondstep;
DROP FUNCTION residents_second_step_is_lost();
DROP FUNCTION residents_has_a_second_step(uuid);
"""

VOUCHED = """
-- The account opens for another second step by a vouching and by nothing else.
CREATE FUNCTION residents_user_step_is_vouched_for() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.step_lost_at IS NULL AND NOT EXISTS (SELECT FROM public.residents_vouching v
        WHERE v.user_id = NEW.id AND v.at >= OLD.step_lost_at) THEN
        RAISE EXCEPTION 'a lost second step is lost until somebody has vouched' USING ERRCODE = 'LM204';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_user_step_is_vouched_for BEFORE UPDATE OF step_lost_at ON residents_user
    FOR EACH ROW WHEN (OLD.step_lost_at IS NOT NULL) EXECUTE FUNCTION residents_user_step_is_vouched_for();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER residents_user_step_is_vouched_for;

CREATE FUNCTION residents_vouching_by_another() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.user_id IN (SELECT public.residents_accounts_of(NEW.by_id)) THEN
        RAISE EXCEPTION 'nobody vouches for themselves' USING ERRCODE = 'LM205';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_vouching_by_another BEFORE INSERT ON residents_vouching
    FOR EACH ROW EXECUTE FUNCTION residents_vouching_by_another();
ALTER TABLE residents_vouching ENABLE ALWAYS TRIGGER residents_vouching_by_another;
"""
NOT_VOUCHED = """
DROP TRIGGER residents_vouching_by_another ON residents_vouching;
DROP FUNCTION residents_vouching_by_another();
DROP TRIGGER residents_user_step_is_vouched_for ON residents_user;
DROP FUNCTION residents_user_step_is_vouched_for();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0042_a_year_of_minors_data_is_audited")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="step_lost_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Vouching",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["user", "-at"], name="vouching_by_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("capacity", ""), _negated=True),
                        name="vouching_says_in_which_role",
                    )
                ],
            },
        ),
        AppendOnly("residents_vouching"),
        migrations.RunSQL(LOST, NOT_LOST),
        migrations.RunSQL(VOUCHED, NOT_VOUCHED),
    ]
