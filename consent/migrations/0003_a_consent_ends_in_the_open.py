"""Laws 3, 4 and 12 where nobody can get round them: a consent ends by a decision, and with an order to erase.

The clock ends one also when its form is no longer in force (obligation 7).
"""

from django.db import migrations, models

# The order names every consent it ends, as the place of its rows.
ENDS = """
CREATE FUNCTION consent_standing_ends_in_the_open() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest public.consent_decision%ROWTYPE;
BEGIN
    SELECT * INTO newest FROM public.consent_decision
        WHERE resident_id = OLD.resident_id AND purpose = OLD.purpose ORDER BY at DESC LIMIT 1;
    IF newest.id = OLD.decision_id OR newest.kind NOT IN ('withdrawn', 'expired', 'superseded') THEN
        RAISE EXCEPTION 'a consent ends by a decision' USING ERRCODE = 'LM005';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_erasureplace p
        JOIN public.residents_erasureorder o ON o.id = p.order_id AND o.resident_id = OLD.resident_id
        WHERE p.kind = 'rows' AND p.target = OLD.id) THEN
        RAISE EXCEPTION 'a consent ends with an order to erase' USING ERRCODE = 'LM005';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER consent_standing_ends_in_the_open BEFORE DELETE ON consent_standing
    FOR EACH ROW EXECUTE FUNCTION consent_standing_ends_in_the_open();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_standing_ends_in_the_open;
"""

ENDS_ANYHOW = """
DROP TRIGGER consent_standing_ends_in_the_open ON consent_standing;
DROP FUNCTION consent_standing_ends_in_the_open();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0002_decisions_only_append"),
        ("residents", "0004_gone_only_with_evidence"),
    ]

    operations = [
        migrations.RemoveConstraint("decision", "decision_has_an_actor"),
        migrations.AlterField(
            "decision",
            "kind",
            models.CharField(
                choices=[
                    ("given", "yes"),
                    ("refused", "no"),
                    ("withdrawn", "stopped"),
                    ("expired", "ran out"),
                    ("superseded", "ended with its form"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            "decision",
            models.CheckConstraint(
                condition=models.Q(("actor__isnull", False), ("capacity", "self"))
                | models.Q(("actor", None), ("capacity", "system"), ("kind__in", ["expired", "superseded"])),
                name="decision_has_an_actor",
            ),
        ),
        migrations.RunSQL(ENDS, ENDS_ANYHOW),
    ]
