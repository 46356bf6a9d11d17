"""The laws of what an account is opened with, where nobody can get round them.

A one-time code counts once, for its half minute only grows; a recovery code is used once; a passkey's counter only grows,
so a copy of it is found out. Nothing opens an account that is closed, and nothing of the kind is left on one that was
erased. What ended stands for a month, without its secret, so that nobody gets into an account in silence.
"""

from django.db import migrations

from vault.rewrite import Rewritable

ACCOUNTS = """
CREATE FUNCTION residents_account_is_gone(account uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_user u WHERE u.id = $1 AND NOT u.is_active
        AND u.username = 'gone-' || replace(u.id::text, '-', ''))
$$;
CREATE FUNCTION residents_insist_on_open_account(account uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Held, so that closing it and this act come one after the other.
    PERFORM FROM public.residents_user u WHERE u.id = account AND u.is_active FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing opens an account that is closed' USING ERRCODE = 'LM103';
    END IF;
END
$$;
CREATE FUNCTION residents_user_gone_with_its_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_account_is_gone(NEW.id) AND (
        EXISTS (SELECT FROM public.residents_secondstep s WHERE s.user_id = NEW.id)
        OR EXISTS (SELECT FROM public.residents_passkey p WHERE p.user_id = NEW.id)) THEN
        RAISE EXCEPTION 'an account that was erased keeps no codes and no passkeys' USING ERRCODE = 'LM103';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER residents_user_gone_with_its_keys AFTER UPDATE ON residents_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT NEW.is_active)
    EXECUTE FUNCTION residents_user_gone_with_its_keys();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER residents_user_gone_with_its_keys;
"""
NO_ACCOUNTS = """
DROP TRIGGER residents_user_gone_with_its_keys ON residents_user;
DROP FUNCTION residents_user_gone_with_its_keys();
DROP FUNCTION residents_insist_on_open_account(uuid);
DROP FUNCTION residents_account_is_gone(uuid);
"""

STEP = """
CREATE FUNCTION residents_secondstep_law() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Give or take the day by which clocks may differ.
        IF OLD.confirmed_at IS NOT NULL AND NOT public.residents_account_is_gone(OLD.user_id)
            AND (OLD.ended_at < clock_timestamp() - interval '29 days') IS NOT TRUE THEN
            RAISE EXCEPTION 'that codes were switched off is told for thirty days' USING ERRCODE = 'LM104';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM public.residents_insist_on_open_account(NEW.user_id);
        IF NEW.confirmed_at IS NOT NULL OR NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'one-time codes are on once a first one was right' USING ERRCODE = 'LM100';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.user_id, NEW.key, NEW.begun_at) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.key, OLD.begun_at)
        OR OLD.ended_at IS NOT NULL
        OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
        OR NEW.ended_at IS NULL AND NEW.secret_sealed IS DISTINCT FROM OLD.secret_sealed THEN
        RAISE EXCEPTION 'one-time codes are begun, confirmed and ended, and never become others'
            USING ERRCODE = 'LM100';
    END IF;
    IF NEW.last_step < OLD.last_step THEN
        RAISE EXCEPTION 'a one-time code is taken once' USING ERRCODE = 'LM100';
    END IF;
    IF NEW.last_step IS DISTINCT FROM OLD.last_step THEN
        PERFORM public.residents_insist_on_open_account(NEW.user_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_secondstep_law BEFORE INSERT OR UPDATE OR DELETE ON residents_secondstep
    FOR EACH ROW EXECUTE FUNCTION residents_secondstep_law();
ALTER TABLE residents_secondstep ENABLE ALWAYS TRIGGER residents_secondstep_law;
"""
NO_STEP = """
DROP TRIGGER residents_secondstep_law ON residents_secondstep;
DROP FUNCTION residents_secondstep_law();
"""

RECOVERY = """
CREATE FUNCTION residents_recoverycode_law() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step public.residents_secondstep%ROWTYPE;
BEGIN
    SELECT * INTO step FROM public.residents_secondstep
        WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.step_id ELSE NEW.step_id END FOR NO KEY UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF OLD.used_at IS NOT NULL AND NOT public.residents_account_is_gone(step.user_id)
            AND (OLD.used_at < clock_timestamp() - interval '29 days') IS NOT TRUE THEN
            RAISE EXCEPTION 'that a recovery code was used is told for thirty days' USING ERRCODE = 'LM104';
        END IF;
        RETURN OLD;
    END IF;
    IF step.confirmed_at IS NULL OR step.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a recovery code is of one-time codes that are on' USING ERRCODE = 'LM101';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR (SELECT count(*) FROM public.residents_recoverycode c
            WHERE c.step_id = NEW.step_id AND c.used_at IS NULL) >= 10 THEN
            RAISE EXCEPTION 'there are ten recovery codes, and none is used yet' USING ERRCODE = 'LM101';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.step_id, NEW.digest, NEW.made_at) IS DISTINCT FROM (OLD.id, OLD.step_id, OLD.digest, OLD.made_at)
        OR OLD.used_at IS NOT NULL THEN
        RAISE EXCEPTION 'a recovery code is used once' USING ERRCODE = 'LM101';
    END IF;
    PERFORM public.residents_insist_on_open_account(step.user_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_recoverycode_law BEFORE INSERT OR UPDATE OR DELETE ON residents_recoverycode
    FOR EACH ROW EXECUTE FUNCTION residents_recoverycode_law();
ALTER TABLE residents_recoverycode ENABLE ALWAYS TRIGGER residents_recoverycode_law;
"""
NO_RECOVERY = """
DROP TRIGGER residents_recoverycode_law ON residents_recoverycode;
DROP FUNCTION residents_recoverycode_law();
"""

PASSKEY = """
CREATE FUNCTION residents_passkey_law() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT public.residents_account_is_gone(OLD.user_id)
            AND (OLD.removed_at < clock_timestamp() - interval '29 days') IS NOT TRUE THEN
            RAISE EXCEPTION 'that a passkey was removed is told for thirty days' USING ERRCODE = 'LM104';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM public.residents_insist_on_open_account(NEW.user_id);
        IF NEW.removed_at IS NOT NULL OR NEW.last_used IS NOT NULL OR (SELECT count(*)
            FROM public.residents_passkey p WHERE p.user_id = NEW.user_id AND p.removed_at IS NULL) >= 10 THEN
            RAISE EXCEPTION 'an account has ten passkeys at most, each new when it is added' USING ERRCODE = 'LM102';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.user_id, NEW.added_at) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.added_at)
        OR OLD.removed_at IS NOT NULL
        OR NEW.removed_at IS NULL AND (NEW.credential_id, NEW.public_key) IS DISTINCT FROM
            (OLD.credential_id, OLD.public_key) THEN
        RAISE EXCEPTION 'a passkey never becomes another, and a removed one stays removed' USING ERRCODE = 'LM102';
    END IF;
    IF NEW.sign_count < OLD.sign_count OR OLD.last_used IS NOT NULL AND (NEW.last_used >= OLD.last_used) IS NOT TRUE THEN
        RAISE EXCEPTION 'a passkey counts forward only' USING ERRCODE = 'LM102';
    END IF;
    IF (NEW.sign_count, NEW.last_used) IS DISTINCT FROM (OLD.sign_count, OLD.last_used) THEN
        PERFORM public.residents_insist_on_open_account(NEW.user_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_passkey_law BEFORE INSERT OR UPDATE OR DELETE ON residents_passkey
    FOR EACH ROW EXECUTE FUNCTION residents_passkey_law();
ALTER TABLE residents_passkey ENABLE ALWAYS TRIGGER residents_passkey_law;
"""
NO_PASSKEY = """
DROP TRIGGER residents_passkey_law ON residents_passkey;
DROP FUNCTION residents_passkey_law();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0026_a_second_step_and_passkeys")]

    operations = [
        migrations.RunSQL(ACCOUNTS, NO_ACCOUNTS),
        migrations.RunSQL(STEP, NO_STEP),
        migrations.RunSQL(RECOVERY, NO_RECOVERY),
        migrations.RunSQL(PASSKEY, NO_PASSKEY),
        Rewritable("residents_secondstep", secrets=["secret_sealed"]),
        Rewritable("residents_recoverycode", secrets=["digest"]),
        Rewritable("residents_passkey", secrets=["credential_id", "public_key", "name"]),
    ]
