"""An unwanted message does not come to be, and a wish for text messages holds for one number.

Between reading who wants to be told and writing it down a wish may be taken back: then nothing is written for them, and the
act of which they were to be told goes through (before, it failed with LM097). And a yes to text messages was a yes to the
number of that day: with another one it is over, and so is what waits for it.
"""

from django.db import migrations

MESSAGE = """
CREATE OR REPLACE FUNCTION residents_message_law() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    may boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.handed_at > clock_timestamp() - interval '1094 days' AND NOT EXISTS (
            SELECT FROM public.residents_resident r WHERE r.id = OLD.resident_id AND r.erased_at IS NOT NULL) THEN
            RAISE EXCEPTION 'to whom a number or an address was handed is kept' USING ERRCODE = 'LM098';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NEW.attempts <> 0 OR NEW.handed_at IS NOT NULL OR NEW.claim IS NOT NULL THEN
            RAISE EXCEPTION 'a message begins waiting' USING ERRCODE = 'LM097';
        END IF;
        IF NOT public.residents_message_is_wanted(NEW.resident_id, NEW.way, NEW.what) THEN
            {unwanted}
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.neighborhood_id, NEW.resident_id, NEW.what, NEW.way, NEW.made_at)
        IS DISTINCT FROM (OLD.id, OLD.neighborhood_id, OLD.resident_id, OLD.what, OLD.way, OLD.made_at)
        OR OLD.handed_at IS NOT NULL AND NEW.handed_at IS DISTINCT FROM OLD.handed_at THEN
        RAISE EXCEPTION 'a message never becomes another' USING ERRCODE = 'LM097';
    END IF;
    may := CASE OLD.state
        WHEN 'waiting' THEN NEW.state IN ('waiting', 'dropped')
            OR CASE NEW.way WHEN 'slip' THEN NEW.state = 'printed' ELSE NEW.state = 'sending' END
        WHEN 'sending' THEN NEW.state IN ('sending', 'sent', 'given_up', 'dropped')
        ELSE false END;
    IF NOT may THEN
        RAISE EXCEPTION 'what is over stays as it was' USING ERRCODE = 'LM097';
    END IF;
    IF NEW.claim IS NOT NULL AND NEW.claim IS DISTINCT FROM OLD.claim OR NEW.state = 'printed' THEN
        IF NOT public.residents_message_is_wanted(NEW.resident_id, NEW.way, NEW.what) THEN
            RAISE EXCEPTION 'nobody is told who did not ask for it' USING ERRCODE = 'LM097';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
"""
FAILS = "RAISE EXCEPTION 'nobody is told who did not ask for it' USING ERRCODE = 'LM097';"
QUIETLY = f"""IF NEW.what = 'waits' THEN
                RETURN NULL;
            END IF;
            {FAILS}"""

NUMBER = """
CREATE FUNCTION residents_resident_another_number() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.residents_wish w WHERE w.resident_id = NEW.id AND w.way = 'sms';
    DELETE FROM public.residents_message m
        WHERE m.resident_id = NEW.id AND m.way = 'sms' AND m.state = 'waiting' AND m.handed_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_resident_another_number AFTER UPDATE ON residents_resident
    FOR EACH ROW WHEN (OLD.phone_index IS DISTINCT FROM NEW.phone_index)
    EXECUTE FUNCTION residents_resident_another_number();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_another_number;
"""
NO_NUMBER = """
DROP TRIGGER residents_resident_another_number ON residents_resident;
DROP FUNCTION residents_resident_another_number();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0027_a_code_is_used_once")]

    operations = [
        migrations.RunSQL(MESSAGE.replace("{unwanted}", QUIETLY), MESSAGE.replace("{unwanted}", FAILS)),
        migrations.RunSQL(NUMBER, NO_NUMBER),
    ]
