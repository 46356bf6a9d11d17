"""Somebody's word opens an account to another second step for a day (obligation 23); and who closes a yearly audit of minors' data,
or says that it is late, does so at the moment that the database's own clock shows (obligation 39)."""

from django.db import migrations

# What 0046 asks, and: sooner is from now on and not before it, so that no vouching of before does once more; and a vouching
# opens the account for a day, or for good where there is a second step.
VOUCHED = """
CREATE OR REPLACE FUNCTION residents_user_step_is_vouched_for() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SOONER
    IF (NEW.vouching_from IS NULL OR NEW.vouching_from > OLD.vouching_from)
        AND NOT (OLD.vouching_from > clock_timestamp() AND public.residents_has_a_second_step(NEW.id)) THEN
        IF NOT EXISTS (SELECT FROM public.residents_vouching v
            WHERE v.user_id = NEW.id AND v.at >= OLD.vouching_from) THEN
            RAISE EXCEPTION 'a lost second step is lost until somebody has vouched' USING ERRCODE = 'LM204';
        END IF;
        WITHIN
    END IF;
    RETURN NEW;
END
$$;
"""
FOR_A_DAY = VOUCHED.replace(
    "SOONER",
    """IF NEW.vouching_from < OLD.vouching_from THEN
        NEW.vouching_from := GREATEST(NEW.vouching_from, LEAST(OLD.vouching_from, clock_timestamp()));
    END IF;""",
).replace(
    "WITHIN",
    """IF NOT public.residents_has_a_second_step(NEW.id) THEN
            NEW.vouching_from := LEAST(NEW.vouching_from, clock_timestamp() + interval '1 day');
        END IF;""",
)
FOR_EVER = VOUCHED.replace("SOONER", "").replace("WITHIN", "")

# Whoever was vouched for and has set up none since has the day from today.
BEGUN = """
UPDATE residents_user SET vouching_from = clock_timestamp() + interval '1 day'
    WHERE (is_staff OR is_superuser) AND vouching_from IS NULL AND NOT residents_has_a_second_step(id);
"""

AUDITED = """
CREATE OR REPLACE FUNCTION residents_minorsaudit_goes_forward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    zone text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.closed_at IS NULL OR OLD.closed_at > clock_timestamp() - interval '1094 days' THEN
            RAISE EXCEPTION 'what a yearly audit found is kept for three years' USING ERRCODE = 'LM202';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.closed_at IS NOT NULL
        OR (NEW.id, NEW.year, NEW.opened_at, NEW.due_on) IS DISTINCT FROM (OLD.id, OLD.year, OLD.opened_at, OLD.due_on)
        OR OLD.late_at IS NOT NULL AND NEW.late_at IS DISTINCT FROM OLD.late_at
    THEN
        RAISE EXCEPTION 'a yearly audit is closed once, and stays as it was written' USING ERRCODE = 'LM200';
    END IF;
    CLOCK
    SELECT time_zone INTO zone FROM public.residents_neighborhood WHERE id = NEW.neighborhood_id;
    IF NEW.closed_at < make_date(NEW.year + 1, 1, 1)::timestamp AT TIME ZONE zone
        OR NEW.late_at < (NEW.due_on + 1)::timestamp AT TIME ZONE zone
    THEN
        RAISE EXCEPTION 'a year is audited when it is over, and late after its day' USING ERRCODE = 'LM201';
    END IF;
    RETURN NEW;
END
$$;
"""
BY_THE_CLOCK = AUDITED.replace(
    "CLOCK",
    """IF NEW.closed_at IS NOT NULL THEN
        NEW.closed_at := clock_timestamp();
    END IF;
    IF OLD.late_at IS NULL AND NEW.late_at IS NOT NULL THEN
        NEW.late_at := clock_timestamp();
    END IF;""",
)
AS_IT_WAS_SAID = AUDITED.replace("CLOCK", "")


class Migration(migrations.Migration):
    dependencies = [("residents", "0046_a_first_second_step_is_set_up_in_time")]

    operations = [
        migrations.RunSQL(FOR_A_DAY, FOR_EVER),
        migrations.RunSQL(BEGUN, migrations.RunSQL.noop),
        migrations.RunSQL(BY_THE_CLOCK, AS_IT_WAS_SAID),
    ]
