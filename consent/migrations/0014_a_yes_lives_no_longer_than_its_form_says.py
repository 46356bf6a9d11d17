"""A yes ends when its form says, by the database's clock. A day of leeway was there for clocks that differ, and was a day
longer than the person had agreed to; what a clock that is ahead asks for too much is now cut off instead."""

from django.db import migrations

LAW = """
CREATE FUNCTION consent_standing_not_longer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT LEAST(NEW.expires_at, d.at + make_interval(hours => 24 * f.life_days)) INTO NEW.expires_at
        FROM public.consent_decision d JOIN public.consent_form f ON f.id = d.form_id WHERE d.id = NEW.decision_id;
    RETURN NEW;
END
$$;
-- By its name after consent_standing_is_earned, which refuses what is longer than any two clocks differ.
CREATE TRIGGER consent_standing_not_longer BEFORE INSERT ON consent_standing
    FOR EACH ROW EXECUTE FUNCTION consent_standing_not_longer();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_standing_not_longer;
"""
NO_LAW = """
DROP TRIGGER consent_standing_not_longer ON consent_standing;
DROP FUNCTION consent_standing_not_longer();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0013_no_way_round_a_yes_or_a_no")]

    operations = [migrations.RunSQL(LAW, NO_LAW)]
