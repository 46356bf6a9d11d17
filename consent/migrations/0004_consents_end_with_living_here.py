"""A consent ends when somebody lives here no more: by the clock's own decision, and only then (laws 3 and 5)."""

from django.db import migrations, models

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
NOW = ENDS.format(kinds="'withdrawn', 'expired', 'superseded', 'ended'")
BEFORE = ENDS.format(kinds="'withdrawn', 'expired', 'superseded'")

# Nobody agrees for somebody who has left, nor alone under fourteen; and nothing else ends a consent in this way.
ONLY_HERE = """
CREATE FUNCTION consent_decision_while_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone timestamptz;
    birthday date;
BEGIN
    SELECT left_at, born INTO gone, birthday FROM public.residents_resident
        WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    IF NEW.kind = 'given' AND birthday > (public.residents_today(NEW.neighborhood_id) - interval '14 years')::date THEN
        RAISE EXCEPTION 'under fourteen nobody agrees alone' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'given' AND gone IS NOT NULL THEN
        RAISE EXCEPTION 'who does not live here any more agrees to nothing' USING ERRCODE = 'LM004';
    END IF;
    IF NEW.kind = 'ended' AND gone IS NULL THEN
        RAISE EXCEPTION 'a consent ends in this way only when somebody has left' USING ERRCODE = 'LM004';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_while_here BEFORE INSERT ON consent_decision
    FOR EACH ROW EXECUTE FUNCTION consent_decision_while_here();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_while_here;
"""
ANYWHERE = """
DROP TRIGGER consent_decision_while_here ON consent_decision;
DROP FUNCTION consent_decision_while_here();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0003_a_consent_ends_in_the_open"),
        ("residents", "0010_nobody_is_moved_out_by_a_form"),
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
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("actor__isnull", False), ("capacity", "self")),
                    models.Q(
                        ("actor", None),
                        ("capacity", "system"),
                        ("kind__in", ["expired", "superseded", "ended"]),
                    ),
                    _connector="OR",
                ),
                name="decision_has_an_actor",
            ),
        ),
        migrations.RunSQL(NOW, BEFORE),
        migrations.RunSQL(ONLY_HERE, ANYWHERE),
    ]
