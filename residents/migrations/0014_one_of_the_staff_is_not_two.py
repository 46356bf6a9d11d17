"""Law 13: whoever asked, owns the dwelling or lives there is no member of the staff in ending somebody's residence; and who
records a death is not the household that confirms it."""

from django.db import migrations

LAWS = """
CREATE FUNCTION residents_has_an_interest(account uuid, dwelling uuid, neighborhood uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT EXISTS (SELECT FROM public.residents_resident r WHERE r.user_id = $1 AND (
        EXISTS (SELECT FROM public.residents_ownership o WHERE o.resident_id = r.id AND o.unit_id = $2
            AND o.since <= public.residents_today($3) AND (o.until IS NULL OR o.until > public.residents_today($3)))
        OR EXISTS (SELECT FROM public.residents_occupancy o WHERE o.resident_id = r.id AND o.unit_id = $2
            AND o.since <= public.residents_today($3) AND (o.until IS NULL OR o.until > public.residents_today($3)))))';

CREATE FUNCTION residents_departure_without_interest() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dwelling uuid;
    person uuid;
    asker uuid;
    acted uuid;
BEGIN
    SELECT unit_id INTO dwelling FROM public.residents_occupancy WHERE id = NEW.occupancy_id;
    SELECT user_id INTO person FROM public.residents_resident WHERE id = NEW.resident_id;
    SELECT user_id INTO asker FROM public.residents_resident WHERE id = NEW.asked_by_id;
    FOREACH acted IN ARRAY ARRAY[
        CASE WHEN NEW.document_by_id IS DISTINCT FROM OLD.document_by_id THEN NEW.document_by_id END,
        CASE WHEN NEW.seconded_by_id IS DISTINCT FROM OLD.seconded_by_id THEN NEW.seconded_by_id END,
        CASE WHEN NEW.delivered_by_id IS DISTINCT FROM OLD.delivered_by_id THEN NEW.delivered_by_id END,
        CASE WHEN NEW.settled_by_id IS DISTINCT FROM OLD.settled_by_id THEN NEW.settled_by_id END,
        CASE WHEN NEW.confirmed_by_id IS DISTINCT FROM OLD.confirmed_by_id
            AND NEW.confirmed_by_id IS DISTINCT FROM person THEN NEW.confirmed_by_id END]
    LOOP
        IF acted IS NOT NULL AND (acted = asker
            OR public.residents_has_an_interest(acted, dwelling, NEW.neighborhood_id)) THEN
            RAISE EXCEPTION 'whoever has an interest in it is no member of the staff in it' USING ERRCODE = 'LM037';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_departure_without_interest BEFORE UPDATE ON residents_departure
    FOR EACH ROW EXECUTE FUNCTION residents_departure_without_interest();
ALTER TABLE residents_departure ENABLE ALWAYS TRIGGER residents_departure_without_interest;

CREATE FUNCTION residents_moveout_without_interest() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_has_an_interest(NEW.by_id,
        (SELECT unit_id FROM public.residents_occupancy WHERE id = NEW.occupancy_id), NEW.neighborhood_id) THEN
        RAISE EXCEPTION 'whoever has an interest in it is no member of the staff in it' USING ERRCODE = 'LM037';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_moveout_without_interest BEFORE INSERT ON residents_moveout
    FOR EACH ROW WHEN (NEW.route = 'desk') EXECUTE FUNCTION residents_moveout_without_interest();
ALTER TABLE residents_moveout ENABLE ALWAYS TRIGGER residents_moveout_without_interest;

CREATE FUNCTION residents_death_told_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_resident r WHERE r.id = NEW.told_by_id
            AND r.user_id IN (NEW.reported_by_id, NEW.confirmed_by_id))
        OR EXISTS (SELECT FROM public.residents_resident r WHERE r.id = NEW.resident_id
            AND r.user_id = NEW.confirmed_by_id) THEN
        RAISE EXCEPTION 'one of the staff is not two' USING ERRCODE = 'LM033';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_death_told_by_another BEFORE UPDATE ON residents_death
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION residents_death_told_by_another();
ALTER TABLE residents_death ENABLE ALWAYS TRIGGER residents_death_told_by_another;
"""
LAWLESS = """
DROP TRIGGER residents_death_told_by_another ON residents_death;
DROP FUNCTION residents_death_told_by_another();
DROP TRIGGER residents_moveout_without_interest ON residents_moveout;
DROP FUNCTION residents_moveout_without_interest();
DROP TRIGGER residents_departure_without_interest ON residents_departure;
DROP FUNCTION residents_departure_without_interest();
DROP FUNCTION residents_has_an_interest(uuid, uuid, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0013_the_desk_and_practice")]

    operations = [migrations.RunSQL(LAWS, LAWLESS)]
