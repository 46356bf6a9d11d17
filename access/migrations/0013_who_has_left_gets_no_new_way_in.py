"""A card that is issued in the very moment in which somebody moves out: whoever comes second sees the first (law 13)."""

from django.db import migrations

WHILE_HERE = """
CREATE FUNCTION access_credential_while_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone timestamptz;
BEGIN
    SELECT left_at INTO gone FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'who does not live here any more gets no new way in' USING ERRCODE = 'LM035',
            HINT = 'Let them move in first.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_credential_while_here BEFORE INSERT ON access_credential
    FOR EACH ROW EXECUTE FUNCTION access_credential_while_here();
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_credential_while_here;
"""
ANYBODY = """
DROP TRIGGER access_credential_while_here ON access_credential;
DROP FUNCTION access_credential_while_here();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0012_cards_that_already_exist"),
        ("residents", "0009_how_people_come_to_live_here_no_more"),
    ]

    operations = [migrations.RunSQL(WHILE_HERE, ANYBODY)]
