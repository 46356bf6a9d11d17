"""Only of a reader that is refused already is it said that it was lost, stolen or scrapped: one that the gates' feed still
trusts could be written off and go on opening by the face it was to forget (law 12, obligation 9)."""

from django.db import migrations

LAW = """
CREATE FUNCTION access_closing_of_a_revoked_reader() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.access_device d WHERE d.id = NEW.what AND d.neighborhood_id = NEW.neighborhood_id
        AND d.revoked_at IS NOT NULL FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a reader is revoked before it is said that it will not answer' USING ERRCODE = 'LM156';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_closing_of_a_revoked_reader BEFORE INSERT ON residents_closing
    FOR EACH ROW WHEN (NEW.kind = 'device') EXECUTE FUNCTION access_closing_of_a_revoked_reader();
ALTER TABLE residents_closing ENABLE ALWAYS TRIGGER access_closing_of_a_revoked_reader;
"""
LAWLESS = """
DROP TRIGGER access_closing_of_a_revoked_reader ON residents_closing;
DROP FUNCTION access_closing_of_a_revoked_reader();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0025_the_days_run_where_they_were_announced"),
        ("residents", "0036_a_certificate_says_what_its_places_say"),
    ]

    operations = [migrations.RunSQL(LAW, LAWLESS)]
