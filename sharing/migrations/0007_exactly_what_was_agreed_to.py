"""Law 7 where nobody can get round it: a copy holds exactly what `sharing_due` says at the moment it is handed over.

`sharing_due` is the whole truth in one place: whose newest word is a yes, by a power that holds, whom no guardian holds off,
who lives here, whom it is about, and who said yes to its going abroad, while the contract lasts; of them the fields they ticked and that are there to give, with their values. Rows are written down in one
statement and judged in one (LM124), their values only with them (LM125); files are written only while a copy is being made (LM126); and
the database itself compares once more before a copy is ready, and again as it is handed over (LM127).
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from vault.rewrite import Rewritable

DUE = """
-- Neither closed, nor under a contract that is over.
CREATE FUNCTION sharing_may_be_given(request uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.sharing_request q WHERE q.id = $1 AND q.state IN ('open', 'released')
        AND public.sharing_door_is_open(q.id))
$$;

CREATE FUNCTION sharing_due(request uuid)
RETURNS TABLE (resident uuid, answer bigint, fields jsonb, name text, dwelling text, phone bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH asked AS (
        SELECT q.id, q.neighborhood_id, q.audience, public.residents_today(q.neighborhood_id) AS today,
            public.sharing_goes_abroad(q.id) AS abroad
        FROM public.sharing_request q WHERE q.id = $1 AND public.sharing_may_be_given(q.id)
    ), newest AS (
        SELECT DISTINCT ON (a.resident_id) a.* FROM public.sharing_answer a
        WHERE a.request_id = $1 ORDER BY a.resident_id, a.id DESC
    ), given AS (
        SELECT word.resident_id, word.id,
            CASE WHEN word.fields ? 'name' THEN r.name ELSE '' END AS name,
            -- One by one, by index: the planner knows too little of the rows of a query to join them with others.
            CASE WHEN word.fields ? 'dwelling' THEN coalesce((
                SELECT string_agg(b.name || ' ' || u.number, '、' ORDER BY o.since, o.id)
                FROM public.residents_occupancy o JOIN public.residents_unit u ON u.id = o.unit_id
                JOIN public.residents_building b ON b.id = u.building_id WHERE o.resident_id = r.id
                AND o.since <= asked.today AND (o.until IS NULL OR o.until > asked.today)), '') ELSE '' END AS dwelling,
            CASE WHEN word.fields ? 'phone' THEN r.phone_sealed END AS phone
        FROM newest word JOIN public.residents_resident r ON r.id = word.resident_id
        JOIN asked ON asked.neighborhood_id = r.neighborhood_id
        WHERE word.yes AND r.left_at IS NULL AND r.erased_at IS NULL AND (word.abroad OR NOT asked.abroad)
        AND (asked.audience = '{}' OR public.sharing_in_audience(asked.id, r.id))
        AND CASE WHEN word.guardianship_id IS NULL
            THEN r.born IS NULL OR public.consent_fourteen(r.born) <= asked.today
            ELSE public.sharing_power_holds(word::public.sharing_answer)
                AND NOT public.sharing_held_off($1, word.resident_id, NULL) END
    )
    SELECT resident_id, id, to_jsonb(array_remove(ARRAY[CASE WHEN name <> '' THEN 'name' END,
        CASE WHEN dwelling <> '' THEN 'dwelling' END, CASE WHEN phone IS NOT NULL THEN 'phone' END], NULL)),
        name, dwelling, phone
    FROM given WHERE name <> '' OR dwelling <> '' OR phone IS NOT NULL
$$;

CREATE FUNCTION sharing_tag(mark bytea, resident uuid) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(encode(sha256(mark || uuid_send(resident)), 'hex'), 12)
$$;

CREATE FUNCTION sharing_request_of(copy uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.request_id FROM public.sharing_copy c JOIN public.sharing_disclosure d ON d.id = c.disclosure_id WHERE c.id = $1
$$;

-- Whether what was written down for this copy is another thing than what is agreed to now, in any row, field or value.
CREATE FUNCTION sharing_stale(copy uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Counted, not asked for by EXISTS: that is planned for a first difference, which there hardly ever is, and compares
    -- each row with each where the planner knows little of them yet.
    SELECT NOT public.sharing_may_be_given(public.sharing_request_of($1))
        OR (SELECT count(*) > 0 FROM public.sharing_due(public.sharing_request_of($1)) due FULL JOIN (
        SELECT r.resident_id, r.answer_id, r.fields, v.name, v.dwelling, v.phone_sealed
        FROM public.sharing_disclosedrow r LEFT JOIN public.sharing_givenvalues v ON v.row_id = r.id WHERE r.copy_id = $1
    ) held ON held.resident_id = due.resident
    WHERE (due.resident, due.answer, due.fields, due.name, due.dwelling, due.phone) IS DISTINCT FROM
        (held.resident_id, held.answer_id, held.fields, held.name, held.dwelling, held.phone_sealed))
$$;

-- The key of whoever this is for, if something may be made for it.
CREATE FUNCTION sharing_key_of(request uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id FROM public.sharing_recipientkey k JOIN public.sharing_request q ON q.recipient_id = k.recipient_id
    WHERE q.id = $1 AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL
$$;
"""
NO_DUE = """
DROP FUNCTION sharing_key_of(uuid);
DROP FUNCTION sharing_stale(uuid);
DROP FUNCTION sharing_request_of(uuid);
DROP FUNCTION sharing_tag(bytea, uuid);
DROP FUNCTION sharing_due(uuid);
DROP FUNCTION sharing_may_be_given(uuid);
"""

DISCLOSURE = """
CREATE FUNCTION sharing_disclosure_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a disclosure is kept, and cannot change' USING ERRCODE = 'LM009';
    END IF;
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id;
    IF asked.state <> 'released' OR asked.neighborhood_id <> NEW.neighborhood_id THEN
        RAISE EXCEPTION 'this request was not released' USING ERRCODE = 'LM009';
    END IF;
    IF asked.drafted_by_id = NEW.asked_by_id THEN
        RAISE EXCEPTION 'who drafted a request cannot release it' USING ERRCODE = 'LM009';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosure_once BEFORE INSERT OR UPDATE OR DELETE ON sharing_disclosure
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosure_once();
ALTER TABLE sharing_disclosure ENABLE ALWAYS TRIGGER sharing_disclosure_once;

CREATE FUNCTION sharing_disclosure_to_a_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.sharing_key_of(NEW.request_id) IS NULL THEN
        RAISE EXCEPTION 'the recipient has no key that was confirmed' USING ERRCODE = 'LM123';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosure_to_a_key BEFORE INSERT ON sharing_disclosure
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosure_to_a_key();
ALTER TABLE sharing_disclosure ENABLE ALWAYS TRIGGER sharing_disclosure_to_a_key;
"""
NO_DISCLOSURE = """
DROP TRIGGER sharing_disclosure_to_a_key ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_to_a_key();
DROP TRIGGER sharing_disclosure_once ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_once();
"""

COPY = """
CREATE FUNCTION sharing_copy_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that a copy was made is kept' USING ERRCODE = 'LM123';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'settling' OR NEW.attempt <> 0 OR NEW.done <> 0 OR length(NEW.mark) <> 32 OR NEW.key_id IS NULL
            OR NEW.key_id IS DISTINCT FROM (SELECT public.sharing_key_of(d.request_id)
                FROM public.sharing_disclosure d WHERE d.id = NEW.disclosure_id) THEN
            RAISE EXCEPTION 'a copy begins empty, for the key of its recipient' USING ERRCODE = 'LM123';
        END IF;
        RETURN NEW;
    END IF;
    moves := CASE OLD.state
        WHEN 'settling' THEN '{settling,building,void}'
        WHEN 'building' THEN '{building,ready,void}'
        WHEN 'ready' THEN '{ready,handed,void}'
        ELSE ARRAY[OLD.state]::text[] END;
    IF NOT NEW.state = ANY (moves)
        OR (NEW.id, NEW.disclosure_id, NEW.number, NEW.key_id, NEW.mark, NEW.settled_at)
            IS DISTINCT FROM (OLD.id, OLD.disclosure_id, OLD.number, OLD.key_id, OLD.mark, OLD.settled_at)
        OR OLD.state <> 'settling' AND NEW.rows_settled <> OLD.rows_settled
        OR OLD.state <> 'building' AND (NEW.attempt, NEW.done, NEW.sha256) IS DISTINCT FROM (OLD.attempt, OLD.done, OLD.sha256)
        OR OLD.state IN ('handed', 'void') AND to_jsonb(NEW) <> to_jsonb(OLD)
        OR OLD.ready_at IS NOT NULL AND NEW.ready_at IS DISTINCT FROM OLD.ready_at THEN
        RAISE EXCEPTION 'a copy goes forward, and stays what it was made as' USING ERRCODE = 'LM123';
    END IF;
    IF NEW.state IN ('building', 'ready', 'handed') AND OLD.state <> NEW.state AND NOT EXISTS (
        SELECT FROM public.sharing_recipientkey k WHERE k.id = NEW.key_id
        AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL FOR SHARE) THEN
        RAISE EXCEPTION 'the key that it was made for has ended' USING ERRCODE = 'LM123';
    END IF;
    IF OLD.state = 'settling' AND NEW.state = 'building' AND NEW.rows_settled IS DISTINCT FROM
        (SELECT count(*) FROM public.sharing_disclosedrow r WHERE r.copy_id = NEW.id) THEN
        RAISE EXCEPTION 'as many rows as were written down' USING ERRCODE = 'LM123';
    END IF;
    IF NEW.state = 'ready' AND OLD.state = 'building'
        AND (NEW.sha256 IS NULL OR NEW.done <> 2 * NEW.rows_settled) THEN
        RAISE EXCEPTION 'not all of it was written' USING ERRCODE = 'LM123';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_copy_forward_only BEFORE INSERT OR UPDATE OR DELETE ON sharing_copy
    FOR EACH ROW EXECUTE FUNCTION sharing_copy_forward_only();
ALTER TABLE sharing_copy ENABLE ALWAYS TRIGGER sharing_copy_forward_only;

-- The last word: under the lock that every answer takes turns with, nothing is ready and nothing leaves that is not agreed to.
CREATE FUNCTION sharing_copy_still_agreed_to() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.sharing_request WHERE id = public.sharing_request_of(NEW.id) FOR UPDATE;
    IF NEW.state = 'handed' THEN
        -- Nor does anybody move out, or get another name, in between.
        PERFORM FROM public.residents_resident r WHERE r.id IN (
            SELECT resident_id FROM public.sharing_disclosedrow WHERE copy_id = NEW.id) ORDER BY r.id FOR SHARE;
    END IF;
    IF public.sharing_stale(NEW.id) THEN
        RAISE EXCEPTION 'not what is agreed to now' USING ERRCODE = 'LM127';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_copy_still_agreed_to BEFORE UPDATE ON sharing_copy FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('ready', 'handed')) EXECUTE FUNCTION sharing_copy_still_agreed_to();
ALTER TABLE sharing_copy ENABLE ALWAYS TRIGGER sharing_copy_still_agreed_to;

-- A key that ends takes with it what was made for it and lies here still.
CREATE FUNCTION sharing_key_ends_its_copies() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.sharing_copy SET state = 'void', voided_at = clock_timestamp(), leased_until = NULL
        WHERE key_id = NEW.id AND state NOT IN ('handed', 'void');
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_key_ends_its_copies AFTER UPDATE ON sharing_recipientkey FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION sharing_key_ends_its_copies();
ALTER TABLE sharing_recipientkey ENABLE ALWAYS TRIGGER sharing_key_ends_its_copies;

-- What nobody is to get lies here no longer: neither the files, nor the values that would have been in them.
CREATE FUNCTION sharing_void_leaves_nothing() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.sharing_piece WHERE copy_id = NEW.id;
    DELETE FROM public.sharing_sheet WHERE copy_id = NEW.id;
    DELETE FROM public.sharing_givenvalues v USING public.sharing_disclosedrow r WHERE r.id = v.row_id AND r.copy_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_void_leaves_nothing AFTER UPDATE ON sharing_copy FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state = 'void') EXECUTE FUNCTION sharing_void_leaves_nothing();
ALTER TABLE sharing_copy ENABLE ALWAYS TRIGGER sharing_void_leaves_nothing;
"""
NO_COPY = """
DROP TRIGGER sharing_void_leaves_nothing ON sharing_copy;
DROP FUNCTION sharing_void_leaves_nothing();
DROP TRIGGER sharing_key_ends_its_copies ON sharing_recipientkey;
DROP FUNCTION sharing_key_ends_its_copies();
DROP TRIGGER sharing_copy_still_agreed_to ON sharing_copy;
DROP FUNCTION sharing_copy_still_agreed_to();
DROP TRIGGER sharing_copy_forward_only ON sharing_copy;
DROP FUNCTION sharing_copy_forward_only();
"""

ROWS = """
CREATE FUNCTION sharing_disclosedrow_by_own_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made public.sharing_copy%ROWTYPE;
    asked uuid;
BEGIN
    FOR made IN SELECT * FROM public.sharing_copy WHERE id IN (SELECT copy_id FROM written) LOOP
        IF made.state <> 'settling' THEN
            RAISE EXCEPTION 'the copy is settled: nobody can be added' USING ERRCODE = 'LM124';
        END IF;
        -- From here until commit no answer can come in between: an answer needs a share of this lock.
        asked := public.sharing_request_of(made.id);
        PERFORM FROM public.sharing_request WHERE id = asked FOR UPDATE;
        IF (SELECT count(*) > 0 FROM written w LEFT JOIN public.sharing_due(asked) due ON due.resident = w.resident_id
            WHERE w.copy_id = made.id AND (due.resident IS NULL OR (w.answer_id, w.fields, w.tag) IS DISTINCT FROM
                (due.answer, due.fields, left(encode(sha256(made.mark || uuid_send(w.resident_id)), 'hex'), 12)))) THEN
            RAISE EXCEPTION 'more than is agreed to: a person, or a field' USING ERRCODE = 'LM124';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_disclosedrow_by_own_yes AFTER INSERT ON sharing_disclosedrow REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_disclosedrow_by_own_yes();
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_by_own_yes;

-- What they say is judged as the copy is ready, before anybody sees it, and as it is handed over.
CREATE FUNCTION sharing_givenvalues_as_they_are() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made public.sharing_copy%ROWTYPE;
BEGIN
    FOR made IN SELECT * FROM public.sharing_copy WHERE id IN (SELECT DISTINCT r.copy_id
        FROM written w JOIN public.sharing_disclosedrow r ON r.id = w.row_id) LOOP
        IF made.state <> 'settling' THEN
            RAISE EXCEPTION 'the copy is settled: no value can be added' USING ERRCODE = 'LM125';
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM written WHERE length(salt) <> 32) THEN
        RAISE EXCEPTION 'values that anybody could guess from their hash' USING ERRCODE = 'LM125';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_givenvalues_as_they_are AFTER INSERT ON sharing_givenvalues REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_givenvalues_as_they_are();
ALTER TABLE sharing_givenvalues ENABLE ALWAYS TRIGGER sharing_givenvalues_as_they_are;

-- After many rows at once the planner knows nothing of them yet, and would compare each with each.
CREATE FUNCTION sharing_rows_are_known() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE public.sharing_disclosedrow, public.sharing_givenvalues;
END
$$;
"""
NO_ROWS = """
DROP FUNCTION sharing_rows_are_known();
DROP TRIGGER sharing_givenvalues_as_they_are ON sharing_givenvalues;
DROP FUNCTION sharing_givenvalues_as_they_are();
DROP TRIGGER sharing_disclosedrow_by_own_yes ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_by_own_yes();
"""

# Pieces go when nobody is to fetch them any more. Sheets of what was ready stay: they are somebody's proof.
FILES = """
CREATE FUNCTION sharing_written_while_building() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made public.sharing_copy%ROWTYPE;
    about uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.copy_id ELSE NEW.copy_id END;
BEGIN
    SELECT * INTO made FROM public.sharing_copy WHERE id = about FOR SHARE;
    IF TG_OP = 'DELETE' AND (made.state IN ('building', 'void') OR made.state = 'handed' AND TG_ARGV[0] = 'piece') THEN
        RETURN OLD;
    END IF;
    IF TG_OP <> 'INSERT' OR made.state <> 'building' THEN
        RAISE EXCEPTION 'what was written for a copy stays as it is' USING ERRCODE = 'LM126';
    END IF;
    IF TG_ARGV[0] = 'piece' THEN
        IF length(NEW.content) > 1048576 OR NEW.number = 1 AND substr(NEW.content, 1, 21) <> 'age-encryption.org/v1' THEN
            RAISE EXCEPTION 'nothing lies here that anybody here can read' USING ERRCODE = 'LM126';
        END IF;
    ELSIF length(NEW.leaves) <> 32768 THEN
        RAISE EXCEPTION 'a sheet is whole, or it would count people' USING ERRCODE = 'LM126';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_piece_while_building BEFORE INSERT OR UPDATE OR DELETE ON sharing_piece
    FOR EACH ROW EXECUTE FUNCTION sharing_written_while_building('piece');
ALTER TABLE sharing_piece ENABLE ALWAYS TRIGGER sharing_piece_while_building;
CREATE TRIGGER sharing_sheet_while_building BEFORE INSERT OR UPDATE OR DELETE ON sharing_sheet
    FOR EACH ROW EXECUTE FUNCTION sharing_written_while_building('sheet');
ALTER TABLE sharing_sheet ENABLE ALWAYS TRIGGER sharing_sheet_while_building;
"""
NO_FILES = """
DROP TRIGGER sharing_sheet_while_building ON sharing_sheet;
DROP TRIGGER sharing_piece_while_building ON sharing_piece;
DROP FUNCTION sharing_written_while_building();
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0006_copies_that_only_the_recipient_opens")]

    operations = [
        migrations.RunSQL(DUE, NO_DUE),
        migrations.RunSQL(DISCLOSURE, NO_DISCLOSURE),
        migrations.RunSQL(COPY, NO_COPY),
        migrations.RunSQL(ROWS, NO_ROWS),
        migrations.RunSQL(FILES, NO_FILES),
        AppendOnly("sharing_givenvalues", erasable=True),
        Rewritable("sharing_givenvalues", secrets=["name", "dwelling", "phone_sealed", "salt"]),
    ]
