"""Law 5 for forms: the second reader is another person, as far as the register knows, and whoever handed a form in stays
named; a change is told to those alone who had said yes; and no period is left open (obligations 7, 12, 20 and 36)."""

from django.db import migrations, models

LAWS = """
CREATE FUNCTION consent_form_two_readers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state = 'reading' AND NEW.state IN ('reading', 'published')
        AND (NEW.submitted_by_id IS DISTINCT FROM OLD.submitted_by_id
            OR NEW.submitted_at IS DISTINCT FROM OLD.submitted_at) THEN
        RAISE EXCEPTION 'whoever handed a form in stays named' USING ERRCODE = 'LM003';
    END IF;
    IF NEW.state = 'published' AND OLD.state <> 'published'
        AND public.residents_one_person(NEW.submitted_by_id, NEW.published_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'one reader is not two' USING ERRCODE = 'LM003';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_form_two_readers BEFORE UPDATE ON consent_form
    FOR EACH ROW EXECUTE FUNCTION consent_form_two_readers();
ALTER TABLE consent_form ENABLE ALWAYS TRIGGER consent_form_two_readers;

CREATE FUNCTION consent_notice_after_a_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.consent_standing s WHERE s.resident_id = NEW.resident_id
        AND s.purpose = NEW.purpose) THEN
        RAISE EXCEPTION 'who had not said yes is told nothing of a form' USING ERRCODE = 'LM004';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_notice_after_a_yes BEFORE INSERT ON consent_notice
    FOR EACH ROW WHEN (NEW.kind IN ('form_changed', 'form_reworded')) EXECUTE FUNCTION consent_notice_after_a_yes();
ALTER TABLE consent_notice ENABLE ALWAYS TRIGGER consent_notice_after_a_yes;
"""
LAWLESS = """
DROP TRIGGER consent_notice_after_a_yes ON consent_notice;
DROP FUNCTION consent_notice_after_a_yes();
DROP TRIGGER consent_form_two_readers ON consent_form;
DROP FUNCTION consent_form_two_readers();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0009_a_yes_of_guardians_is_held"),
        ("residents", "0017_a_minors_details_take_two"),
    ]

    operations = [
        migrations.RunSQL(LAWS, LAWLESS),
        migrations.AddConstraint(
            model_name="form",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "reading", "superseded"]),
                    models.Q(("life_days__isnull", False), ("retention_days__isnull", False)),
                    _connector="OR",
                ),
                name="form_published_has_its_periods",
            ),
        ),
    ]
