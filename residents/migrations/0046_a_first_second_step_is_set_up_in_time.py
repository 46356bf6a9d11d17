"""Whoever comes to an office sets up their first second step within a fortnight: after that a password alone is enough for
nobody, and somebody vouches for them as for whoever lost theirs (obligation 23)."""

from django.db import migrations

# What 0043 asks of the moment, now that the moment may lie ahead.
ASKED = """
CREATE OR REPLACE FUNCTION residents_second_step_is_lost() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.residents_has_a_second_step(NEW.user_id) THEN
        UPDATE public.residents_user SET COLUMN = clock_timestamp()
            WHERE id = NEW.user_id AND (is_staff OR is_superuser) AND (COLUMN IS NULL LOSES);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION residents_step_waits_for_a_vouching() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_user u WHERE u.id = NEW.user_id AND u.COLUMN WAITS) THEN
        RAISE EXCEPTION 'who is without a second step sets one up when somebody has vouched for them'
            USING ERRCODE = 'LM206';
    END IF;
    RETURN NEW;
END
$$;

-- The account opens for another second step by a vouching and by nothing else.
CREATE OR REPLACE FUNCTION residents_user_step_is_vouched_for() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF LATER AND NOT EXISTS (SELECT FROM public.residents_vouching v
        WHERE v.user_id = NEW.id AND v.at >= OLD.COLUMN) THEN
        RAISE EXCEPTION 'a lost second step is lost until somebody has vouched' USING ERRCODE = 'LM204';
    END IF;
    RETURN NEW;
END
$$;
"""
NOW_ASKED = (
    ASKED.replace("LOSES", "OR COLUMN > clock_timestamp()")
    .replace("WAITS", "<= clock_timestamp() AND (u.is_staff OR u.is_superuser)")
    # Sooner is always allowed; and what lies ahead is over once there is a second step.
    .replace(
        "LATER",
        """(NEW.COLUMN IS NULL OR NEW.COLUMN > OLD.COLUMN)
        AND NOT (OLD.COLUMN > clock_timestamp() AND public.residents_has_a_second_step(NEW.id))""",
    )
    .replace("COLUMN", "vouching_from")
)
ASKED_BEFORE = (
    ASKED.replace(" LOSES", "")
    .replace("WAITS", "IS NOT NULL")
    .replace("LATER", "NEW.COLUMN IS NULL")
    .replace("COLUMN", "step_lost_at")
)

IN_TIME = """
CREATE FUNCTION residents_user_first_step_in_time() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.is_staff OR OLD.is_superuser THEN
            RETURN NEW;
        END IF;
    END IF;
    IF (NEW.vouching_from IS NULL OR NEW.vouching_from > clock_timestamp())
        AND NOT public.residents_has_a_second_step(NEW.id) THEN
        NEW.vouching_from := clock_timestamp() + interval '14 days';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_user_first_step_in_time BEFORE INSERT OR UPDATE OF is_staff, is_superuser ON residents_user
    FOR EACH ROW WHEN (NEW.is_staff OR NEW.is_superuser) EXECUTE FUNCTION residents_user_first_step_in_time();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER residents_user_first_step_in_time;

CREATE FUNCTION residents_first_step_is_there() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.residents_user SET vouching_from = NULL
        WHERE id = NEW.user_id AND vouching_from > clock_timestamp();
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_secondstep_is_there AFTER INSERT OR UPDATE OF confirmed_at ON residents_secondstep
    FOR EACH ROW WHEN (NEW.confirmed_at IS NOT NULL AND NEW.ended_at IS NULL)
    EXECUTE FUNCTION residents_first_step_is_there();
ALTER TABLE residents_secondstep ENABLE ALWAYS TRIGGER residents_secondstep_is_there;
CREATE TRIGGER residents_passkey_is_there AFTER INSERT ON residents_passkey
    FOR EACH ROW WHEN (NEW.removed_at IS NULL) EXECUTE FUNCTION residents_first_step_is_there();
ALTER TABLE residents_passkey ENABLE ALWAYS TRIGGER residents_passkey_is_there;

-- Who is in an office today has the fortnight from today.
UPDATE residents_user SET vouching_from = clock_timestamp() + interval '14 days'
    WHERE (is_staff OR is_superuser) AND vouching_from IS NULL AND NOT residents_has_a_second_step(id);
"""
WHENEVER = """
DROP TRIGGER residents_passkey_is_there ON residents_passkey;
DROP TRIGGER residents_secondstep_is_there ON residents_secondstep;
DROP FUNCTION residents_first_step_is_there();
DROP TRIGGER residents_user_first_step_in_time ON residents_user;
DROP FUNCTION residents_user_first_step_in_time();
ALTER TABLE residents_user DISABLE TRIGGER residents_user_step_is_vouched_for;
UPDATE residents_user SET vouching_from = NULL WHERE vouching_from > clock_timestamp();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER residents_user_step_is_vouched_for;
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0045_rights_about_offices")]

    operations = [
        migrations.RenameField("user", "step_lost_at", "vouching_from"),
        migrations.RunSQL(NOW_ASKED, ASKED_BEFORE),
        migrations.RunSQL(IN_TIME, WHENEVER),
    ]
