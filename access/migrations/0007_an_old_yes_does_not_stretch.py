"""Obligation 7 where nobody can get round it: a yes to a form that is no longer in force carries nothing new."""

from django.db import migrations

STANDS = """
CREATE OR REPLACE FUNCTION access_consent_stands(standing uuid, person uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.consent_standing s%(form)s
        WHERE s.id = standing AND s.resident_id = person AND s.purpose = what AND s.expires_at > clock_timestamp()
        FOR KEY SHARE OF s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no consent of this resident to %% is in force', what USING ERRCODE = '23514';
    END IF;
END
$$;
"""

IN_FORCE = """
        JOIN public.consent_decision d ON d.id = s.decision_id
        JOIN public.consent_form f ON f.id = d.form_id AND f.state = 'published'"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0006_within_one_neighborhood"),
        ("consent", "0003_a_consent_ends_in_the_open"),
    ]

    operations = [migrations.RunSQL(STANDS % {"form": IN_FORCE}, STANDS % {"form": ""})]
