"""What may stand in a copy, what its file is made of, and when it is handed over: the database compares with what residents
agree to at that moment, whoever writes.

LM123: how a copy goes. LM124: who is in it. LM125: with which values. LM126: its file. LM127: what was committed to.
"""

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

DUE = """
-- Whom a copy of this request would hold at this moment, by which answer, and with which values: the last word about
-- somebody who lives here and whom it is about, a yes, said by a power that holds; of what they ticked, what is there.
CREATE FUNCTION sharing_due(request uuid)
RETURNS TABLE (resident uuid, answer bigint, fields jsonb, name text, dwelling text, phone bytea)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    WITH asked AS (
        SELECT q.*, public.residents_today(q.neighborhood_id) AS today, public.sharing_goes_abroad(q.id) AS abroad
            FROM public.sharing_request q WHERE q.id = $1
            AND q.state IN ('open', 'released') AND public.sharing_door_is_open(q.id)),
    agreed AS (
        SELECT word.*, asked.today, r.name, r.phone_sealed FROM asked
            CROSS JOIN LATERAL (SELECT DISTINCT ON (a.resident_id) a.* FROM public.sharing_answer a
                WHERE a.request_id = asked.id ORDER BY a.resident_id, a.id DESC) word
            JOIN public.residents_resident r ON r.id = word.resident_id
            WHERE word.yes AND r.neighborhood_id = asked.neighborhood_id AND r.left_at IS NULL AND r.erased_at IS NULL
            AND CASE WHEN r.born IS NULL THEN word.guardianship_id IS NULL
                ELSE (SELECT public.sharing_power_holds(a) FROM public.sharing_answer a WHERE a.id = word.id) END
            AND (word.guardianship_id IS NULL OR NOT public.sharing_held_off(asked.id, r.id, NULL))
            AND (asked.audience = '{}' OR public.sharing_in_audience(asked.id, r.id))
            AND (word.abroad OR NOT asked.abroad)),
    homes AS (
        SELECT o.resident_id, string_agg(b.name || ' ' || u.number, '、' ORDER BY o.since, o.id) AS dwelling
            FROM public.residents_occupancy o JOIN agreed ON agreed.resident_id = o.resident_id
            JOIN public.residents_unit u ON u.id = o.unit_id JOIN public.residents_building b ON b.id = u.building_id
            WHERE agreed.fields ? 'dwelling' AND o.since <= agreed.today AND (o.until IS NULL OR o.until > agreed.today)
            GROUP BY o.resident_id),
    told AS (
        SELECT agreed.resident_id, agreed.id AS answer, CASE WHEN agreed.fields ? 'name' THEN agreed.name ELSE '' END AS name,
            COALESCE(homes.dwelling, '') AS dwelling,
            CASE WHEN agreed.fields ? 'phone' THEN agreed.phone_sealed END AS phone
            FROM agreed LEFT JOIN homes USING (resident_id))
    SELECT resident_id, answer, to_jsonb(array_remove(ARRAY[CASE WHEN name <> '' THEN 'name' END,
        CASE WHEN dwelling <> '' THEN 'dwelling' END, CASE WHEN phone IS NOT NULL THEN 'phone' END], NULL)),
        name, dwelling, phone FROM told
$$;

-- Whether a copy holds exactly that: nobody more, nobody less, and no other value.
CREATE FUNCTION sharing_copy_is_due(copy uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM (
        SELECT d.resident_id, d.answer_id, d.fields, v.name::text, v.dwelling, v.phone_sealed
            FROM public.sharing_disclosedrow d LEFT JOIN public.sharing_givenvalues v ON v.row_id = d.id
            WHERE d.copy_id = $1) held
        FULL JOIN (SELECT due.* FROM public.sharing_copy c JOIN public.sharing_disclosure g ON g.id = c.disclosure_id
            CROSS JOIN LATERAL public.sharing_due(g.request_id) due WHERE c.id = $1) due
        ON due.resident = held.resident_id AND due.answer = held.answer_id AND due.fields = held.fields
            AND due.name = held.name AND due.dwelling = held.dwelling
            AND due.phone IS NOT DISTINCT FROM held.phone_sealed
        WHERE held.resident_id IS NULL OR due.resident IS NULL)
$$;
"""
NOT_DUE = """
DROP FUNCTION sharing_copy_is_due(uuid);
DROP FUNCTION sharing_due(uuid);
"""

COPIES = """
CREATE FUNCTION sharing_disclosure_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'that something was released is kept as it is' USING ERRCODE = 'LM009';
    END IF;
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id;
    IF asked.state <> 'released' OR asked.neighborhood_id <> NEW.neighborhood_id THEN
        RAISE EXCEPTION 'this request was not released' USING ERRCODE = 'LM009';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosure_once BEFORE INSERT OR UPDATE OR DELETE ON sharing_disclosure
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosure_once();
ALTER TABLE sharing_disclosure ENABLE ALWAYS TRIGGER sharing_disclosure_once;

CREATE FUNCTION sharing_key_lives(key uuid, recipient uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.sharing_recipientkey k WHERE k.id = $1 AND k.recipient_id = $2
        AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL)
$$;

CREATE FUNCTION sharing_copy_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    work CONSTANT text[] := ARRAY['state', 'people', 'written', 'attempt', 'leased_until', 'sha256', 'ready_at', 'handed_at'];
    asked public.sharing_request%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a copy is kept, without its file' USING ERRCODE = 'LM123';
    END IF;
    SELECT q.* INTO asked FROM public.sharing_request q JOIN public.sharing_disclosure d ON d.request_id = q.id
        WHERE d.id = NEW.disclosure_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'building' OR NEW.handed_at IS NOT NULL OR length(NEW.mark) <> 32
            OR public.sharing_key_lives(NEW.key_id, asked.recipient_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'a copy is begun for the confirmed key of its recipient' USING ERRCODE = 'LM123';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - work <> to_jsonb(OLD) - work OR NOT (OLD.state = NEW.state AND OLD.state = 'building'
        OR OLD.state = NEW.state AND to_jsonb(NEW) = to_jsonb(OLD)
        OR (OLD.state, NEW.state) IN (('building', 'ready'), ('ready', 'handed'), ('building', 'void'), ('ready', 'void'))) THEN
        RAISE EXCEPTION 'a copy goes forward, and is for whom it was made' USING ERRCODE = 'LM123';
    END IF;
    IF NEW.state = 'handed' AND OLD.state = 'ready' THEN
        -- No answer comes in between: it needs a share of this lock.
        PERFORM FROM public.sharing_request WHERE id = asked.id FOR UPDATE;
        NEW.handed_at := clock_timestamp();
        IF public.sharing_key_lives(NEW.key_id, asked.recipient_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'the key that it was made for is gone' USING ERRCODE = 'LM123';
        END IF;
        IF NOT public.sharing_copy_is_due(NEW.id) THEN
            RAISE EXCEPTION 'it is not what residents agree to now' USING ERRCODE = 'LM123';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_copy_goes_forward BEFORE INSERT OR UPDATE OR DELETE ON sharing_copy
    FOR EACH ROW EXECUTE FUNCTION sharing_copy_goes_forward();
ALTER TABLE sharing_copy ENABLE ALWAYS TRIGGER sharing_copy_goes_forward;
"""
NO_COPIES = """
DROP TRIGGER sharing_copy_goes_forward ON sharing_copy;
DROP FUNCTION sharing_copy_goes_forward();
DROP FUNCTION sharing_key_lives(uuid, uuid);
DROP TRIGGER sharing_disclosure_once ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_once();
"""

ROWS = """
-- By statement, for a copy may hold a hundred thousand: all that was written is compared with all that is due.
CREATE FUNCTION sharing_disclosedrow_by_own_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    into_copy uuid;
BEGIN
    FOR into_copy IN SELECT DISTINCT copy_id FROM written LOOP
        -- From here until commit no answer can come in between.
        PERFORM FROM public.sharing_request q JOIN public.sharing_disclosure d ON d.request_id = q.id
            JOIN public.sharing_copy c ON c.disclosure_id = d.id WHERE c.id = into_copy FOR UPDATE OF q;
        IF NOT EXISTS (SELECT FROM public.sharing_copy WHERE id = into_copy AND state = 'building') THEN
            RAISE EXCEPTION 'the copy is made: nobody can be added' USING ERRCODE = 'LM124';
        END IF;
        IF EXISTS (SELECT w.resident_id, w.answer_id, w.fields FROM written w WHERE w.copy_id = into_copy
            EXCEPT SELECT due.resident, due.answer, due.fields FROM public.sharing_copy c
                JOIN public.sharing_disclosure d ON d.id = c.disclosure_id
                CROSS JOIN LATERAL public.sharing_due(d.request_id) due WHERE c.id = into_copy) THEN
            RAISE EXCEPTION 'no yes of this resident stands, or not to this' USING ERRCODE = 'LM124';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_disclosedrow_by_own_yes AFTER INSERT ON sharing_disclosedrow
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION sharing_disclosedrow_by_own_yes();
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_by_own_yes;

CREATE FUNCTION sharing_givenvalues_as_they_are() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM written w JOIN public.sharing_disclosedrow d ON d.id = w.row_id
            JOIN public.sharing_copy c ON c.id = d.copy_id WHERE c.state <> 'building' OR length(w.salt) < 16) THEN
        RAISE EXCEPTION 'the copy is made: nothing can be added' USING ERRCODE = 'LM125';
    END IF;
    IF EXISTS (SELECT d.copy_id, d.resident_id, w.name::text, w.dwelling, w.phone_sealed FROM written w
            JOIN public.sharing_disclosedrow d ON d.id = w.row_id
        EXCEPT SELECT c.id, due.resident, due.name, due.dwelling, due.phone FROM public.sharing_copy c
            JOIN public.sharing_disclosure g ON g.id = c.disclosure_id
            CROSS JOIN LATERAL public.sharing_due(g.request_id) due
            WHERE c.id IN (SELECT d.copy_id FROM written w JOIN public.sharing_disclosedrow d ON d.id = w.row_id)) THEN
        RAISE EXCEPTION 'these are not the values of the register' USING ERRCODE = 'LM125';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_givenvalues_as_they_are AFTER INSERT ON sharing_givenvalues
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION sharing_givenvalues_as_they_are();
ALTER TABLE sharing_givenvalues ENABLE ALWAYS TRIGGER sharing_givenvalues_as_they_are;
"""
NO_ROWS = """
DROP TRIGGER sharing_givenvalues_as_they_are ON sharing_givenvalues;
DROP FUNCTION sharing_givenvalues_as_they_are();
DROP TRIGGER sharing_disclosedrow_by_own_yes ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_by_own_yes();
"""

PIECES = """
CREATE FUNCTION sharing_piece_while_it_is_written() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.sharing_copy c WHERE c.id = NEW.copy_id AND c.state = 'building'
        AND c.attempt = NEW.attempt FOR KEY SHARE) THEN
        RAISE EXCEPTION 'the file is written by whoever has taken it up, and never afterwards' USING ERRCODE = 'LM126';
    END IF;
    -- What age writes begins so; no list in the clear does.
    IF length(NEW.content) > 1048576 OR NEW.number = 0 AND position('age-encryption.org/v1'::bytea IN NEW.content) <> 1 THEN
        RAISE EXCEPTION 'only what is encrypted is kept, in pieces of a mebibyte' USING ERRCODE = 'LM126';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_piece_while_it_is_written BEFORE INSERT ON sharing_piece
    FOR EACH ROW EXECUTE FUNCTION sharing_piece_while_it_is_written();
ALTER TABLE sharing_piece ENABLE ALWAYS TRIGGER sharing_piece_while_it_is_written;
ALTER TABLE sharing_piece ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE FUNCTION sharing_leaves_while_it_is_written() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.sharing_copy c WHERE c.id = NEW.copy_id AND c.state = 'building' FOR KEY SHARE)
        OR length(NEW.hashes) NOT BETWEEN 32 AND 32000 OR length(NEW.hashes) % 32 <> 0 THEN
        RAISE EXCEPTION 'what was committed to was committed to before' USING ERRCODE = 'LM127';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_leaves_while_it_is_written BEFORE INSERT ON sharing_leaves
    FOR EACH ROW EXECUTE FUNCTION sharing_leaves_while_it_is_written();
ALTER TABLE sharing_leaves ENABLE ALWAYS TRIGGER sharing_leaves_while_it_is_written;
"""
NO_PIECES = """
DROP TRIGGER sharing_leaves_while_it_is_written ON sharing_leaves;
DROP FUNCTION sharing_leaves_while_it_is_written();
DROP TRIGGER sharing_piece_while_it_is_written ON sharing_piece;
DROP FUNCTION sharing_piece_while_it_is_written();
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0006_what_is_given_is_encrypted_to_its_recipient")]

    operations = [
        migrations.RunSQL(DUE, NOT_DUE),
        migrations.RunSQL(COPIES, NO_COPIES),
        migrations.RunSQL(ROWS, NO_ROWS),
        migrations.RunSQL(PIECES, NO_PIECES),
        SameNeighborhood("sharing_recipientkey", recipient_id="sharing_recipient"),
        SameNeighborhood("sharing_copy", disclosure_id="sharing_disclosure", key_id="sharing_recipientkey"),
        AppendOnly("sharing_givenvalues", erasable=True),
        AppendOnly("sharing_piece", erasable=True),
        AppendOnly("sharing_leaves"),
    ]
