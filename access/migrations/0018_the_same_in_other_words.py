"""A yes stands while its form does, in the words that were signed or in later ones that say the same (obligation 7)."""

from django.db import migrations

STANDS = """
CREATE OR REPLACE FUNCTION access_consent_stands(standing uuid, person uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.consent_standing s
        JOIN public.consent_decision d ON d.id = s.decision_id
        JOIN public.consent_form f ON f.id = d.form_id AND f.state IN ({states})
        WHERE s.id = standing AND s.resident_id = person AND s.purpose = what AND s.expires_at > clock_timestamp()
        FOR KEY SHARE OF s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no consent of this resident to % is in force', what USING ERRCODE = '23514';
    END IF;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0017_a_way_in_from_the_first_day"),
        ("consent", "0006_read_by_two_and_decided_by_whom"),
    ]

    operations = [
        migrations.RunSQL(
            STANDS.format(states="'published', 'reworded'"), STANDS.format(states="'published'")
        )
    ]
