"""Orders to gates are lawful whoever writes them, and end by this clock; what a gate is told of them is computed, never set.

An emergency is one person's, with an end, and another's to review. A lock-down takes two people, lasts two hours at most,
and the next one takes two again after it is over. Opening from afar ends within seconds and is refused in a lock-down. A
special day is entered before it comes, so that nobody finds a gate shut by what was written on that morning.

The columns of a gate that its devices are told are filled in by a trigger from those rows, whatever was written in them.
So no statement holds a gate open, or passes out, without an order that the triggers let through.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood

FACTS = """
CREATE FUNCTION access_gate_facts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_is CONSTANT timestamptz := clock_timestamp();
    today CONSTANT date := public.residents_today(NEW.neighborhood_id);
BEGIN
    -- Yesterday too: a night belongs to the day it began on. Fewer than a device reads.
    NEW.calendar := COALESCE((SELECT jsonb_object_agg(d.day::text, d.counts_as) FROM public.access_specialday d
        WHERE d.neighborhood_id = NEW.neighborhood_id AND d.day >= today - 1 AND d.day < today + 390), '{}'::jsonb);
    NEW.call := COALESCE((SELECT n.guard_phone FROM public.residents_neighborhood n
        WHERE n.id = NEW.neighborhood_id), '');
    NEW.held_open_by := NULL;
    NEW.held_open_until := NULL;
    SELECT o.id, o.until INTO NEW.held_open_by, NEW.held_open_until FROM public.access_emergencyopening o
        WHERE o.neighborhood_id = NEW.neighborhood_id AND (o.gate_id IS NULL OR o.gate_id = NEW.id)
            AND o.ended_at IS NULL AND o.until > now_is ORDER BY o.until DESC, o.id LIMIT 1;
    NEW.locked_down_until := (SELECT max(l.until) FROM public.access_lockdown l
        WHERE l.neighborhood_id = NEW.neighborhood_id AND l.began_at IS NOT NULL AND l.lifted_at IS NULL
            AND l.until > now_is);
    NEW.open_once_by := NULL;
    NEW.open_once_until := NULL;
    SELECT r.id, r.until INTO NEW.open_once_by, NEW.open_once_until FROM public.access_remoteopening r
        WHERE r.gate_id = NEW.id AND r.heard_at IS NULL AND r.until > now_is AND NEW.locked_down_until IS NULL
        ORDER BY r.asked_at DESC, r.id LIMIT 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_gate_facts BEFORE INSERT OR UPDATE ON access_gate
    FOR EACH ROW EXECUTE FUNCTION access_gate_facts();
ALTER TABLE access_gate ENABLE ALWAYS TRIGGER access_gate_facts;

-- In one order, so that two acts never wait for each other's gates.
CREATE FUNCTION access_gates_hear(neighborhood uuid, gate uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.access_gate g WHERE g.neighborhood_id = $1 AND ($2 IS NULL OR g.id = $2)
        ORDER BY g.id FOR NO KEY UPDATE;
    UPDATE public.access_gate g SET call = g.call WHERE g.neighborhood_id = $1 AND ($2 IS NULL OR g.id = $2);
END
$$;

CREATE FUNCTION access_all_gates_hear() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.access_gates_hear(COALESCE(NEW.neighborhood_id, OLD.neighborhood_id), NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION access_ordered_gates_hear() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.access_gates_hear(NEW.neighborhood_id, NEW.gate_id);
    RETURN NULL;
END
$$;
CREATE FUNCTION access_gates_hear_whom_to_call() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.access_gates_hear(NEW.id, NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER access_specialday_heard AFTER INSERT OR UPDATE OR DELETE ON access_specialday
    FOR EACH ROW EXECUTE FUNCTION access_all_gates_hear();
CREATE TRIGGER access_lockdown_heard AFTER UPDATE ON access_lockdown
    FOR EACH ROW EXECUTE FUNCTION access_all_gates_hear();
CREATE TRIGGER access_emergencyopening_heard AFTER INSERT OR UPDATE ON access_emergencyopening
    FOR EACH ROW EXECUTE FUNCTION access_ordered_gates_hear();
CREATE TRIGGER access_remoteopening_heard AFTER INSERT OR UPDATE ON access_remoteopening
    FOR EACH ROW EXECUTE FUNCTION access_ordered_gates_hear();
CREATE TRIGGER access_whom_to_call_heard AFTER UPDATE OF guard_phone, time_zone ON residents_neighborhood
    FOR EACH ROW EXECUTE FUNCTION access_gates_hear_whom_to_call();
ALTER TABLE access_specialday ENABLE ALWAYS TRIGGER access_specialday_heard;
ALTER TABLE access_lockdown ENABLE ALWAYS TRIGGER access_lockdown_heard;
ALTER TABLE access_emergencyopening ENABLE ALWAYS TRIGGER access_emergencyopening_heard;
ALTER TABLE access_remoteopening ENABLE ALWAYS TRIGGER access_remoteopening_heard;
ALTER TABLE residents_neighborhood ENABLE ALWAYS TRIGGER access_whom_to_call_heard;
UPDATE access_gate SET call = call;
"""
NO_FACTS = """
DROP TRIGGER access_whom_to_call_heard ON residents_neighborhood;
DROP TRIGGER access_remoteopening_heard ON access_remoteopening;
DROP TRIGGER access_emergencyopening_heard ON access_emergencyopening;
DROP TRIGGER access_lockdown_heard ON access_lockdown;
DROP TRIGGER access_specialday_heard ON access_specialday;
DROP FUNCTION access_gates_hear_whom_to_call();
DROP FUNCTION access_ordered_gates_hear();
DROP FUNCTION access_all_gates_hear();
DROP FUNCTION access_gates_hear(uuid, uuid);
DROP TRIGGER access_gate_facts ON access_gate;
DROP FUNCTION access_gate_facts();
"""

DAYS = """
CREATE FUNCTION access_specialday_before_it_comes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today CONSTANT date := public.residents_today(COALESCE(NEW.neighborhood_id, OLD.neighborhood_id));
BEGIN
    -- A field of a row that is not there is null, and so is what is compared with it.
    IF OLD.day <= today OR NEW.day <= today THEN
        RAISE EXCEPTION 'a special day is entered, changed and taken out before it comes' USING ERRCODE = 'LM175';
    END IF;
    IF TG_OP <> 'DELETE' THEN
        NEW.set_at := clock_timestamp();
        IF public.residents_is_staff(NEW.set_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'one of the staff enters it' USING ERRCODE = 'LM170';
        END IF;
        RETURN NEW;
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER access_specialday_before_it_comes BEFORE INSERT OR UPDATE OR DELETE ON access_specialday
    FOR EACH ROW EXECUTE FUNCTION access_specialday_before_it_comes();
ALTER TABLE access_specialday ENABLE ALWAYS TRIGGER access_specialday_before_it_comes;
"""
NO_DAYS = """
DROP TRIGGER access_specialday_before_it_comes ON access_specialday;
DROP FUNCTION access_specialday_before_it_comes();
"""

EMERGENCIES = """
CREATE FUNCTION access_emergencyopening_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    later CONSTANT text[] := ARRAY['ended_by_id', 'ended_at', 'reviewed_by_id', 'reviewed_at', 'finding'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that a gate stood open stays on record' USING ERRCODE = 'LM170';
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.opened_at := clock_timestamp();
        NEW.until := NEW.opened_at + make_interval(mins => NEW.minutes);
        IF public.residents_is_staff(NEW.opened_by_id) IS NOT TRUE OR NEW.finding <> ''
            OR num_nonnulls(NEW.ended_by_id, NEW.ended_at, NEW.reviewed_by_id, NEW.reviewed_at) > 0 THEN
            RAISE EXCEPTION 'an emergency begins at its beginning' USING ERRCODE = 'LM170';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - later <> to_jsonb(OLD) - later THEN
        RAISE EXCEPTION 'what was ordered is not rewritten' USING ERRCODE = 'LM170';
    END IF;
    IF (NEW.ended_by_id, NEW.ended_at) IS DISTINCT FROM (OLD.ended_by_id, OLD.ended_at) THEN
        IF OLD.ended_at IS NOT NULL OR OLD.until <= clock_timestamp()
            OR public.residents_is_staff(NEW.ended_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'it is ended once, by one of the staff, while it stands' USING ERRCODE = 'LM170';
        END IF;
        NEW.ended_at := clock_timestamp();
    END IF;
    IF (NEW.reviewed_by_id, NEW.reviewed_at, NEW.finding)
        IS DISTINCT FROM (OLD.reviewed_by_id, OLD.reviewed_at, OLD.finding) THEN
        IF OLD.reviewed_at IS NOT NULL OR NEW.finding = ''
            OR NEW.ended_at IS NULL AND NEW.until > clock_timestamp() THEN
            RAISE EXCEPTION 'it is reviewed once, when it is over' USING ERRCODE = 'LM170';
        END IF;
        IF public.residents_is_staff(NEW.reviewed_by_id) IS NOT TRUE
            OR public.residents_one_person(NEW.opened_by_id, NEW.reviewed_by_id) IS NOT FALSE THEN
            RAISE EXCEPTION 'who pressed does not review it' USING ERRCODE = 'LM171';
        END IF;
        NEW.reviewed_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_emergencyopening_lawful BEFORE INSERT OR UPDATE OR DELETE ON access_emergencyopening
    FOR EACH ROW EXECUTE FUNCTION access_emergencyopening_lawful();
ALTER TABLE access_emergencyopening ENABLE ALWAYS TRIGGER access_emergencyopening_lawful;
"""
NO_EMERGENCIES = """
DROP TRIGGER access_emergencyopening_lawful ON access_emergencyopening;
DROP FUNCTION access_emergencyopening_lawful();
"""

LOCKDOWNS = """
CREATE FUNCTION access_lockdown_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    later CONSTANT text[] := ARRAY['confirmed_by_id', 'began_at', 'until', 'lifted_by_id', 'lifted_at'];
    now_is timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a lock-down stays on record' USING ERRCODE = 'LM170';
    END IF;
    -- One after the other in each neighborhood: of two, the second sees what the first did.
    PERFORM pg_advisory_xact_lock(hashtextextended('access_lockdown' || NEW.neighborhood_id::text, 0));
    now_is := clock_timestamp();
    IF TG_OP = 'INSERT' THEN
        NEW.asked_at := now_is;
        IF public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE
            OR num_nonnulls(NEW.confirmed_by_id, NEW.began_at, NEW.until, NEW.lifted_by_id, NEW.lifted_at) > 0 THEN
            RAISE EXCEPTION 'a lock-down begins at its beginning' USING ERRCODE = 'LM170';
        END IF;
        -- Asked for while one stands, it would be two hours more by the press of one.
        IF EXISTS (SELECT FROM public.access_lockdown l WHERE l.neighborhood_id = NEW.neighborhood_id
            AND l.lifted_at IS NULL AND (l.until > now_is
                OR l.began_at IS NULL AND l.asked_at > now_is - interval '15 minutes')) THEN
            RAISE EXCEPTION 'one lock-down at a time: the next one takes two people when it is over'
                USING ERRCODE = 'LM173';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - later <> to_jsonb(OLD) - later THEN
        RAISE EXCEPTION 'what was asked for is not rewritten' USING ERRCODE = 'LM170';
    END IF;
    IF (NEW.confirmed_by_id, NEW.began_at, NEW.until)
        IS DISTINCT FROM (OLD.confirmed_by_id, OLD.began_at, OLD.until) THEN
        IF OLD.began_at IS NOT NULL OR OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NOT NULL THEN
            RAISE EXCEPTION 'a lock-down is confirmed once' USING ERRCODE = 'LM170';
        END IF;
        IF OLD.asked_at <= now_is - interval '15 minutes' THEN
            RAISE EXCEPTION 'it was asked for too long ago' USING ERRCODE = 'LM172';
        END IF;
        IF public.residents_is_staff(NEW.confirmed_by_id) IS NOT TRUE
            OR public.residents_one_person(NEW.asked_by_id, NEW.confirmed_by_id) IS NOT FALSE THEN
            RAISE EXCEPTION 'one of the staff is not two' USING ERRCODE = 'LM171';
        END IF;
        NEW.began_at := now_is;
        NEW.until := now_is + make_interval(mins => NEW.minutes);
    END IF;
    IF (NEW.lifted_by_id, NEW.lifted_at) IS DISTINCT FROM (OLD.lifted_by_id, OLD.lifted_at) THEN
        IF OLD.lifted_at IS NOT NULL OR public.residents_is_staff(NEW.lifted_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'it is lifted once, by one of the staff' USING ERRCODE = 'LM170';
        END IF;
        NEW.lifted_at := now_is;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_lockdown_lawful BEFORE INSERT OR UPDATE OR DELETE ON access_lockdown
    FOR EACH ROW EXECUTE FUNCTION access_lockdown_lawful();
ALTER TABLE access_lockdown ENABLE ALWAYS TRIGGER access_lockdown_lawful;
"""
NO_LOCKDOWNS = """
DROP TRIGGER access_lockdown_lawful ON access_lockdown;
DROP FUNCTION access_lockdown_lawful();
"""

REMOTE = """
CREATE FUNCTION access_remoteopening_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that a gate was opened from afar stays on record' USING ERRCODE = 'LM170';
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('access_lockdown' || NEW.neighborhood_id::text, 0));
        NEW.asked_at := clock_timestamp();
        NEW.until := NEW.asked_at + interval '30 seconds';
        IF EXISTS (SELECT FROM public.access_lockdown l WHERE l.neighborhood_id = NEW.neighborhood_id
            AND l.lifted_at IS NULL AND l.until > NEW.asked_at) THEN
            RAISE EXCEPTION 'in a lock-down nothing is opened from afar' USING ERRCODE = 'LM174';
        END IF;
        IF public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE OR NEW.heard_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM public.access_gate g WHERE g.id = NEW.gate_id AND g.in_service) THEN
            RAISE EXCEPTION 'one of the staff opens a gate that is in service' USING ERRCODE = 'LM170';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ARRAY['heard_at', 'outcome'] <> to_jsonb(OLD) - ARRAY['heard_at', 'outcome']
        OR OLD.heard_at IS NOT NULL THEN
        RAISE EXCEPTION 'what was ordered is not rewritten' USING ERRCODE = 'LM170';
    END IF;
    NEW.heard_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER access_remoteopening_lawful BEFORE INSERT OR UPDATE OR DELETE ON access_remoteopening
    FOR EACH ROW EXECUTE FUNCTION access_remoteopening_lawful();
ALTER TABLE access_remoteopening ENABLE ALWAYS TRIGGER access_remoteopening_lawful;
"""
NO_REMOTE = """
DROP TRIGGER access_remoteopening_lawful ON access_remoteopening;
DROP FUNCTION access_remoteopening_lawful();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0032_days_that_count_as_others_and_orders_to_gates"),
        ("residents", "0038_what_is_kept_is_handed_to_a_court"),
    ]

    operations = [
        SameNeighborhood("access_specialday"),
        SameNeighborhood("access_emergencyopening", gate_id="access_gate"),
        SameNeighborhood("access_lockdown"),
        SameNeighborhood("access_remoteopening", gate_id="access_gate"),
        migrations.RunSQL(FACTS, NO_FACTS),
        migrations.RunSQL(DAYS, NO_DAYS),
        migrations.RunSQL(EMERGENCIES, NO_EMERGENCIES),
        migrations.RunSQL(LOCKDOWNS, NO_LOCKDOWNS),
        migrations.RunSQL(REMOTE, NO_REMOTE),
    ]
