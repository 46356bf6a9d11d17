"""The laws of requests about one's own data (obligations 32 to 34): who asks, who answers, with which reason and by when; what
was answered stays; what somebody decided in their lifetime binds after it; and no word goes early."""

from django.db import migrations

from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

WHO = """
CREATE FUNCTION residents_decides_alone(person uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(public.residents_birthday(r.born, 14) <= public.residents_today(r.neighborhood_id), true)
        FROM public.residents_resident r WHERE r.id = $1
$$;
CREATE FUNCTION residents_decides_for(person uuid, account uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT public.residents_decides_alone($1) AND EXISTS (SELECT FROM public.residents_guardianship g
        JOIN public.residents_resident c ON c.id = g.child_id AND c.left_at IS NULL
        JOIN public.residents_resident r ON r.id = g.guardian_id AND r.left_at IS NULL AND r.erased_at IS NULL
        WHERE g.child_id = $1 AND r.user_id = $2 AND g.barred_at IS NULL
            AND g.since <= public.residents_today(c.neighborhood_id)
            AND (g.until IS NULL OR g.until > public.residents_today(c.neighborhood_id)))
$$;
CREATE FUNCTION residents_is_dead(person uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_death d
        WHERE d.resident_id = $1 AND d.confirmed_at IS NOT NULL AND d.undone_at IS NULL)
$$;
"""
NOBODY = """
DROP FUNCTION residents_is_dead(uuid);
DROP FUNCTION residents_decides_for(uuid, uuid);
DROP FUNCTION residents_decides_alone(uuid);
"""

ASKING = """
CREATE FUNCTION residents_rightsrequest_asked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    lawful boolean;
BEGIN
    -- Whoever writes about somebody takes them first: nobody asks about who is being erased.
    SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    lawful := CASE NEW.voice
        WHEN 'self' THEN NEW.state = 'open' AND public.residents_decides_alone(person.id)
            AND NOT public.residents_is_dead(person.id)
            AND (NEW.known_by = '' AND person.user_id = NEW.asked_by_id
                OR NEW.known_by IN ('in_person', 'rang_back', 'voice') AND public.residents_is_staff(NEW.asked_by_id)
                    AND person.user_id IS DISTINCT FROM NEW.asked_by_id)
        WHEN 'guardian' THEN NEW.state = 'open' AND NEW.known_by = ''
            AND public.residents_decides_for(person.id, NEW.asked_by_id)
        WHEN 'relative' THEN NEW.state = 'second' AND NEW.known_by = 'in_person'
            AND public.residents_is_staff(NEW.asked_by_id) AND EXISTS (SELECT FROM public.residents_death d
                WHERE d.id = NEW.death AND d.resident_id = person.id AND d.confirmed_at IS NOT NULL
                    AND d.undone_at IS NULL)
        ELSE false END;
    IF lawful IS NOT TRUE OR person.erased_at IS NOT NULL OR NEW.closed_at IS NOT NULL
        OR NEW.seconded_at IS NOT NULL OR NEW.proven_at IS NOT NULL THEN
        RAISE EXCEPTION 'whose data it is asks, or who decides for them; after a death a near relative at the desk'
            USING ERRCODE = 'LM080';
    END IF;
    NEW.opened_at := clock_timestamp();
    NEW.due_at := least(NEW.due_at, NEW.opened_at + interval '15 days');
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_rightsrequest_asked BEFORE INSERT ON residents_rightsrequest
    FOR EACH ROW EXECUTE FUNCTION residents_rightsrequest_asked();
ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_asked;
"""
ANYBODY_ASKS = """
DROP TRIGGER residents_rightsrequest_asked ON residents_rightsrequest;
DROP FUNCTION residents_rightsrequest_asked();
"""

ONE_WAY = """
CREATE FUNCTION residents_rightsrequest_goes_one_way() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves CONSTANT text[] := ARRAY['state', 'closed_at', 'closed_by_id', 'capacity', 'proven_at',
        'seconded_by_id', 'seconded_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that somebody asked is kept' USING ERRCODE = 'LM081';
    END IF;
    IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves
        OR NOT (OLD.state = 'second' AND NEW.state IN ('open', 'refused', 'taken_back', 'lapsed')
            OR OLD.state = 'open' AND NEW.state IN ('done', 'refused', 'taken_back', 'lapsed'))
        OR NEW.state <> 'open' AND (NEW.seconded_by_id, NEW.seconded_at)
            IS DISTINCT FROM (OLD.seconded_by_id, OLD.seconded_at)
        OR NEW.proven_at IS NOT NULL AND (NEW.kind <> 'copy' OR NEW.state <> 'done') THEN
        RAISE EXCEPTION 'a request is answered once, and neither it nor its deadline nor the answer changes'
            USING ERRCODE = 'LM081';
    END IF;
    IF NEW.state = 'open' THEN
        NEW.seconded_at := clock_timestamp();
        IF NEW.seconded_by_id IS NULL OR public.residents_is_staff(NEW.seconded_by_id) IS NOT TRUE
            OR public.residents_one_person(NEW.seconded_by_id, NEW.asked_by_id) IS NOT FALSE THEN
            RAISE EXCEPTION 'one of the staff is not two' USING ERRCODE = 'LM081';
        END IF;
        RETURN NEW;
    END IF;
    NEW.closed_at := clock_timestamp();
    IF NEW.state = 'taken_back' AND NEW.closed_by_id IS DISTINCT FROM OLD.asked_by_id
        AND NOT EXISTS (SELECT FROM public.residents_resident r
            WHERE r.id = NEW.resident_id AND r.user_id = NEW.closed_by_id)
        OR NEW.state = 'lapsed' AND NOT EXISTS (SELECT FROM public.residents_resident r
            WHERE r.id = NEW.resident_id AND (r.erased_at IS NOT NULL
                OR NEW.voice = 'guardian' AND NOT public.residents_decides_for(r.id, NEW.asked_by_id)
                OR NEW.voice = 'relative' AND NOT public.residents_is_dead(r.id))) THEN
        RAISE EXCEPTION 'who asked takes it back, and it ends by itself only when nobody is left who asks'
            USING ERRCODE = 'LM081';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_rightsrequest_goes_one_way BEFORE UPDATE OR DELETE ON residents_rightsrequest
    FOR EACH ROW EXECUTE FUNCTION residents_rightsrequest_goes_one_way();
ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_goes_one_way;
"""
ANY_WAY = """
DROP TRIGGER residents_rightsrequest_goes_one_way ON residents_rightsrequest;
DROP FUNCTION residents_rightsrequest_goes_one_way();
"""

ANSWERING = """
CREATE FUNCTION residents_rightsrequest_answered() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account uuid;
BEGIN
    IF (NEW.state = 'refused' OR NEW.kind = 'explain') AND NOT EXISTS (SELECT FROM public.residents_requestwords w
        WHERE w.request_id = NEW.id AND w.part = 'answer') THEN
        RAISE EXCEPTION 'a refusal comes with its reason' USING ERRCODE = 'LM082';
    END IF;
    IF NEW.voice = 'guardian' AND NOT public.residents_decides_for(NEW.resident_id, NEW.asked_by_id)
        OR NEW.voice = 'relative' AND NOT public.residents_is_dead(NEW.resident_id) THEN
        RAISE EXCEPTION 'whoever asked speaks for them no more' USING ERRCODE = 'LM082';
    END IF;
    IF NEW.closed_by_id IS NULL THEN
        -- What the system answers by itself: where to look, and a copy to whoever has just shown who they are.
        IF NEW.state <> 'done' OR NEW.known_by <> '' OR NEW.kind NOT IN ('see', 'copy') OR NEW.kind = 'copy'
            AND (NEW.proven_at BETWEEN clock_timestamp() - interval '10 minutes'
                AND clock_timestamp() + interval '1 minute') IS NOT TRUE THEN
            RAISE EXCEPTION 'a copy is for whoever has just shown who they are' USING ERRCODE = 'LM082';
        END IF;
        RETURN NEW;
    END IF;
    SELECT r.user_id INTO account FROM public.residents_resident r WHERE r.id = NEW.resident_id;
    IF public.residents_is_staff(NEW.closed_by_id) IS NOT TRUE
        OR account IS NOT NULL AND public.residents_one_person(account, NEW.closed_by_id) IS NOT FALSE
        OR NEW.voice = 'guardian' AND public.residents_one_person(NEW.asked_by_id, NEW.closed_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'nobody of the staff answers what they asked themselves' USING ERRCODE = 'LM082';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_rightsrequest_answered BEFORE UPDATE ON residents_rightsrequest
    FOR EACH ROW WHEN (NEW.state IN ('done', 'refused')) EXECUTE FUNCTION residents_rightsrequest_answered();
ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_answered;
"""
ANYBODY_ANSWERS = """
DROP TRIGGER residents_rightsrequest_answered ON residents_rightsrequest;
DROP FUNCTION residents_rightsrequest_answered();
"""

INSTRUCTIONS = """
CREATE FUNCTION residents_instruction_in_life() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
BEGIN
    SELECT * INTO person FROM public.residents_resident
        WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.resident_id ELSE NEW.resident_id END FOR NO KEY UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF person.erased_at IS NULL THEN
            RAISE EXCEPTION 'what somebody decided for after their death is kept' USING ERRCODE = 'LM083';
        END IF;
        RETURN OLD;
    END IF;
    IF public.residents_is_dead(person.id) THEN
        RAISE EXCEPTION 'after a death nobody changes what the dead decided' USING ERRCODE = 'LM083';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF person.user_id IS DISTINCT FROM NEW.by_id OR NEW.ended_at IS NOT NULL
            OR NOT public.residents_decides_alone(person.id) THEN
            RAISE EXCEPTION 'one decides for after one''s own death, and for nobody else''s' USING ERRCODE = 'LM083';
        END IF;
        NEW.at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'ended_at' <> to_jsonb(OLD) - 'ended_at' OR OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'what somebody decided is not rewritten' USING ERRCODE = 'LM083';
    END IF;
    NEW.ended_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_instruction_in_life BEFORE INSERT OR UPDATE OR DELETE ON residents_instruction
    FOR EACH ROW EXECUTE FUNCTION residents_instruction_in_life();
ALTER TABLE residents_instruction ENABLE ALWAYS TRIGGER residents_instruction_in_life;

CREATE FUNCTION residents_rightsrequest_honours_the_dead() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    decided public.residents_instruction%ROWTYPE;
BEGIN
    IF NEW.state NOT IN ('second', 'open', 'done') THEN
        RETURN NEW;
    END IF;
    SELECT * INTO decided FROM public.residents_instruction i WHERE i.resident_id = NEW.resident_id AND i.ended_at IS NULL;
    IF decided.wish = 'nothing' THEN
        RAISE EXCEPTION 'they decided that relatives are given nothing' USING ERRCODE = 'LM083';
    END IF;
    IF NEW.relation = 'named' AND decided.wish IS DISTINCT FROM 'named' OR NEW.state <> 'second'
        AND decided.wish = 'named' AND NOT EXISTS (SELECT FROM public.residents_requestwords w
            WHERE w.request_id = NEW.id AND w.part = 'relative' AND w.words = decided.named) THEN
        RAISE EXCEPTION 'they named somebody, and nobody else asks for them' USING ERRCODE = 'LM083';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_rightsrequest_honours_the_dead BEFORE INSERT OR UPDATE ON residents_rightsrequest
    FOR EACH ROW WHEN (NEW.voice = 'relative') EXECUTE FUNCTION residents_rightsrequest_honours_the_dead();
ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_honours_the_dead;
"""
NO_INSTRUCTIONS = """
DROP TRIGGER residents_rightsrequest_honours_the_dead ON residents_rightsrequest;
DROP FUNCTION residents_rightsrequest_honours_the_dead();
DROP TRIGGER residents_instruction_in_life ON residents_instruction;
DROP FUNCTION residents_instruction_in_life();
"""

WORDS = """
CREATE FUNCTION residents_requestwords_stay() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about public.residents_rightsrequest%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what was asked and answered is not rewritten' USING ERRCODE = 'LM084';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO about FROM public.residents_rightsrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
        IF about.closed_at IS NOT NULL OR NEW.part <> 'answer' AND about.opened_at < transaction_timestamp() THEN
            RAISE EXCEPTION 'nothing is put into anybody''s mouth afterwards' USING ERRCODE = 'LM084';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO about FROM public.residents_rightsrequest WHERE id = OLD.request_id;
    -- As long as a claim from the answer can be brought, give or take the day by which clocks may differ; with the
    -- person, if they go before.
    IF (about.closed_at < clock_timestamp() - interval '1094 days') IS NOT TRUE AND NOT EXISTS (
        SELECT FROM public.residents_resident r WHERE r.id = about.resident_id AND r.erased_at IS NOT NULL) THEN
        RAISE EXCEPTION 'what was asked and answered goes when its time is over, and not before'
            USING ERRCODE = 'LM084';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER residents_requestwords_stay BEFORE INSERT OR UPDATE OR DELETE ON residents_requestwords
    FOR EACH ROW EXECUTE FUNCTION residents_requestwords_stay();
ALTER TABLE residents_requestwords ENABLE ALWAYS TRIGGER residents_requestwords_stay;
"""
WORDS_GO = """
DROP TRIGGER residents_requestwords_stay ON residents_requestwords;
DROP FUNCTION residents_requestwords_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0022_people_ask_about_their_data")]

    operations = [
        SameNeighborhood("residents_rightsrequest", resident_id="residents_resident"),
        SameNeighborhood("residents_requestwords", request_id="residents_rightsrequest"),
        SameNeighborhood("residents_instruction", resident_id="residents_resident"),
        NeverInPractice("residents_rightsrequest"),
        migrations.RunSQL(WHO, NOBODY),
        migrations.RunSQL(ASKING, ANYBODY_ASKS),
        migrations.RunSQL(ONE_WAY, ANY_WAY),
        migrations.RunSQL(ANSWERING, ANYBODY_ANSWERS),
        migrations.RunSQL(INSTRUCTIONS, NO_INSTRUCTIONS),
        migrations.RunSQL(WORDS, WORDS_GO),
        Rewritable("residents_requestwords", secrets=["words", "sealed"]),
        Rewritable("residents_instruction", secrets=["named"]),
    ]
