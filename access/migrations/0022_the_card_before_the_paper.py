"""Laws 1 and 5: nobody takes a form home who could not get in without what it asks for."""

from django.db import migrations

CARD = """
CREATE FUNCTION access_card_before_paper() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever has said yes may always take the form on which to say no.
    IF NOT EXISTS (SELECT FROM public.access_credential c WHERE c.resident_id = NEW.resident_id
            AND c.kind IN ('card', 'pin') AND c.ended_at IS NULL)
        AND NOT EXISTS (SELECT FROM public.consent_standing s JOIN public.consent_form f ON f.purpose = s.purpose
            WHERE s.resident_id = NEW.resident_id AND f.id = NEW.form_id) THEN
        RAISE EXCEPTION 'the card comes first' USING ERRCODE = 'LM073';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_card_before_paper BEFORE INSERT ON consent_paper
    FOR EACH ROW EXECUTE FUNCTION access_card_before_paper();
ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER access_card_before_paper;
"""
NO_CARD = """
DROP TRIGGER access_card_before_paper ON consent_paper;
DROP FUNCTION access_card_before_paper();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0021_no_face_without_a_sign"),
        ("consent", "0012_a_paper_goes_one_way"),
    ]

    operations = [migrations.RunSQL(CARD, NO_CARD)]
