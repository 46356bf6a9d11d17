"""Handing over where nobody can get round it (obligation 46): opened, sealed, checked, countersigned, in this order and once,
by somebody of the body that leaves and by somebody who takes over; and no key stays with who has left without a reason.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

WHO = """
-- The same is data in `committees/models/handovers.py`; a test compares the two.
CREATE FUNCTION committees_takes_over(giving text, taking text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (giving, taking) IN (('owners', 'owners'), ('owners', 'residents'), ('residents', 'owners'),
        ('residents', 'residents'), ('property', 'owners'), ('property', 'residents'), ('property', 'property'))
$$;

-- The day on which what it is about is over: of a term its own, of a company the last of its contracts.
CREATE FUNCTION committees_handover_over_on(handover public.committees_handover) RETURNS date
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN (handover).term_id IS NOT NULL
        THEN (SELECT t.ends FROM public.committees_term t WHERE t.id = (handover).term_id)
        ELSE (SELECT max(c.ends) FROM public.committees_companycontract c WHERE c.committee_id = (handover).committee_id
            AND c.confirmed_at IS NOT NULL AND c.superseded_at IS NULL) END
$$;

-- Of the body that leaves: in office there on its last day, or now. Rights are dead by then, and this one is what is left.
CREATE FUNCTION committees_gives(account uuid, handover public.committees_handover) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        WHERE t.user_id = $1 AND u.is_active AND t.committee_id = ($2).committee_id AND t.role IN ('chair', 'clerk')
        AND (t.starts <= public.committees_handover_over_on($2) AND t.ends >= public.committees_handover_over_on($2)
            OR public.committees_in_force(t, public.residents_today(t.neighborhood_id))))
$$;

-- In office now, in a body that may take over, and not whose term it was; of a company, not its own people.
CREATE FUNCTION committees_takes(account uuid, handover public.committees_handover) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_term t JOIN public.residents_user u ON u.id = t.user_id
        JOIN public.committees_committee taking ON taking.id = t.committee_id
        JOIN public.committees_committee giving ON giving.id = ($2).committee_id
        WHERE t.user_id = $1 AND u.is_active AND t.neighborhood_id = ($2).neighborhood_id AND t.role IN ('chair', 'clerk')
        AND public.committees_takes_over(giving.kind, taking.kind)
        AND (($2).contract_id IS NULL OR t.committee_id <> ($2).committee_id)
        AND public.committees_in_force(t, public.residents_today(t.neighborhood_id)))
        AND NOT EXISTS (SELECT FROM public.committees_term left_ WHERE left_.id = ($2).term_id
            AND public.residents_one_person(left_.user_id, $1) IS NOT FALSE)
$$;

CREATE FUNCTION committees_may_keep_a_key(account uuid, neighborhood uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.residents_user u WHERE u.id = $1 AND u.is_active AND (u.is_superuser
        OR EXISTS (SELECT FROM public.committees_term t WHERE t.user_id = u.id AND t.neighborhood_id = $2
            AND t.role IN ('chair', 'clerk')
            AND public.committees_in_force(t, public.residents_today(t.neighborhood_id)))))
$$;

-- Whoever keeps a key and holds no office here any more, and does not run the system.
CREATE FUNCTION committees_custody_left(neighborhood uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.committees_keycustody k WHERE k.neighborhood_id = $1
        AND k.witnessed_at IS NOT NULL AND k.ended_at IS NULL
        AND NOT public.committees_may_keep_a_key(k.holder_id, k.neighborhood_id))
$$;

-- Over all lines, each part with its length before it, so that no two manifests spell the same.
CREATE FUNCTION committees_handover_digest(handover uuid) RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to($1::text || E'\\n' || COALESCE(string_agg(
        concat_ws('|', l.number, l.kind, l.what, octet_length(l.label), l.label, l.count, l.digest), E'\\n' ORDER BY l.number), ''),
        'UTF8')), 'hex')
    FROM public.committees_handoverline l WHERE l.handover_id = $1
$$;
"""
WHO_GONE = """
DROP FUNCTION committees_handover_digest(uuid);
DROP FUNCTION committees_custody_left(uuid);
DROP FUNCTION committees_may_keep_a_key(uuid, uuid);
DROP FUNCTION committees_takes(uuid, public.committees_handover);
DROP FUNCTION committees_gives(uuid, public.committees_handover);
DROP FUNCTION committees_handover_over_on(public.committees_handover);
DROP FUNCTION committees_takes_over(text, text);
"""

HANDOVER = """
CREATE FUNCTION committees_handover_in_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    SEAL CONSTANT text[] := ARRAY['sealed_by_id', 'sealed_at', 'digest', 'without_giver'];
    SIGN CONSTANT text[] := ARRAY['countersigned_by_id', 'countersigned_at', 'custody_left'];
    today date;
    over_on date;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was handed over is kept' USING ERRCODE = 'LM196';
    END IF;
    today := public.residents_today(NEW.neighborhood_id);
    over_on := public.committees_handover_over_on(NEW);
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.sealed_at, NEW.sealed_by_id, NEW.countersigned_at, NEW.countersigned_by_id) > 0 THEN
            RAISE EXCEPTION 'a handover is opened, then sealed, then countersigned' USING ERRCODE = 'LM196';
        END IF;
        IF NOT EXISTS (SELECT FROM public.committees_term t WHERE t.id = NEW.term_id AND t.committee_id = NEW.committee_id
                AND t.role IN ('chair', 'clerk') AND t.starts <= today)
            AND NOT EXISTS (SELECT FROM public.committees_companycontract c WHERE c.id = NEW.contract_id
                AND c.committee_id = NEW.committee_id AND c.confirmed_at IS NOT NULL AND c.superseded_at IS NULL) THEN
            RAISE EXCEPTION 'a handover is of a term or a contract of this very body' USING ERRCODE = 'LM196';
        END IF;
        IF NEW.opened_by_id IS NULL AND over_on > today THEN
            RAISE EXCEPTION 'before the last day somebody opens it' USING ERRCODE = 'LM196';
        END IF;
        IF NEW.opened_by_id IS NOT NULL AND NOT public.committees_gives(NEW.opened_by_id, NEW)
            AND NOT public.committees_takes(NEW.opened_by_id, NEW) THEN
            RAISE EXCEPTION 'one of the two sides opens a handover' USING ERRCODE = 'LM197';
        END IF;
        NEW.opened_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND to_jsonb(NEW) - SEAL = to_jsonb(OLD) - SEAL THEN
        IF NOT EXISTS (SELECT FROM public.committees_handoverline l WHERE l.handover_id = NEW.id
            HAVING count(*) > 0 AND count(*) = max(l.number) AND min(l.number) = 1) THEN
            RAISE EXCEPTION 'what is sealed is a whole list' USING ERRCODE = 'LM196';
        END IF;
        IF over_on > today AND (NEW.contract_id IS NOT NULL OR NEW.without_giver <> '') THEN
            RAISE EXCEPTION 'this is sealed once it is over' USING ERRCODE = 'LM196';
        END IF;
        IF NEW.without_giver = '' AND NOT public.committees_gives(NEW.sealed_by_id, NEW)
            OR NEW.without_giver <> '' AND NOT public.committees_takes(NEW.sealed_by_id, NEW) THEN
            RAISE EXCEPTION 'who leaves seals it, or who takes over says why they do not' USING ERRCODE = 'LM197';
        END IF;
        NEW.digest := public.committees_handover_digest(NEW.id);
        NEW.sealed_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.sealed_at IS NULL OR OLD.countersigned_at IS NOT NULL OR NEW.countersigned_at IS NULL
        OR to_jsonb(NEW) - SIGN <> to_jsonb(OLD) - SIGN THEN
        RAISE EXCEPTION 'a handover is opened, then sealed, then countersigned, once' USING ERRCODE = 'LM196';
    END IF;
    IF EXISTS (SELECT FROM public.committees_handoverline l WHERE l.handover_id = NEW.id AND l.checked = '')
        OR OLD.digest <> public.committees_handover_digest(NEW.id) OR over_on > today THEN
        RAISE EXCEPTION 'each line is checked, and what it is about is over, before it is countersigned'
            USING ERRCODE = 'LM196';
    END IF;
    IF public.residents_one_person(OLD.sealed_by_id, NEW.countersigned_by_id) IS NOT FALSE
        OR NOT public.committees_takes(NEW.countersigned_by_id, NEW) THEN
        RAISE EXCEPTION 'who takes over countersigns, and is another person' USING ERRCODE = 'LM197';
    END IF;
    IF NEW.custody_left = '' AND public.committees_custody_left(NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a key is with somebody who has left' USING ERRCODE = 'LM199', HINT = 'Pass it on, or say why not.';
    END IF;
    NEW.countersigned_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_handover_in_order BEFORE INSERT OR UPDATE OR DELETE ON committees_handover
    FOR EACH ROW EXECUTE FUNCTION committees_handover_in_order();
ALTER TABLE committees_handover ENABLE ALWAYS TRIGGER committees_handover_in_order;
"""
HANDOVER_FREE = """
DROP TRIGGER committees_handover_in_order ON committees_handover;
DROP FUNCTION committees_handover_in_order();
"""

LINE = """
CREATE FUNCTION committees_handoverline_checked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    CHECKED CONSTANT text[] := ARRAY['checked', 'checked_by_id', 'checked_at', 'words'];
    handover public.committees_handover%ROWTYPE;
BEGIN
    SELECT * INTO handover FROM public.committees_handover
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.handover_id ELSE NEW.handover_id END FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        IF handover.sealed_at IS NOT NULL OR NEW.checked <> '' THEN
            RAISE EXCEPTION 'a sealed list takes no further line' USING ERRCODE = 'LM198';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF handover.sealed_at IS NOT NULL THEN
            RAISE EXCEPTION 'a sealed list loses no line' USING ERRCODE = 'LM198';
        END IF;
        RETURN OLD;
    END IF;
    IF to_jsonb(NEW) - CHECKED <> to_jsonb(OLD) - CHECKED OR handover.sealed_at IS NULL
        OR handover.countersigned_at IS NOT NULL OR NEW.checked = '' THEN
        RAISE EXCEPTION 'a line is checked between the two signatures, and is otherwise what it was' USING ERRCODE = 'LM198';
    END IF;
    IF NOT public.committees_takes(NEW.checked_by_id, handover)
        OR public.residents_one_person(handover.sealed_by_id, NEW.checked_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'who takes over checks, and is another person' USING ERRCODE = 'LM197';
    END IF;
    NEW.checked_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_handoverline_checked BEFORE INSERT OR UPDATE OR DELETE ON committees_handoverline
    FOR EACH ROW EXECUTE FUNCTION committees_handoverline_checked();
ALTER TABLE committees_handoverline ENABLE ALWAYS TRIGGER committees_handoverline_checked;
"""
LINE_FREE = """
DROP TRIGGER committees_handoverline_checked ON committees_handoverline;
DROP FUNCTION committees_handoverline_checked();
"""

CUSTODY = """
CREATE FUNCTION committees_keycustody_seen() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    SEEN CONSTANT text[] := ARRAY['witnessed_by_id', 'witnessed_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'who kept a key is kept' USING ERRCODE = 'LM199';
    END IF;
    -- Ended by what takes its place, below, and by nothing else.
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND OLD.witnessed_at IS NOT NULL AND OLD.ended_at IS NULL
        AND NEW.ended_at IS NOT NULL AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at' THEN
        RETURN NEW;
    END IF;
    PERFORM FROM public.residents_neighborhood WHERE id = NEW.neighborhood_id FOR NO KEY UPDATE;
    IF NOT public.committees_may_keep_a_key(NEW.holder_id, NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'a key is kept by somebody in office here' USING ERRCODE = 'LM199';
    END IF;
    -- Two halves are two people's: with both, one alone had the whole key.
    IF NEW.thing <> 'backup' AND EXISTS (SELECT FROM public.committees_keycustody k
        WHERE k.neighborhood_id = NEW.neighborhood_id AND k.thing IN ('half_1', 'half_2') AND k.thing <> NEW.thing
        AND k.witnessed_at IS NOT NULL AND k.ended_at IS NULL
        AND public.residents_one_person(k.holder_id, NEW.holder_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'two halves are kept by two people' USING ERRCODE = 'LM199';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF num_nonnulls(NEW.witnessed_by_id, NEW.witnessed_at, NEW.ended_at) > 0 THEN
            RAISE EXCEPTION 'custody counts once another has seen it' USING ERRCODE = 'LM199';
        END IF;
        NEW.taken_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.witnessed_at IS NOT NULL OR NEW.witnessed_at IS NULL OR NEW.witnessed_by_id IS NULL
        OR to_jsonb(NEW) - SEEN <> to_jsonb(OLD) - SEEN
        OR public.residents_one_person(NEW.holder_id, NEW.witnessed_by_id) IS NOT FALSE
        OR NOT public.committees_may_keep_a_key(NEW.witnessed_by_id, NEW.neighborhood_id)
            AND NOT EXISTS (SELECT FROM public.committees_keycustody k WHERE k.neighborhood_id = NEW.neighborhood_id
                AND k.thing = NEW.thing AND k.witnessed_at IS NOT NULL AND k.ended_at IS NULL
                AND k.holder_id = NEW.witnessed_by_id) THEN
        RAISE EXCEPTION 'custody is seen once, by another' USING ERRCODE = 'LM199';
    END IF;
    NEW.witnessed_at := clock_timestamp();
    UPDATE public.committees_keycustody SET ended_at = clock_timestamp() WHERE neighborhood_id = NEW.neighborhood_id
        AND thing = NEW.thing AND id <> NEW.id AND witnessed_at IS NOT NULL AND ended_at IS NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_keycustody_seen BEFORE INSERT OR UPDATE OR DELETE ON committees_keycustody
    FOR EACH ROW EXECUTE FUNCTION committees_keycustody_seen();
ALTER TABLE committees_keycustody ENABLE ALWAYS TRIGGER committees_keycustody_seen;
"""
CUSTODY_FREE = """
DROP TRIGGER committees_keycustody_seen ON committees_keycustody;
DROP FUNCTION committees_keycustody_seen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0016_handovers"),
    ]

    operations = [
        migrations.RunSQL(WHO, WHO_GONE),
        migrations.RunSQL(CUSTODY, CUSTODY_FREE),
        migrations.RunSQL(LINE, LINE_FREE),
        migrations.RunSQL(HANDOVER, HANDOVER_FREE),
        SameNeighborhood(
            "committees_handover",
            committee_id="committees_committee",
            term_id="committees_term",
            contract_id="committees_companycontract",
        ),
        SameNeighborhood("committees_handoverline", handover_id="committees_handover"),
    ]
