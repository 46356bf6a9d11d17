"""The laws of messages where nobody can get round them.

Each chooses for themselves; the desk, for who has no account, paper alone (LM095). A mail address is its owner's, and proven
by a code within its time (LM096). A message begins waiting, goes only by a wish that stands, at the moment it goes, and
what is over stays as it was (LM097). That a number or an address was handed to somebody is not forgotten early (LM098).
"""

from django.db import migrations

from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

WISH = """
CREATE FUNCTION residents_wish_law() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who public.residents_resident%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a wish is made or taken back, never changed' USING ERRCODE = 'LM095';
    END IF;
    SELECT * INTO who FROM public.residents_resident WHERE id = NEW.resident_id FOR SHARE;
    IF who.erased_at IS NOT NULL OR who.left_at IS NOT NULL THEN
        RAISE EXCEPTION 'nobody is told who does not live here' USING ERRCODE = 'LM095';
    END IF;
    IF who.user_id IS NOT NULL AND who.user_id <> NEW.by_id THEN
        RAISE EXCEPTION 'each chooses for themselves' USING ERRCODE = 'LM095';
    END IF;
    IF who.user_id IS NULL AND NEW.way <> 'slip' THEN
        RAISE EXCEPTION 'who has no account is told on paper' USING ERRCODE = 'LM095';
    END IF;
    IF who.keep_at_desk AND NEW.way = 'slip' THEN
        RAISE EXCEPTION 'this person''s letters stay at the desk' USING ERRCODE = 'LM095';
    END IF;
    IF NEW.way = 'sms' AND who.phone_sealed IS NULL THEN
        RAISE EXCEPTION 'there is no number to send to' USING ERRCODE = 'LM095';
    END IF;
    IF NEW.way = 'mail' AND NOT EXISTS (SELECT FROM public.residents_mailaddress a
        WHERE a.id = NEW.address_id AND a.resident_id = NEW.resident_id AND a.proven_at IS NOT NULL) THEN
        RAISE EXCEPTION 'mail goes to an address that its owner has proven' USING ERRCODE = 'LM095';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_wish_law BEFORE INSERT OR UPDATE ON residents_wish
    FOR EACH ROW EXECUTE FUNCTION residents_wish_law();
ALTER TABLE residents_wish ENABLE ALWAYS TRIGGER residents_wish_law;
"""
NO_WISH = """
DROP TRIGGER residents_wish_law ON residents_wish;
DROP FUNCTION residents_wish_law();
"""

ADDRESS = """
CREATE FUNCTION residents_mailaddress_law() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who public.residents_resident%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO who FROM public.residents_resident WHERE id = NEW.resident_id FOR SHARE;
        IF who.user_id IS NULL OR who.left_at IS NOT NULL OR who.erased_at IS NOT NULL THEN
            RAISE EXCEPTION 'an address is given by who lives here and signs in' USING ERRCODE = 'LM096';
        END IF;
        -- Two hours, give or take the day by which clocks may differ.
        IF NEW.proven_at IS NOT NULL OR NEW.tries <> 0
            OR NEW.code_until > clock_timestamp() + interval '26 hours' THEN
            RAISE EXCEPTION 'an address begins unproven, and its code lives a short while' USING ERRCODE = 'LM096';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'tries' - 'proven_at' <> to_jsonb(OLD) - 'tries' - 'proven_at' OR NEW.tries < OLD.tries THEN
        RAISE EXCEPTION 'an address never becomes another' USING ERRCODE = 'LM096';
    END IF;
    IF NEW.proven_at IS DISTINCT FROM OLD.proven_at
        AND (OLD.proven_at IS NOT NULL OR clock_timestamp() >= OLD.code_until OR OLD.tries >= 5) THEN
        RAISE EXCEPTION 'an address is proven once, within the time of its code' USING ERRCODE = 'LM096';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_mailaddress_law BEFORE INSERT OR UPDATE ON residents_mailaddress
    FOR EACH ROW EXECUTE FUNCTION residents_mailaddress_law();
ALTER TABLE residents_mailaddress ENABLE ALWAYS TRIGGER residents_mailaddress_law;
"""
NO_ADDRESS = """
DROP TRIGGER residents_mailaddress_law ON residents_mailaddress;
DROP FUNCTION residents_mailaddress_law();
"""

MESSAGE = """
CREATE FUNCTION residents_message_is_wanted(resident uuid, way text, what text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_resident r
            WHERE r.id = $1 AND r.left_at IS NULL AND r.erased_at IS NULL)
        AND CASE $3
            WHEN 'code' THEN $2 = 'mail' AND EXISTS (SELECT FROM public.residents_mailaddress a
                WHERE a.resident_id = $1 AND a.proven_at IS NULL)
            ELSE EXISTS (SELECT FROM public.residents_wish w WHERE w.resident_id = $1 AND w.way = $2)
        END
$$;

CREATE FUNCTION residents_message_law() RETURNS trigger
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
            RAISE EXCEPTION 'nobody is told who did not ask for it' USING ERRCODE = 'LM097';
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
CREATE TRIGGER residents_message_law BEFORE INSERT OR UPDATE OR DELETE ON residents_message
    FOR EACH ROW EXECUTE FUNCTION residents_message_law();
ALTER TABLE residents_message ENABLE ALWAYS TRIGGER residents_message_law;
"""
NO_MESSAGE = """
DROP TRIGGER residents_message_law ON residents_message;
DROP FUNCTION residents_message_law();
DROP FUNCTION residents_message_is_wanted(uuid, text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0024_people_are_told_that_something_waits")]

    operations = [
        SameNeighborhood("residents_mailaddress", resident_id="residents_resident"),
        SameNeighborhood(
            "residents_wish", resident_id="residents_resident", address_id="residents_mailaddress"
        ),
        SameNeighborhood("residents_message", resident_id="residents_resident"),
        NeverInPractice("residents_mailaddress"),
        NeverInPractice("residents_wish"),
        migrations.RunSQL(WISH, NO_WISH),
        migrations.RunSQL(ADDRESS, NO_ADDRESS),
        migrations.RunSQL(MESSAGE, NO_MESSAGE),
        Rewritable("residents_mailaddress", secrets=["sealed"]),
    ]
