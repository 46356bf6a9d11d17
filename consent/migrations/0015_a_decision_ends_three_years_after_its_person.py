"""What was decided is proof, and proof has an end as well (law 9, obligation 20): three years after its person became a
tombstone, and after the decision itself, by the database's own clock. The paper on which it was signed goes in the same
act. What stands in the ledger stays, and leads to nobody."""

from importlib import import_module

from django.db import migrations

from ledger.append_only import if_role_exists

BEFORE = import_module("consent.migrations.0012_a_paper_goes_one_way").PAPER.split("CREATE TRIGGER")[0]
A_YEAR = "IF OLD.stopped_at IS NULL AND OLD.answer <> 'no'"
# Its foreign key keeps it for as long as the decision is there.
OR_THREE = f"""IF public.residents_long_erased(OLD.resident_id) THEN
            RETURN OLD;
        END IF;
        {A_YEAR}"""
PAPER = BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
assert A_YEAR in PAPER, "the law of papers reads as it did"

# The decision's own age is asked too: the database wrote it down, while the day of an erasure comes from whoever sweeps.
PERIOD = """
CREATE FUNCTION consent_decision_keeps_its_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.at > clock_timestamp() - interval '1094 days' OR NOT public.residents_long_erased(OLD.resident_id) THEN
        RAISE EXCEPTION 'a decision is kept for three years after its person was erased' USING ERRCODE = 'LM162';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER consent_decision_keeps_its_period BEFORE DELETE ON consent_decision
    FOR EACH ROW EXECUTE FUNCTION consent_decision_keeps_its_period();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_keeps_its_period;

-- A paper whose decision is gone would read as one that waits for its three days.
CREATE FUNCTION consent_paper_goes_with_the_decision() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.consent_paper WHERE id = OLD.paper_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER consent_paper_goes_with_the_decision AFTER DELETE ON consent_decision
    FOR EACH ROW WHEN (OLD.paper_id IS NOT NULL) EXECUTE FUNCTION consent_paper_goes_with_the_decision();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_paper_goes_with_the_decision;
"""
NO_PERIOD = """
DROP TRIGGER consent_paper_goes_with_the_decision ON consent_decision;
DROP FUNCTION consent_paper_goes_with_the_decision();
DROP TRIGGER consent_decision_keeps_its_period ON consent_decision;
DROP FUNCTION consent_decision_keeps_its_period();
"""


def refused(acts: str) -> str:
    """As in `ledger.append_only`: nobody rewrites a decision, and whether one may go is the law of its period."""
    return f"""
    DROP TRIGGER consent_decision_append_only ON consent_decision;
    CREATE TRIGGER consent_decision_append_only BEFORE {acts} ON consent_decision
        FOR EACH ROW EXECUTE FUNCTION linmen_refuse_change();
    ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_append_only;
    """


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0014_a_yes_lives_no_longer_than_its_form_says"),
        ("residents", "0036_a_certificate_says_what_its_places_say"),
    ]

    operations = [
        migrations.RunSQL(PAPER.replace(A_YEAR, OR_THREE), PAPER),
        migrations.RunSQL(PERIOD, NO_PERIOD),
        migrations.RunSQL(refused("UPDATE"), refused("UPDATE OR DELETE")),
        migrations.RunSQL(
            if_role_exists("GRANT DELETE ON consent_decision TO linmen_app"),
            if_role_exists("REVOKE DELETE ON consent_decision FROM linmen_app"),
        ),
    ]
