"""Nobody's face is taken in where it would open nothing any more (laws 3 and 10, obligation 17).

A gate that gives up faces erases what it was told of. Photos that a worker was still looking at were not among that, and
left a template behind for no gate. So the database asks as one is written, after the act that changes gates: it waits for
the neighborhood's counter, which that act holds.
"""

from django.db import migrations

LAW = """
CREATE FUNCTION access_face_is_of_use(person uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.access_gate g
            JOIN public.access_rule u ON u.gate_id = g.id
            CROSS JOIN LATERAL public.residents_today(g.neighborhood_id) AS today
            WHERE g.neighborhood_id = r.neighborhood_id AND g.in_service AND g.by_face
                AND (u.resident_id = r.id OR u.unit_id IN (SELECT o.unit_id FROM public.residents_occupancy o
                    WHERE o.resident_id = r.id AND (o.until IS NULL OR o.until > today))))
        -- Where no gate ever gave them up there is nothing to come too late for.
        OR NOT EXISTS (SELECT FROM public.access_methodchange c WHERE c.neighborhood_id = r.neighborhood_id
            AND c.state = 'done' AND c.before LIKE '%,face%' AND c.after NOT LIKE '%,face%')
        FROM public.residents_resident r WHERE r.id = $1
$$;

CREATE FUNCTION access_face_needs_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.access_feedcounter f JOIN public.residents_resident r
        ON r.neighborhood_id = f.neighborhood_id WHERE r.id = NEW.resident_id FOR NO KEY UPDATE OF f;
    IF public.access_face_is_of_use(NEW.resident_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'no gate that they may pass takes faces any more' USING ERRCODE = 'LM085';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_template_needs_gate BEFORE INSERT ON access_template
    FOR EACH ROW EXECUTE FUNCTION access_face_needs_gate();
ALTER TABLE access_template ENABLE ALWAYS TRIGGER access_template_needs_gate;
CREATE TRIGGER access_enrolment_needs_gate BEFORE INSERT ON access_enrolment
    FOR EACH ROW EXECUTE FUNCTION access_face_needs_gate();
ALTER TABLE access_enrolment ENABLE ALWAYS TRIGGER access_enrolment_needs_gate;
"""
NO_LAW = """
DROP TRIGGER access_enrolment_needs_gate ON access_enrolment;
DROP TRIGGER access_template_needs_gate ON access_template;
DROP FUNCTION access_face_needs_gate();
DROP FUNCTION access_face_is_of_use(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0023_two_of_the_staff_are_two_people")]

    operations = [migrations.RunSQL(LAW, NO_LAW)]
