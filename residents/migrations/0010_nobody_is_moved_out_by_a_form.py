"""Law 13 where nobody can get round it: nobody is moved out by a form.

An occupancy ends earlier than it said only by a move-out on record, and a move-out is the person's own, or a guardian's,
or signed on paper, or the end of a notice that ran its course, or a death that two people recorded. Days are those of
the neighborhood's calendar, by the database's clock.
"""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

TODAY = """
CREATE FUNCTION residents_today(neighborhood uuid) RETURNS date
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT (clock_timestamp() AT TIME ZONE n.time_zone)::date FROM public.residents_neighborhood n WHERE n.id = $1';
CREATE FUNCTION residents_is_staff(account uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT EXISTS (SELECT FROM public.residents_user u WHERE u.id = $1 AND u.is_active AND (u.is_staff OR u.is_superuser))';
"""
NO_TODAY = "DROP FUNCTION residents_is_staff(uuid); DROP FUNCTION residents_today(uuid);"

OCCUPANCY = """
UPDATE residents_occupancy SET written_at = least(now(), since::timestamptz);
CREATE FUNCTION residents_occupancy_written_lawfully() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    today date;
BEGIN
    -- Whoever writes about somebody takes them first: of two desks, the second sees what the first did.
    SELECT * INTO person FROM public.residents_resident
        WHERE id = COALESCE(NEW.resident_id, OLD.resident_id) FOR NO KEY UPDATE;
    today := public.residents_today(COALESCE(NEW.neighborhood_id, OLD.neighborhood_id));
    IF TG_OP = 'DELETE' THEN
        -- A tombstone lives nowhere. Else only an entry made by mistake, of somebody who has never come to an account.
        IF person.erased_at IS NULL
            AND (person.user_id IS NOT NULL OR OLD.written_at < clock_timestamp() - interval '7 days') THEN
            RAISE EXCEPTION 'where somebody lived is not deleted' USING ERRCODE = 'LM030';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.resident_id, NEW.unit_id, NEW.since, NEW.written_at)
            IS DISTINCT FROM (OLD.id, OLD.resident_id, OLD.unit_id, OLD.since, OLD.written_at) THEN
            RAISE EXCEPTION 'who lives where since when is not rewritten' USING ERRCODE = 'LM030';
        END IF;
        IF NEW.until IS DISTINCT FROM OLD.until THEN
            IF OLD.until <= today THEN
                RAISE EXCEPTION 'a past end stays' USING ERRCODE = 'LM030';
            END IF;
            IF NEW.until < today THEN
                RAISE EXCEPTION 'nobody is moved out in the past' USING ERRCODE = 'LM030';
            END IF;
            IF NEW.until IS NOT NULL AND (OLD.until IS NULL OR NEW.until < OLD.until)
                AND NOT EXISTS (SELECT FROM public.residents_moveout m WHERE m.occupancy_id = NEW.id
                    AND m."on" = NEW.until AND m.called_off_at IS NULL AND m.carried_out_at IS NULL) THEN
                RAISE EXCEPTION 'nobody is moved out by a form' USING ERRCODE = 'LM030';
            END IF;
        END IF;
    ELSE
        NEW.written_at := clock_timestamp();
    END IF;
    IF EXISTS (SELECT FROM public.residents_occupancy o
        WHERE o.resident_id = NEW.resident_id AND o.unit_id = NEW.unit_id AND o.id <> NEW.id
          AND daterange(o.since, o.until) && daterange(NEW.since, NEW.until)) THEN
        RAISE EXCEPTION 'they live there already in those days' USING ERRCODE = 'LM030';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_occupancy_written_lawfully BEFORE INSERT OR UPDATE OR DELETE ON residents_occupancy
    FOR EACH ROW EXECUTE FUNCTION residents_occupancy_written_lawfully();
ALTER TABLE residents_occupancy ENABLE ALWAYS TRIGGER residents_occupancy_written_lawfully;
"""
OCCUPANCY_FREE = """
DROP TRIGGER residents_occupancy_written_lawfully ON residents_occupancy;
DROP FUNCTION residents_occupancy_written_lawfully();
"""

MOVE_OUT = """
CREATE FUNCTION residents_moveout_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    today date;
    lawful boolean;
BEGIN
    SELECT * INTO person FROM public.residents_resident
        WHERE id = COALESCE(NEW.resident_id, OLD.resident_id) FOR NO KEY UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF person.erased_at IS NULL THEN
            RAISE EXCEPTION 'a move-out stays on record' USING ERRCODE = 'LM031';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'called_off_at' - 'carried_out_at' <> to_jsonb(OLD) - 'called_off_at' - 'carried_out_at'
            OR OLD.called_off_at IS NOT NULL OR OLD.carried_out_at IS NOT NULL THEN
            RAISE EXCEPTION 'a move-out is called off or carried out, once' USING ERRCODE = 'LM031';
        END IF;
        RETURN NEW;
    END IF;
    today := public.residents_today(NEW.neighborhood_id);
    IF NEW.called_off_at IS NOT NULL OR NEW.carried_out_at IS NOT NULL
        OR NOT EXISTS (SELECT FROM public.residents_occupancy o
            WHERE o.id = NEW.occupancy_id AND o.resident_id = NEW.resident_id) THEN
        RAISE EXCEPTION 'a move-out is of somebody who lives there' USING ERRCODE = 'LM031';
    END IF;
    lawful := CASE NEW.route
        WHEN 'self' THEN person.user_id = NEW.by_id
        WHEN 'desk' THEN NEW.paper <> '' AND person.user_id IS DISTINCT FROM NEW.by_id
            AND public.residents_is_staff(NEW.by_id)
        WHEN 'guardian' THEN person.born > (today - interval '14 years')::date
            AND EXISTS (SELECT FROM public.residents_guardianship g
                JOIN public.residents_resident r ON r.id = g.guardian_id AND r.left_at IS NULL
                WHERE g.child_id = NEW.resident_id AND r.user_id = NEW.by_id AND g.since <= today
                  AND (g.until IS NULL OR g.until > today))
        WHEN 'notice' THEN NEW."on" <= today AND EXISTS (SELECT FROM public.residents_departure d
            WHERE d.id = NEW.departure_id AND d.occupancy_id = NEW.occupancy_id AND d.state = 'ended')
        WHEN 'death' THEN EXISTS (SELECT FROM public.residents_death d
            WHERE d.id = NEW.death_id AND d.resident_id = NEW.resident_id
              AND d.confirmed_at IS NOT NULL AND d.undone_at IS NULL)
        ELSE false END;
    IF lawful IS NOT TRUE THEN
        RAISE EXCEPTION 'nobody is moved out by a form' USING ERRCODE = 'LM031';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_moveout_lawful BEFORE INSERT OR UPDATE OR DELETE ON residents_moveout
    FOR EACH ROW EXECUTE FUNCTION residents_moveout_lawful();
ALTER TABLE residents_moveout ENABLE ALWAYS TRIGGER residents_moveout_lawful;
"""
MOVE_OUT_FREE = """
DROP TRIGGER residents_moveout_lawful ON residents_moveout;
DROP FUNCTION residents_moveout_lawful();
"""

DEPARTURE = """
CREATE FUNCTION residents_departure_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    today date;
BEGIN
    SELECT * INTO person FROM public.residents_resident
        WHERE id = COALESCE(NEW.resident_id, OLD.resident_id) FOR NO KEY UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF person.erased_at IS NULL THEN
            RAISE EXCEPTION 'a notice stays on record' USING ERRCODE = 'LM032';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('asked', 'open')
            OR (NEW.state = 'asked') <> (NEW.asked_by_id IS NOT NULL AND NEW.opened_by_id IS NULL)
            OR (NEW.state = 'open' AND public.residents_is_staff(NEW.opened_by_id) IS NOT TRUE)
            OR NEW.document <> '' OR NEW.court OR NEW.delivered_at IS NOT NULL OR NEW.notice_until IS NOT NULL
            OR NEW.disputed_at IS NOT NULL OR NEW.closed_at IS NOT NULL
            OR num_nonnulls(NEW.document_by_id, NEW.seconded_by_id, NEW.delivered_by_id, NEW.settled_by_id,
                NEW.confirmed_by_id) > 0
            OR NOT EXISTS (SELECT FROM public.residents_occupancy o
                WHERE o.id = NEW.occupancy_id AND o.resident_id = NEW.resident_id) THEN
            RAISE EXCEPTION 'a notice begins at its beginning' USING ERRCODE = 'LM032';
        END IF;
        NEW.opened_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.resident_id, NEW.occupancy_id, NEW.opened_at)
        IS DISTINCT FROM (OLD.id, OLD.resident_id, OLD.occupancy_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'a notice is about one person in one dwelling' USING ERRCODE = 'LM032';
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'what is closed stays closed' USING ERRCODE = 'LM032';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || ' ' || NEW.state) NOT IN (
        'asked open', 'asked disputed', 'asked confirmed', 'asked dropped',
        'open notice', 'open disputed', 'open confirmed', 'open dropped',
        'notice disputed', 'notice confirmed', 'notice ended', 'notice dropped',
        'disputed open', 'disputed confirmed', 'disputed dropped') THEN
        RAISE EXCEPTION 'a notice does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'LM032';
    END IF;
    IF (NEW.closed_at IS NOT NULL) <> (NEW.state IN ('confirmed', 'ended', 'dropped')) THEN
        RAISE EXCEPTION 'what is closed says when' USING ERRCODE = 'LM032';
    END IF;
    -- Two of the staff, never one: who brings the document, and who has seen it as well.
    IF NEW.seconded_by_id IS NOT NULL AND (
        NEW.document = '' OR NEW.document_by_id IS NULL OR NEW.seconded_by_id = NEW.document_by_id
        OR NEW.seconded_by_id IS NOT DISTINCT FROM person.user_id
        OR NEW.document_by_id IS NOT DISTINCT FROM person.user_id
        OR public.residents_is_staff(NEW.seconded_by_id) IS NOT TRUE
        OR public.residents_is_staff(NEW.document_by_id) IS NOT TRUE) THEN
        RAISE EXCEPTION 'a document is confirmed by a second of the staff' USING ERRCODE = 'LM032';
    END IF;
    IF NEW.state = OLD.state AND OLD.seconded_by_id IS NOT NULL AND (NEW.document, NEW.document_by_id, NEW.seconded_by_id)
        IS DISTINCT FROM (OLD.document, OLD.document_by_id, OLD.seconded_by_id) THEN
        RAISE EXCEPTION 'the document that two have seen is not changed' USING ERRCODE = 'LM032';
    END IF;
    IF OLD.state = 'disputed' AND NEW.state = 'open' THEN
        -- Only a court's paper goes on, brought by whoever settles, and all begins again.
        IF NEW.settled_by_id IS NULL OR NEW.outcome = '' OR NOT NEW.court OR NEW.document <> 'court'
            OR NEW.document_by_id IS DISTINCT FROM NEW.settled_by_id OR NEW.seconded_by_id IS NOT NULL
            OR NEW.settled_by_id IN (OLD.document_by_id, OLD.opened_by_id) THEN
            RAISE EXCEPTION 'a dispute is ended by a decision of a court' USING ERRCODE = 'LM032';
        END IF;
        NEW.delivered_at := NULL;
        NEW.delivered_by_id := NULL;
        NEW.notice_until := NULL;
        RETURN NEW;
    END IF;
    IF NEW.court <> OLD.court THEN
        RAISE EXCEPTION 'a court decides a dispute' USING ERRCODE = 'LM032';
    END IF;
    IF NEW.state = 'disputed' AND OLD.state <> 'disputed' AND OLD.court THEN
        RAISE EXCEPTION 'a court has decided' USING ERRCODE = 'LM032';
    END IF;
    IF OLD.state = 'disputed' AND NEW.state = 'dropped' AND (NEW.settled_by_id IS NULL OR NEW.outcome = '')
        AND NOT EXISTS (SELECT FROM public.residents_occupancy o WHERE o.id = NEW.occupancy_id
            AND o.until <= public.residents_today(NEW.neighborhood_id)) THEN
        RAISE EXCEPTION 'a dispute is settled with a reason' USING ERRCODE = 'LM032';
    END IF;
    IF OLD.state = 'open' AND NEW.state = 'notice' THEN
        IF NEW.seconded_by_id IS NULL OR NEW.delivered_by_id IS NULL THEN
            RAISE EXCEPTION 'a notice needs a document, two of the staff and a delivered slip' USING ERRCODE = 'LM032';
        END IF;
        NEW.delivered_at := clock_timestamp();
        NEW.notice_until := public.residents_today(NEW.neighborhood_id) + 8;
    ELSIF (NEW.delivered_at, NEW.notice_until) IS DISTINCT FROM (OLD.delivered_at, OLD.notice_until) THEN
        RAISE EXCEPTION 'the days of a notice are not moved' USING ERRCODE = 'LM032';
    END IF;
    IF NEW.state = 'ended' AND OLD.state <> 'ended'
        AND (public.residents_today(NEW.neighborhood_id) < OLD.notice_until) IS NOT FALSE THEN
        RAISE EXCEPTION 'seven full days have not passed' USING ERRCODE = 'LM032';
    END IF;
    IF NEW.state = 'confirmed' AND OLD.state <> 'confirmed' AND (
        NEW.confirmed_by_id IS NULL OR NOT (
            person.user_id IS NOT DISTINCT FROM NEW.confirmed_by_id
            OR (NEW.paper <> '' AND public.residents_is_staff(NEW.confirmed_by_id)))) THEN
        RAISE EXCEPTION 'only the person confirms, or their signature' USING ERRCODE = 'LM032';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_departure_lawful BEFORE INSERT OR UPDATE OR DELETE ON residents_departure
    FOR EACH ROW EXECUTE FUNCTION residents_departure_lawful();
ALTER TABLE residents_departure ENABLE ALWAYS TRIGGER residents_departure_lawful;
"""
DEPARTURE_FREE = """
DROP TRIGGER residents_departure_lawful ON residents_departure;
DROP FUNCTION residents_departure_lawful();
"""

DEATH = """
CREATE FUNCTION residents_death_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    today date;
BEGIN
    SELECT * INTO person FROM public.residents_resident
        WHERE id = COALESCE(NEW.resident_id, OLD.resident_id) FOR NO KEY UPDATE;
    IF TG_OP = 'DELETE' THEN
        IF person.erased_at IS NULL THEN
            RAISE EXCEPTION 'a record of a death stays' USING ERRCODE = 'LM033';
        END IF;
        RETURN OLD;
    END IF;
    today := public.residents_today(NEW.neighborhood_id);
    IF TG_OP = 'INSERT' THEN
        IF NEW.document = '' OR NEW.confirmed_at IS NOT NULL OR NEW.undone_at IS NOT NULL
            OR person.user_id IS NOT DISTINCT FROM NEW.reported_by_id
            OR public.residents_is_staff(NEW.reported_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'a death is recorded by one and confirmed by another' USING ERRCODE = 'LM033';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.resident_id, NEW.document, NEW.reported_by_id, NEW.reported_at)
        IS DISTINCT FROM (OLD.id, OLD.resident_id, OLD.document, OLD.reported_by_id, OLD.reported_at)
        OR OLD.undone_at IS NOT NULL
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by_id, NEW.told_by_id)
            IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by_id, OLD.told_by_id)) THEN
        RAISE EXCEPTION 'a record of a death is confirmed or undone, once' USING ERRCODE = 'LM033';
    END IF;
    IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND (
        public.residents_is_staff(NEW.confirmed_by_id) IS NOT TRUE
        OR (NEW.confirmed_by_id = NEW.reported_by_id AND NOT EXISTS (
            -- One of the staff is enough where an adult who lived with them stands at the desk.
            SELECT FROM public.residents_occupancy mine JOIN public.residents_occupancy theirs USING (unit_id)
            JOIN public.residents_resident r ON r.id = mine.resident_id AND r.left_at IS NULL
                AND (r.born IS NULL OR r.born <= (today - interval '18 years')::date)
            WHERE mine.resident_id = NEW.told_by_id AND theirs.resident_id = NEW.resident_id
              AND NEW.told_by_id <> NEW.resident_id
              AND mine.since <= today AND (mine.until IS NULL OR mine.until > today)
              AND theirs.since <= today AND (theirs.until IS NULL OR theirs.until > today)))) THEN
        RAISE EXCEPTION 'a death is recorded by one and confirmed by another' USING ERRCODE = 'LM033';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_death_lawful BEFORE INSERT OR UPDATE OR DELETE ON residents_death
    FOR EACH ROW EXECUTE FUNCTION residents_death_lawful();
ALTER TABLE residents_death ENABLE ALWAYS TRIGGER residents_death_lawful;
"""
DEATH_FREE = """
DROP TRIGGER residents_death_lawful ON residents_death;
DROP FUNCTION residents_death_lawful();
"""

PERSON = """
CREATE FUNCTION residents_resident_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := public.residents_today(NEW.neighborhood_id);
BEGIN
    IF NEW.born IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.born IS DISTINCT FROM OLD.born)
        AND (NEW.born > today OR NEW.born <= (today - interval '18 years')::date) THEN
        RAISE EXCEPTION 'a date of birth is kept of minors only' USING ERRCODE = 'LM034';
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    IF (NEW.left_at IS NOT NULL AND OLD.left_at IS NULL OR NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL)
        AND EXISTS (SELECT FROM public.residents_occupancy o WHERE o.resident_id = NEW.id
            AND (o.until IS NULL OR o.until > today AND o.until > o.since)) THEN
        RAISE EXCEPTION 'who lives here has not left' USING ERRCODE = 'LM034';
    END IF;
    IF NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL THEN
        IF EXISTS (SELECT FROM public.residents_departure d WHERE d.resident_id = NEW.id AND d.closed_at IS NULL) THEN
            RAISE EXCEPTION 'nothing is erased while it is disputed' USING ERRCODE = 'LM034';
        END IF;
        IF EXISTS (SELECT FROM public.residents_ownership o WHERE o.resident_id = NEW.id
            AND (o.until IS NULL OR o.until > today)) THEN
            RAISE EXCEPTION 'an owner stays on the register' USING ERRCODE = 'LM034';
        END IF;
        -- An hour less: the clock of whoever sweeps may be a little ahead.
        IF OLD.left_at > clock_timestamp() + interval '1 hour'
            - make_interval(days => CASE OLD.left_because WHEN 'died' THEN 90 ELSE 30 END) THEN
            RAISE EXCEPTION 'the days of grace have not passed' USING ERRCODE = 'LM034';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_resident_lawful BEFORE INSERT OR UPDATE ON residents_resident
    FOR EACH ROW EXECUTE FUNCTION residents_resident_lawful();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_lawful;

CREATE FUNCTION residents_guardianship_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF public.residents_is_staff(NEW.verified_by_id) IS NOT TRUE OR NOT EXISTS (
            SELECT FROM public.residents_resident c, public.residents_resident g
            WHERE c.id = NEW.child_id AND g.id = NEW.guardian_id
              AND c.born > (NEW.since - interval '14 years')::date
              AND (g.born IS NULL OR g.born <= (NEW.since - interval '18 years')::date)
              AND g.user_id IS DISTINCT FROM NEW.verified_by_id) THEN
            RAISE EXCEPTION 'a guardian is an adult, verified by somebody else, of a child under fourteen'
                USING ERRCODE = 'LM036';
        END IF;
    ELSIF OLD.until IS NOT NULL OR to_jsonb(NEW) - 'until' <> to_jsonb(OLD) - 'until' THEN
        RAISE EXCEPTION 'a guardianship only ends' USING ERRCODE = 'LM036';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_guardianship_lawful BEFORE INSERT OR UPDATE ON residents_guardianship
    FOR EACH ROW EXECUTE FUNCTION residents_guardianship_lawful();
ALTER TABLE residents_guardianship ENABLE ALWAYS TRIGGER residents_guardianship_lawful;
"""
PERSON_FREE = """
DROP TRIGGER residents_guardianship_lawful ON residents_guardianship;
DROP FUNCTION residents_guardianship_lawful();
DROP TRIGGER residents_resident_lawful ON residents_resident;
DROP FUNCTION residents_resident_lawful();
"""

PEOPLE = "residents_resident"


class Migration(migrations.Migration):
    dependencies = [("residents", "0009_how_people_come_to_live_here_no_more")]

    operations = [
        migrations.RunSQL(TODAY, NO_TODAY),
        migrations.RunSQL(OCCUPANCY, OCCUPANCY_FREE),
        migrations.RunSQL(MOVE_OUT, MOVE_OUT_FREE),
        migrations.RunSQL(DEPARTURE, DEPARTURE_FREE),
        migrations.RunSQL(DEATH, DEATH_FREE),
        migrations.RunSQL(PERSON, PERSON_FREE),
        SameNeighborhood(
            "residents_moveout",
            resident_id=PEOPLE,
            occupancy_id="residents_occupancy",
            departure_id="residents_departure",
            death_id="residents_death",
        ),
        SameNeighborhood(
            "residents_departure",
            resident_id=PEOPLE,
            occupancy_id="residents_occupancy",
            asked_by_id=PEOPLE,
        ),
        SameNeighborhood("residents_death", resident_id=PEOPLE, told_by_id=PEOPLE),
        SameNeighborhood("residents_guardianship", child_id=PEOPLE, guardian_id=PEOPLE),
        SameNeighborhood("residents_helper", resident_id=PEOPLE, helper_id=PEOPLE),
        # Names that were erased do not stay in the files, nor in samples of them.
        Rewritable(PEOPLE, secrets=["name", "phone_sealed"]),
        Rewritable("residents_user", secrets=["username"]),
    ]
