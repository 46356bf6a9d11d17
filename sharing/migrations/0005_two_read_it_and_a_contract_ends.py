"""Nobody is asked before two others have read it, for more than its kind of purpose needs, beside whom it is about, or under
a contract that is not in force; and nothing goes abroad without a yes to just that.

LM118: contracts. LM121: what a request may ask, of whom, and that two read it. LM122: who reads it.
"""

from importlib import import_module

from django.db import migrations

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

FIRST = import_module("sharing.migrations.0002_asked_once_given_once")
BEFORE = import_module("sharing.migrations.0003_each_answer_is_ones_own")

MEASURES = """
-- The largest set of fields of each kind of purpose; `sharing.models.ALLOWED` is the same map.
CREATE FUNCTION sharing_kind_allows(kind text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 IN ('delivery', 'repair', 'care') THEN '["name", "dwelling", "phone"]'::jsonb
        WHEN $1 IN ('billing', 'assembly', 'club') THEN '["name", "dwelling"]'
        WHEN $1 = 'offer' THEN '["name", "phone"]' WHEN $1 = 'survey' THEN '["dwelling"]' ELSE '[]' END
$$;

CREATE FUNCTION sharing_contract_holds(contract uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.sharing_contract c WHERE c.id = $1 AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL
        AND public.residents_today(c.neighborhood_id) BETWEEN c.starts AND c.until)
$$;

-- Whether the contract by which this was asked, if there is one, is in force.
CREATE FUNCTION sharing_door_is_open(request uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT q.contract_id IS NULL OR public.sharing_contract_holds(q.contract_id)
        FROM public.sharing_request q WHERE q.id = $1), false)
$$;

CREATE FUNCTION sharing_goes_abroad(request uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT r.jurisdiction <> 'CN' FROM public.sharing_request q
        JOIN public.sharing_recipient r ON r.id = q.recipient_id WHERE q.id = $1), true)
$$;

-- Whether a request is about this resident today: by age, and by one tie to a dwelling that is of the building and of the role.
CREATE FUNCTION sharing_in_audience(request uuid, resident uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT q.audience = '{}' OR (NOT q.audience ? 'ages' OR q.audience -> 'ages' ? CASE
            WHEN r.born IS NULL OR public.residents_birthday(r.born, 18) <= day.today THEN 'adult'
            WHEN public.residents_birthday(r.born, 14) <= day.today THEN 'from_14' ELSE 'under_14' END)
        AND (NOT q.audience ?| ARRAY['buildings', 'roles'] OR EXISTS (SELECT FROM (
            SELECT o.unit_id, o.tenure AS role FROM public.residents_occupancy o WHERE o.resident_id = r.id
                AND o.since <= day.today AND (o.until IS NULL OR o.until > day.today)
            UNION ALL SELECT w.unit_id, 'owner' FROM public.residents_ownership w WHERE w.resident_id = r.id
                AND w.since <= day.today AND (w.until IS NULL OR w.until > day.today)) tie
            JOIN public.residents_unit u ON u.id = tie.unit_id
            WHERE (NOT q.audience ? 'buildings' OR q.audience -> 'buildings' ? u.building_id::text)
                AND (NOT q.audience ? 'roles' OR q.audience -> 'roles' ? tie.role)))
        FROM public.sharing_request q JOIN public.residents_resident r ON r.neighborhood_id = q.neighborhood_id
        CROSS JOIN LATERAL (SELECT public.residents_today(q.neighborhood_id) AS today OFFSET 0) day
        WHERE q.id = $1 AND r.id = $2), false)
$$;

CREATE FUNCTION sharing_audience_is_sound(neighborhood uuid, audience jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
BEGIN
    IF jsonb_typeof(audience) IS DISTINCT FROM 'object' THEN
        RETURN false;
    END IF;
    FOR part IN SELECT key, value FROM jsonb_each(audience) LOOP
        IF jsonb_typeof(part.value) <> 'array' OR part.value = '[]' THEN
            RETURN false;
        END IF;
        IF part.key = 'ages' AND part.value <@ '["under_14", "from_14", "adult"]'
            OR part.key = 'roles' AND part.value <@ '["owner", "family", "tenant", "subtenant", "live_in"]' THEN
            CONTINUE;
        END IF;
        IF part.key <> 'buildings' OR EXISTS (SELECT FROM jsonb_array_elements(part.value) named
            WHERE jsonb_typeof(named) <> 'string' OR NOT EXISTS (SELECT FROM public.residents_building b
                WHERE b.neighborhood_id = neighborhood AND b.id::text = named #>> '{}')) THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;
"""
NO_MEASURES = """
DROP FUNCTION sharing_audience_is_sound(uuid, jsonb);
DROP FUNCTION sharing_in_audience(uuid, uuid);
DROP FUNCTION sharing_goes_abroad(uuid);
DROP FUNCTION sharing_door_is_open(uuid);
DROP FUNCTION sharing_contract_holds(uuid);
DROP FUNCTION sharing_kind_allows(text);
"""

CONTRACTS = """
CREATE FUNCTION sharing_contract_only_ends() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    confirming CONSTANT text[] := ARRAY['confirmed_by_id', 'confirmed_at'];
    ending CONSTANT text[] := ARRAY['ended_by_id', 'ended_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a contract is kept' USING ERRCODE = 'LM118';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.confirmed_at IS NOT NULL OR NEW.ended_at IS NOT NULL
            OR public.residents_is_staff(NEW.written_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'one of the staff writes it, and another confirms it' USING ERRCODE = 'LM118';
        END IF;
        IF jsonb_typeof(NEW.fields) <> 'array' OR NEW.fields = '[]' OR NOT NEW.fields <@ '["name", "dwelling", "phone"]'
            OR jsonb_typeof(NEW.kinds) <> 'array' OR NEW.kinds = '[]' OR EXISTS (SELECT FROM jsonb_array_elements(NEW.kinds) k
                WHERE public.sharing_kind_allows(k #>> '{}') = '[]') THEN
            RAISE EXCEPTION 'a contract says of which data at most, and for what' USING ERRCODE = 'LM118';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND OLD.ended_at IS NULL
        AND to_jsonb(NEW) - confirming = to_jsonb(OLD) - confirming
        AND public.residents_is_staff(NEW.confirmed_by_id)
        AND public.residents_one_person(NEW.written_by_id, NEW.confirmed_by_id) IS FALSE THEN
        NEW.confirmed_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND to_jsonb(NEW) - ending = to_jsonb(OLD) - ending
        AND public.residents_is_staff(NEW.ended_by_id) THEN
        NEW.ended_at := clock_timestamp();
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'another person confirms a contract, and from then on it only ends' USING ERRCODE = 'LM118';
END
$$;
CREATE TRIGGER sharing_contract_only_ends BEFORE INSERT OR UPDATE OR DELETE ON sharing_contract
    FOR EACH ROW EXECUTE FUNCTION sharing_contract_only_ends();
ALTER TABLE sharing_contract ENABLE ALWAYS TRIGGER sharing_contract_only_ends;

-- Whoever confirms, reads whom the recipient lets work on it, and so do residents.
CREATE FUNCTION sharing_subprocessor_named_before() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.sharing_contract WHERE id = NEW.contract_id AND confirmed_at IS NULL AND ended_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody is let in beside a contract that was confirmed' USING ERRCODE = 'LM118';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_subprocessor_named_before BEFORE INSERT ON sharing_subprocessor
    FOR EACH ROW EXECUTE FUNCTION sharing_subprocessor_named_before();
ALTER TABLE sharing_subprocessor ENABLE ALWAYS TRIGGER sharing_subprocessor_named_before;
"""
NO_CONTRACTS = """
DROP TRIGGER sharing_subprocessor_named_before ON sharing_subprocessor;
DROP FUNCTION sharing_subprocessor_named_before();
DROP TRIGGER sharing_contract_only_ends ON sharing_contract;
DROP FUNCTION sharing_contract_only_ends();
"""

FORWARD_ONLY = """
CREATE OR REPLACE FUNCTION sharing_request_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    words jsonb;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state NOT IN ('draft', 'refused') THEN
            RAISE EXCEPTION 'a request that was put to residents is kept' USING ERRCODE = 'LM007';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state NOT IN ('draft', 'refused') THEN
        RAISE EXCEPTION 'a request begins as a draft' USING ERRCODE = 'LM007';
    END IF;
    IF jsonb_typeof(NEW.fields) <> 'array' OR NEW.fields = '[]' AND NEW.state <> 'refused'
        OR NOT NEW.fields <@ '["name", "dwelling", "phone"]' THEN
        RAISE EXCEPTION 'name, dwelling and phone are all that can be asked for' USING ERRCODE = 'LM007';
    END IF;
    IF NOT EXISTS (SELECT FROM public.sharing_recipient r
        WHERE r.id = NEW.recipient_id AND r.neighborhood_id = NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'the recipient is another neighborhood''s' USING ERRCODE = 'LM007';
    END IF;
    IF TG_OP = 'INSERT' OR (OLD.state = 'draft' AND NEW.state = 'draft') THEN
        RETURN NEW;
    END IF;
    words := to_jsonb(NEW) - 'state';
    IF OLD.state = 'draft' AND NEW.state = 'open' AND NEW.deadline > NEW.opened_at AND NEW.retention_days > 0
        AND words - 'opened_by_id' - 'opened_at' = to_jsonb(OLD) - 'state' - 'opened_by_id' - 'opened_at' THEN
        RETURN NEW;
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'refused'
        AND words - 'refused_because' = to_jsonb(OLD) - 'state' - 'refused_because' THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) IN (('open', 'released'), ('open', 'closed'), ('released', 'closed'))
        AND words = to_jsonb(OLD) - 'state' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a request cannot change once it was put to residents' USING ERRCODE = 'LM007';
END
$$;

CREATE OR REPLACE FUNCTION sharing_recipient_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.neighborhood_id <> OLD.neighborhood_id OR EXISTS (SELECT FROM public.sharing_request q
        WHERE q.recipient_id = OLD.id AND (q.state NOT IN ('draft', 'refused')
            OR EXISTS (SELECT FROM public.sharing_review v WHERE v.request_id = q.id)))
        OR EXISTS (SELECT FROM public.sharing_contract c WHERE c.recipient_id = OLD.id AND c.confirmed_at IS NOT NULL)
        -- Somebody was heard by telephone as this recipient. The table comes with the next migration: names are looked up late.
        OR EXISTS (SELECT FROM public.sharing_recipientkey k
            WHERE k.recipient_id = OLD.id AND k.confirmed_at IS NOT NULL AND k.ended_at IS NULL) THEN
        RAISE EXCEPTION 'residents were asked about this recipient as it is' USING ERRCODE = 'LM007';
    END IF;
    RETURN NEW;
END
$$;
"""
FORWARD_AS_BEFORE = f"{FIRST.REQUEST_FREE_AGAIN}\n{FIRST.REQUEST_FORWARD_ONLY}"

TWO = """
CREATE FUNCTION sharing_request_read_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acts CONSTANT text[] := ARRAY['state', 'refused_because', 'opened_by_id', 'opened_at'];
    contract public.sharing_contract%ROWTYPE;
BEGIN
    IF NEW.state = 'refused' OR TG_OP = 'UPDATE' AND OLD.state <> 'draft' THEN
        RETURN NEW;
    END IF;
    IF NOT NEW.fields <@ public.sharing_kind_allows(NEW.kind) THEN
        RAISE EXCEPTION 'more than this kind of purpose needs' USING ERRCODE = 'LM121';
    END IF;
    IF NEW.basis NOT IN ('consent', 'service', 'duty') OR NOT public.sharing_audience_is_sound(NEW.neighborhood_id, NEW.audience)
        OR NEW.repeats_until < (NEW.deadline AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION 'it says by what right, of whom and how long' USING ERRCODE = 'LM121';
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - acts <> to_jsonb(OLD) - acts
        AND EXISTS (SELECT FROM public.sharing_review v WHERE v.request_id = OLD.id) THEN
        RAISE EXCEPTION 'somebody has read it as it is' USING ERRCODE = 'LM121';
    END IF;
    -- A contract that is ending at this moment ends before this or after it.
    SELECT * INTO contract FROM public.sharing_contract WHERE id = NEW.contract_id FOR SHARE;
    IF contract.id IS NOT NULL AND (contract.recipient_id <> NEW.recipient_id OR NOT NEW.fields <@ contract.fields
        OR NOT contract.kinds ? NEW.kind) THEN
        RAISE EXCEPTION 'this is not what the contract says' USING ERRCODE = 'LM118';
    END IF;
    IF NEW.state = 'draft' THEN
        RETURN NEW;
    END IF;
    IF contract.id IS NULL AND EXISTS (SELECT FROM public.sharing_recipient r WHERE r.id = NEW.recipient_id
            AND (r.role = 'processor' OR EXISTS (SELECT FROM public.sharing_contract c
                WHERE c.recipient_id = r.id AND c.confirmed_at IS NOT NULL)))
        OR contract.id IS NOT NULL AND NOT public.sharing_contract_holds(contract.id) THEN
        RAISE EXCEPTION 'no contract with this recipient is in force' USING ERRCODE = 'LM118';
    END IF;
    IF public.residents_is_staff(NEW.opened_by_id) IS NOT TRUE
        OR public.residents_one_person(NEW.drafted_by_id, NEW.opened_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'who drafted a request does not put it to residents' USING ERRCODE = 'LM121';
    END IF;
    IF (SELECT count(*) FILTER (WHERE v.yes) < 2 OR count(*) FILTER (WHERE NOT v.yes) > 0
            OR count(*) FILTER (WHERE public.residents_one_person(NEW.drafted_by_id, v.by_id) IS NOT FALSE) > 0
            FROM public.sharing_review v WHERE v.request_id = NEW.id)
        OR EXISTS (SELECT FROM public.sharing_review v JOIN public.sharing_review w ON w.request_id = v.request_id
            AND w.id > v.id WHERE v.request_id = NEW.id AND public.residents_one_person(v.by_id, w.by_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'two others read a request before residents are asked' USING ERRCODE = 'LM121';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_request_read_by_two BEFORE INSERT OR UPDATE ON sharing_request
    FOR EACH ROW EXECUTE FUNCTION sharing_request_read_by_two();
ALTER TABLE sharing_request ENABLE ALWAYS TRIGGER sharing_request_read_by_two;

CREATE FUNCTION sharing_review_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    -- Those who read one request take turns, so that two accounts of one person meet.
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id FOR UPDATE;
    IF asked.state IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'a request is read before residents are asked' USING ERRCODE = 'LM122';
    END IF;
    IF public.residents_is_staff(NEW.by_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'one of the committee reads it' USING ERRCODE = 'LM122';
    END IF;
    IF public.residents_one_person(asked.drafted_by_id, NEW.by_id) IS NOT FALSE OR EXISTS (
        SELECT FROM public.sharing_review v WHERE v.request_id = asked.id
        AND public.residents_one_person(v.by_id, NEW.by_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'two others read it, and one person with two accounts is one' USING ERRCODE = 'LM122';
    END IF;
    IF NEW.yes AND NOT public.sharing_door_is_open(asked.id) THEN
        RAISE EXCEPTION 'no contract with this recipient is in force' USING ERRCODE = 'LM118';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_review_by_another BEFORE INSERT ON sharing_review
    FOR EACH ROW EXECUTE FUNCTION sharing_review_by_another();
ALTER TABLE sharing_review ENABLE ALWAYS TRIGGER sharing_review_by_another;
"""
ONE = """
DROP TRIGGER sharing_review_by_another ON sharing_review;
DROP FUNCTION sharing_review_by_another();
DROP TRIGGER sharing_request_read_by_two ON sharing_request;
DROP FUNCTION sharing_request_read_by_two();
"""

AS_WAS_ASKED = """
-- A no needs nothing.
CREATE FUNCTION sharing_answer_within_what_was_asked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT NEW.yes THEN
        NEW.abroad := false;
        RETURN NEW;
    END IF;
    IF NOT public.sharing_in_audience(NEW.request_id, NEW.resident_id) THEN
        RAISE EXCEPTION 'this was not asked about them' USING ERRCODE = 'LM121';
    END IF;
    IF NEW.abroad <> public.sharing_goes_abroad(NEW.request_id) THEN
        RAISE EXCEPTION 'that it goes abroad is agreed to on its own' USING ERRCODE = 'LM121';
    END IF;
    IF NOT public.sharing_door_is_open(NEW.request_id) THEN
        RAISE EXCEPTION 'the contract with the recipient is not in force' USING ERRCODE = 'LM118';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_answer_within_what_was_asked BEFORE INSERT ON sharing_answer
    FOR EACH ROW EXECUTE FUNCTION sharing_answer_within_what_was_asked();
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_within_what_was_asked;

CREATE FUNCTION sharing_disclosure_while_it_lasts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id FOR UPDATE;
    PERFORM FROM public.sharing_contract WHERE id = asked.contract_id FOR SHARE;
    IF NOT public.sharing_door_is_open(asked.id) THEN
        RAISE EXCEPTION 'the contract with the recipient is not in force' USING ERRCODE = 'LM118';
    END IF;
    -- The hour that the record itself will show. A law sets no time to decide.
    IF asked.kind <> 'order' AND NEW.asked_at < asked.deadline THEN
        RAISE EXCEPTION 'residents are still deciding' USING ERRCODE = 'LM121';
    END IF;
    IF EXISTS (SELECT FROM public.sharing_disclosure d WHERE d.request_id = asked.id)
        AND (asked.repeats_until IS NULL OR asked.repeats_until < public.residents_today(asked.neighborhood_id)) THEN
        RAISE EXCEPTION 'it was given, and is not given again' USING ERRCODE = 'LM121';
    END IF;
    IF public.residents_one_person(asked.drafted_by_id, NEW.asked_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'who drafted a request does not release it' USING ERRCODE = 'LM121';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosure_while_it_lasts BEFORE INSERT ON sharing_disclosure
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosure_while_it_lasts();
ALTER TABLE sharing_disclosure ENABLE ALWAYS TRIGGER sharing_disclosure_while_it_lasts;

CREATE FUNCTION sharing_disclosedrow_within_what_was_asked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked uuid := (SELECT d.request_id FROM public.sharing_disclosure d WHERE d.id = NEW.disclosure_id);
BEGIN
    IF NOT public.sharing_in_audience(asked, NEW.resident_id) THEN
        RAISE EXCEPTION 'this was not asked about them' USING ERRCODE = 'LM121';
    END IF;
    IF public.sharing_goes_abroad(asked) AND NOT EXISTS (
        SELECT FROM public.sharing_answer a WHERE a.id = NEW.answer_id AND a.abroad) THEN
        RAISE EXCEPTION 'that it goes abroad is agreed to on its own' USING ERRCODE = 'LM121';
    END IF;
    IF NOT public.sharing_door_is_open(asked) THEN
        RAISE EXCEPTION 'the contract with the recipient is not in force' USING ERRCODE = 'LM118';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_disclosedrow_within_what_was_asked BEFORE INSERT ON sharing_disclosedrow
    FOR EACH ROW EXECUTE FUNCTION sharing_disclosedrow_within_what_was_asked();
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_within_what_was_asked;
"""
AS_BEFORE = """
DROP TRIGGER sharing_disclosedrow_within_what_was_asked ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_within_what_was_asked();
DROP TRIGGER sharing_disclosure_while_it_lasts ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_while_it_lasts();
DROP TRIGGER sharing_answer_within_what_was_asked ON sharing_answer;
DROP FUNCTION sharing_answer_within_what_was_asked();
"""

# Everybody whom a count is out of is somebody who was asked.
EVERYBODY = "WHERE r.neighborhood_id = asked.neighborhood_id AND r.left_at IS NULL AND r.erased_at IS NULL"
ASKED = (
    f"{EVERYBODY}\n            AND (asked.audience = '{{}}' OR public.sharing_in_audience(asked.id, r.id))"
)
COUNTING = BEFORE.TALLY_IS_COUNTED.split("CREATE FUNCTION sharing_tally_is_counted")[1].split(
    "CREATE TRIGGER"
)[0]
COUNTED_BEFORE = f"CREATE OR REPLACE FUNCTION sharing_tally_is_counted{COUNTING}"
COUNTED_OF_THE_ASKED = COUNTED_BEFORE.replace(EVERYBODY, ASKED)


class Migration(migrations.Migration):
    dependencies = [("sharing", "0004_recipients_contracts_and_who_read_it")]

    operations = [
        migrations.RunSQL(MEASURES, NO_MEASURES),
        migrations.RunSQL(CONTRACTS, NO_CONTRACTS),
        migrations.RunSQL(FORWARD_ONLY, FORWARD_AS_BEFORE),
        migrations.RunSQL(TWO, ONE),
        migrations.RunSQL(AS_WAS_ASKED, AS_BEFORE),
        migrations.RunSQL(COUNTED_OF_THE_ASKED, COUNTED_BEFORE),
        SameNeighborhood("sharing_contract", recipient_id="sharing_recipient"),
        SameNeighborhood("sharing_subprocessor", contract_id="sharing_contract"),
        SameNeighborhood("sharing_review", request_id="sharing_request"),
        AppendOnly("sharing_subprocessor"),
        AppendOnly("sharing_review"),
    ]
