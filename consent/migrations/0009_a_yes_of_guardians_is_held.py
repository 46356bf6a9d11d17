"""A guardian's yes stands while a guardian who agreed to it decides: not beyond a court's bar, nor a guardian's going (obligation 15)."""

from django.db import migrations, models

HELD = """
-- Whether the newest word of any guardian who decides today is a yes.
CREATE FUNCTION consent_is_held(child uuid, what text) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_guardianship g
        CROSS JOIN LATERAL (SELECT d.kind FROM public.consent_decision d WHERE d.guardianship_id = g.id
            AND d.resident_id = $1 AND d.purpose = $2 ORDER BY d.at DESC LIMIT 1) newest
        WHERE g.child_id = $1 AND newest.kind = 'given' AND public.consent_guardian(g.id, $1) IS NOT NULL)
$$;

CREATE FUNCTION consent_unheld(child uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.consent_standing s JOIN public.consent_decision d ON d.id = s.decision_id
        WHERE s.resident_id = $1 AND d.capacity = 'guardian' AND s.expires_at > clock_timestamp()
        AND NOT public.consent_is_held($1, s.purpose))
$$;

CREATE FUNCTION consent_decision_unheld() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- With one that is not held goes what only serves it.
    IF NOT public.consent_unheld(NEW.resident_id) OR NOT EXISTS (
        SELECT FROM public.consent_standing s WHERE s.resident_id = NEW.resident_id AND s.purpose = NEW.purpose) THEN
        RAISE EXCEPTION 'a guardian who agreed to it decides still' USING ERRCODE = 'LM004';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_unheld BEFORE INSERT ON consent_decision
    FOR EACH ROW WHEN (NEW.kind = 'unheld') EXECUTE FUNCTION consent_decision_unheld();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_unheld;

CREATE FUNCTION consent_guardian_gone() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.consent_unheld(NEW.child_id) THEN
        RAISE EXCEPTION 'a yes stands while a guardian who agreed to it decides' USING ERRCODE = 'LM005';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER consent_guardian_gone AFTER UPDATE ON residents_guardianship
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION consent_guardian_gone();
ALTER TABLE residents_guardianship ENABLE ALWAYS TRIGGER consent_guardian_gone;
"""
NOT_HELD = """
DROP TRIGGER consent_guardian_gone ON residents_guardianship;
DROP FUNCTION consent_guardian_gone();
DROP TRIGGER consent_decision_unheld ON consent_decision;
DROP FUNCTION consent_decision_unheld();
DROP FUNCTION consent_unheld(uuid);
DROP FUNCTION consent_is_held(uuid, text);
"""

ENDS = """
CREATE OR REPLACE FUNCTION consent_standing_ends_in_the_open() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest public.consent_decision%ROWTYPE;
BEGIN
    SELECT * INTO newest FROM public.consent_decision
        WHERE resident_id = OLD.resident_id AND purpose = OLD.purpose ORDER BY at DESC LIMIT 1;
    IF newest.id = OLD.decision_id OR newest.kind NOT IN ({kinds}) THEN
        RAISE EXCEPTION 'a consent ends by a decision' USING ERRCODE = 'LM005';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_erasureplace p
        JOIN public.residents_erasureorder o ON o.id = p.order_id AND o.resident_id = OLD.resident_id
        WHERE p.kind = 'rows' AND p.target = OLD.id) THEN
        RAISE EXCEPTION 'a consent ends with an order to erase' USING ERRCODE = 'LM005';
    END IF;
    RETURN OLD;
END
$$
"""
NOW = ENDS.format(kinds="'withdrawn', 'expired', 'superseded', 'ended', 'unheld'")
BEFORE = ENDS.format(kinds="'withdrawn', 'expired', 'superseded', 'ended'")


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0008_off_until_justified_and_assessed"),
        ("residents", "0017_a_minors_details_take_two"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_has_an_actor",
        ),
        migrations.AlterField(
            model_name="decision",
            name="kind",
            field=models.CharField(
                choices=[
                    ("given", "yes"),
                    ("refused", "no"),
                    ("withdrawn", "stopped"),
                    ("expired", "ran out"),
                    ("superseded", "ended with its form"),
                    ("ended", "ended with living here"),
                    ("unheld", "ended with the guardian’s power"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("capacity", "guardian")),
                fields=["resident", "purpose"],
                name="decision_by_guardian",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("actor__isnull", False),
                        ("capacity__in", ["self", "guardian", "helper"]),
                        ("paper", None),
                        ("route", "portal"),
                    ),
                    models.Q(
                        ("actor", None),
                        ("capacity__in", ["self", "guardian"]),
                        ("paper__isnull", False),
                        ("route", "paper"),
                    ),
                    models.Q(
                        ("actor", None),
                        ("capacity", "system"),
                        ("kind__in", ["expired", "superseded", "ended", "unheld"]),
                        ("paper", None),
                        ("route", "clock"),
                    ),
                    _connector="OR",
                ),
                name="decision_has_an_actor",
            ),
        ),
        migrations.RunSQL(NOW, BEFORE),
        migrations.RunSQL(HELD, NOT_HELD),
    ]
