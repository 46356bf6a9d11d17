"""The recipient's way, as the database holds it: an account of somebody who is nobody here (LM119), a key that never changes
(LM120), a link that opens once (LM128), and what is asked back until the recipient says that it is gone (LM129, LM130)."""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

ACCOUNT = """
-- LM119: whoever fetches for a recipient lives nowhere here and works for nobody here; and never does, with this account.
CREATE FUNCTION sharing_account_of_nobody_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that somebody was invited is kept' USING ERRCODE = 'LM119';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.user_id IS NOT NULL OR NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'an account begins as the code of a letter' USING ERRCODE = 'LM119';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'user_id' - 'opened_at' - 'ended_at' - 'ended_by_id'
        <> to_jsonb(OLD) - 'user_id' - 'opened_at' - 'ended_at' - 'ended_by_id'
        OR (OLD.user_id IS NOT NULL AND (NEW.user_id, NEW.opened_at) IS DISTINCT FROM (OLD.user_id, OLD.opened_at))
        OR (OLD.ended_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'what an invitation was, it stays; used and ended are final' USING ERRCODE = 'LM119';
    END IF;
    IF NEW.user_id IS NOT NULL AND OLD.user_id IS NULL THEN
        -- Waits for whoever makes a resident or staff of this account.
        PERFORM FROM public.residents_user WHERE id = NEW.user_id FOR UPDATE;
        IF EXISTS (SELECT FROM public.residents_user WHERE id = NEW.user_id AND (is_staff OR is_superuser))
            OR EXISTS (SELECT FROM public.residents_resident WHERE user_id = NEW.user_id) THEN
            RAISE EXCEPTION 'this is the account of somebody here' USING ERRCODE = 'LM119';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_account_of_nobody_here BEFORE INSERT OR UPDATE OR DELETE ON sharing_recipientaccount
    FOR EACH ROW EXECUTE FUNCTION sharing_account_of_nobody_here();
ALTER TABLE sharing_recipientaccount ENABLE ALWAYS TRIGGER sharing_account_of_nobody_here;

CREATE FUNCTION sharing_recipients_stay_outside() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account uuid := CASE TG_TABLE_NAME WHEN 'residents_user' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'user_id' END;
BEGIN
    IF TG_TABLE_NAME <> 'residents_user' THEN
        PERFORM FROM public.residents_user WHERE id = account FOR SHARE;
    END IF;
    IF EXISTS (SELECT FROM public.sharing_recipientaccount WHERE user_id = account) THEN
        RAISE EXCEPTION 'whoever fetches for a recipient is nobody here' USING ERRCODE = 'LM119';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_recipient_is_no_staff BEFORE INSERT OR UPDATE OF is_staff, is_superuser ON residents_user
    FOR EACH ROW WHEN (NEW.is_staff OR NEW.is_superuser) EXECUTE FUNCTION sharing_recipients_stay_outside();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER sharing_recipient_is_no_staff;
CREATE TRIGGER sharing_recipient_is_no_resident BEFORE INSERT OR UPDATE OF user_id ON residents_resident
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION sharing_recipients_stay_outside();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER sharing_recipient_is_no_resident;
"""
NO_ACCOUNT = """
DROP TRIGGER sharing_recipient_is_no_resident ON residents_resident;
DROP TRIGGER sharing_recipient_is_no_staff ON residents_user;
DROP FUNCTION sharing_recipients_stay_outside();
DROP TRIGGER sharing_account_of_nobody_here ON sharing_recipientaccount;
DROP FUNCTION sharing_account_of_nobody_here();
"""

LINK = """
-- LM128: a link leads to one copy that may still be had, and opens once, for who may have it.
CREATE FUNCTION sharing_link_opens_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made public.sharing_copy%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that a link was made is kept' USING ERRCODE = 'LM128';
    END IF;
    SELECT * INTO made FROM public.sharing_copy WHERE id = NEW.copy_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.opened_at IS NOT NULL OR NEW.ended_at IS NOT NULL OR made.state NOT IN ('ready', 'handed') THEN
            RAISE EXCEPTION 'there is nothing to which this could lead' USING ERRCODE = 'LM128';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'ended_at' - 'ended_because' - 'opened_at' - 'opened_by_id' - 'challenge' - 'signature'
        <> to_jsonb(OLD) - 'ended_at' - 'ended_because' - 'opened_at' - 'opened_by_id' - 'challenge' - 'signature'
        OR ((OLD.opened_at IS NOT NULL OR OLD.ended_at IS NOT NULL) AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'a link opens once, or ends' USING ERRCODE = 'LM128';
    END IF;
    IF NEW.opened_at IS NULL THEN
        RETURN NEW;
    END IF;
    IF made.state NOT IN ('ready', 'handed') THEN
        RAISE EXCEPTION 'this copy is not given any more' USING ERRCODE = 'LM128';
    END IF;
    IF clock_timestamp() >= NEW.until THEN
        RAISE EXCEPTION 'the week of this link is over' USING ERRCODE = 'LM128';
    END IF;
    IF NOT EXISTS (SELECT FROM public.sharing_recipientaccount a
        JOIN public.sharing_recipientkey k ON k.recipient_id = a.recipient_id
        WHERE a.id = NEW.opened_by_id AND a.user_id IS NOT NULL AND a.ended_at IS NULL
        AND k.id = made.key_id AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL) THEN
        RAISE EXCEPTION 'only the recipient opens it, with the key that was confirmed' USING ERRCODE = 'LM128';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_link_opens_once BEFORE INSERT OR UPDATE OR DELETE ON sharing_link
    FOR EACH ROW EXECUTE FUNCTION sharing_link_opens_once();
ALTER TABLE sharing_link ENABLE ALWAYS TRIGGER sharing_link_opens_once;
"""
NO_LINK = """
DROP TRIGGER sharing_link_opens_once ON sharing_link;
DROP FUNCTION sharing_link_opens_once();
"""

KEY = """
-- LM120: a key is given, proven, confirmed by a second person, ended; never another.
CREATE FUNCTION sharing_key_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invited public.sharing_recipientaccount%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a key is kept: it says who could open what' USING ERRCODE = 'LM120';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'proven_at' - 'confirmed_at' - 'confirmed_by_id' - 'ended_at'
            <> to_jsonb(OLD) - 'proven_at' - 'confirmed_at' - 'confirmed_by_id' - 'ended_at'
            OR (OLD.proven_at IS NOT NULL AND NEW.proven_at IS DISTINCT FROM OLD.proven_at)
            OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by_id)
                IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by_id))
            OR (OLD.ended_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
            RAISE EXCEPTION 'a key never changes: a new one takes its place' USING ERRCODE = 'LM120';
        END IF;
    END IF;
    SELECT * INTO invited FROM public.sharing_recipientaccount WHERE id = NEW.account_id;
    IF invited.recipient_id IS DISTINCT FROM NEW.recipient_id OR invited.user_id IS NULL THEN
        RAISE EXCEPTION 'a key is given by the account of its recipient' USING ERRCODE = 'LM120';
    END IF;
    IF NEW.confirmed_by_id IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.confirmed_by_id IS NULL) AND (
        NEW.proven_at IS NULL OR public.residents_is_staff(NEW.confirmed_by_id) IS NOT TRUE
        OR public.residents_one_person(invited.made_by_id, NEW.confirmed_by_id)) THEN
        RAISE EXCEPTION 'a key is confirmed once it is proven, and by a second person of the staff' USING ERRCODE = 'LM120';
    END IF;
    IF NEW.confirmed_by_id IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.confirmed_by_id IS NULL)
        AND invited.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'the account that gave this key has ended' USING ERRCODE = 'LM120';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_key_goes_forward BEFORE INSERT OR UPDATE OR DELETE ON sharing_recipientkey
    FOR EACH ROW EXECUTE FUNCTION sharing_key_goes_forward();
ALTER TABLE sharing_recipientkey ENABLE ALWAYS TRIGGER sharing_key_goes_forward;
"""
NO_KEY = """
DROP TRIGGER sharing_key_goes_forward ON sharing_recipientkey;
DROP FUNCTION sharing_key_goes_forward();
"""

RECALLS = """
-- LM130: a recall asks for rows of its own copy, that was handed over, until it is answered.
CREATE FUNCTION sharing_recall_of_what_was_given() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.sharing_recall r JOIN public.sharing_copy c ON c.id = r.copy_id
        JOIN public.sharing_disclosedrow d ON d.copy_id = c.id
        WHERE r.id = NEW.recall_id AND d.id = NEW.row_id AND c.state = 'handed')
        OR EXISTS (SELECT FROM public.sharing_confirmation WHERE recall_id = NEW.recall_id) THEN
        RAISE EXCEPTION 'only what was handed over is asked back' USING ERRCODE = 'LM130';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_recall_of_what_was_given BEFORE INSERT ON sharing_recallline
    FOR EACH ROW EXECUTE FUNCTION sharing_recall_of_what_was_given();
ALTER TABLE sharing_recallline ENABLE ALWAYS TRIGGER sharing_recall_of_what_was_given;

-- LM129: only the recipient answers, with its living account and its confirmed key.
CREATE FUNCTION sharing_confirmed_by_the_recipient() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid := (SELECT q.recipient_id FROM public.sharing_recall r JOIN public.sharing_copy c ON c.id = r.copy_id
        JOIN public.sharing_disclosure d ON d.id = c.disclosure_id JOIN public.sharing_request q ON q.id = d.request_id
        WHERE r.id = NEW.recall_id);
BEGIN
    IF NOT EXISTS (SELECT FROM public.sharing_recipientkey k WHERE k.id = NEW.key_id AND k.recipient_id = whose
        AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL)
        OR NOT EXISTS (SELECT FROM public.sharing_recipientaccount a WHERE a.id = NEW.account_id
            AND a.recipient_id = whose AND a.user_id IS NOT NULL AND a.ended_at IS NULL) THEN
        RAISE EXCEPTION 'only the recipient says what it has deleted' USING ERRCODE = 'LM129';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_confirmed_by_the_recipient BEFORE INSERT ON sharing_confirmation
    FOR EACH ROW EXECUTE FUNCTION sharing_confirmed_by_the_recipient();
ALTER TABLE sharing_confirmation ENABLE ALWAYS TRIGGER sharing_confirmed_by_the_recipient;
"""
NO_RECALLS = """
DROP TRIGGER sharing_confirmed_by_the_recipient ON sharing_confirmation;
DROP FUNCTION sharing_confirmed_by_the_recipient();
DROP TRIGGER sharing_recall_of_what_was_given ON sharing_recallline;
DROP FUNCTION sharing_recall_of_what_was_given();
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0008_recipients_fetch_with_their_own_key")]

    operations = [
        migrations.RunSQL(ACCOUNT, NO_ACCOUNT),
        migrations.RunSQL(KEY, NO_KEY),
        migrations.RunSQL(LINK, NO_LINK),
        migrations.RunSQL(RECALLS, NO_RECALLS),
        SameNeighborhood("sharing_recipientaccount", recipient_id="sharing_recipient"),
        SameNeighborhood("sharing_link", copy_id="sharing_copy", opened_by_id="sharing_recipientaccount"),
        SameNeighborhood("sharing_recall", copy_id="sharing_copy"),
        SameNeighborhood("sharing_recallline", recall_id="sharing_recall"),
        SameNeighborhood(
            "sharing_confirmation",
            recall_id="sharing_recall",
            key_id="sharing_recipientkey",
            account_id="sharing_recipientaccount",
        ),
        AppendOnly("sharing_recall"),
        AppendOnly("sharing_recallline"),
        AppendOnly("sharing_confirmation"),
    ]
