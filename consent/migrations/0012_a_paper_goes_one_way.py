"""Law 5 where nobody can get round it: a paper goes one way, home and back, past two clerks, and no clerk decides.

Times are the database's own. A yes was away over night, at least by the calendar of the neighborhood; it is read by a second
of the staff who has no interest in it, and three days later by the law of decisions it may count. What is over stays over, and
what a picture proves stays as long as the yes, no longer and no shorter.
"""

from django.db import migrations

from residents.practising import NeverInPractice
from vault.rewrite import Rewritable

WHO = """
CREATE FUNCTION consent_paper_is_theirs(account uuid, resident uuid, guardianship uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT EXISTS (SELECT FROM public.residents_resident r WHERE r.user_id = $1 AND (r.id = $2
        OR r.id = (SELECT g.guardian_id FROM public.residents_guardianship g WHERE g.id = $3)))';

CREATE FUNCTION consent_paper_has_an_interest(account uuid, resident uuid, guardianship uuid, neighborhood uuid)
RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS 'SELECT public.consent_paper_is_theirs($1, $2, $3) OR EXISTS (
        SELECT FROM public.residents_occupancy o WHERE o.resident_id = $2 AND o.since <= public.residents_today($4)
        AND (o.until IS NULL OR o.until > public.residents_today($4))
        AND public.residents_has_an_interest($1, o.unit_id, $4))';
"""
NOBODY = """
DROP FUNCTION consent_paper_has_an_interest(uuid, uuid, uuid, uuid);
DROP FUNCTION consent_paper_is_theirs(uuid, uuid, uuid);
"""

PAPER = """
CREATE FUNCTION consent_paper_one_way() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    changed text[];
    child boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- One that a decision names is kept by its foreign key. Some days less than the rule of retention says, whose clock may
        -- be ahead of this one.
        IF OLD.stopped_at IS NULL AND OLD.answer <> 'no'
            OR OLD.handed_out_at > clock_timestamp() - interval '360 days' THEN
            RAISE EXCEPTION 'what the desk did with papers is kept for a year' USING ERRCODE = 'LM070';
        END IF;
        RETURN OLD;
    END IF;
    -- The person first, as in every act about a consent.
    SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.answer <> '' OR num_nonnulls(NEW.received_at, NEW.scan_hash, NEW.confirmed_at, NEW.stopped_at) > 0
            OR NEW.stopped_because <> '' THEN
            RAISE EXCEPTION 'a paper begins by being handed out' USING ERRCODE = 'LM070';
        END IF;
        PERFORM FROM public.consent_form f WHERE f.id = NEW.form_id AND f.state = 'published' FOR SHARE;
        IF NOT FOUND OR NOT EXISTS (SELECT FROM public.consent_formtext t
            WHERE t.form_id = NEW.form_id AND t.language = NEW.language) THEN
            RAISE EXCEPTION 'only the form in force is handed out, in its own words' USING ERRCODE = 'LM070';
        END IF;
        child := person.born IS NOT NULL
            AND public.consent_fourteen(person.born) > public.residents_today(NEW.neighborhood_id);
        IF person.left_at IS NOT NULL OR child <> (NEW.guardianship_id IS NOT NULL)
            OR child AND public.consent_guardian(NEW.guardianship_id, NEW.resident_id) IS NULL THEN
            RAISE EXCEPTION 'a paper is signed by who lives here, or under fourteen by a guardian' USING ERRCODE = 'LM070';
        END IF;
        IF public.residents_is_staff(NEW.handed_out_by_id) IS NOT TRUE
            OR public.consent_paper_is_theirs(NEW.handed_out_by_id, NEW.resident_id, NEW.guardianship_id) THEN
            RAISE EXCEPTION 'a paper is handed out by one of the staff to somebody else' USING ERRCODE = 'LM070';
        END IF;
        NEW.handed_out_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.stopped_at IS NOT NULL OR EXISTS (SELECT FROM public.consent_decision d WHERE d.paper_id = OLD.id) THEN
        RAISE EXCEPTION 'this paper is over' USING ERRCODE = 'LM070';
    END IF;
    SELECT COALESCE(array_agg(n.key), '{}') INTO changed
        FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key) WHERE n.value <> o.value;
    IF OLD.received_at IS NULL AND NEW.received_at IS NOT NULL
        AND changed <@ ARRAY['answer', 'received_at', 'received_by_id', 'scan_hash'] THEN
        IF public.residents_is_staff(NEW.received_by_id) IS NOT TRUE
            OR public.consent_paper_is_theirs(NEW.received_by_id, NEW.resident_id, NEW.guardianship_id)
            OR (NEW.answer = 'yes') <> (COALESCE(length(NEW.scan_hash), 0) = 32) THEN
            RAISE EXCEPTION 'a paper is taken in by one of the staff from somebody else' USING ERRCODE = 'LM070';
        END IF;
        NEW.received_at := clock_timestamp();
        IF NEW.answer = 'yes' AND (
            (SELECT (OLD.handed_out_at AT TIME ZONE n.time_zone)::date FROM public.residents_neighborhood n
                WHERE n.id = NEW.neighborhood_id) >= public.residents_today(NEW.neighborhood_id)
            OR public.consent_paper_has_an_interest(NEW.received_by_id, NEW.resident_id, NEW.guardianship_id,
                NEW.neighborhood_id)) THEN
            RAISE EXCEPTION 'a yes goes home for a night, and comes back to somebody without an interest in it'
                USING ERRCODE = 'LM070';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.answer = 'yes' AND OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL
        AND changed <@ ARRAY['confirmed_at', 'confirmed_by_id'] THEN
        IF public.residents_is_staff(NEW.confirmed_by_id) IS NOT TRUE
            OR NEW.confirmed_by_id = OLD.received_by_id
            OR public.consent_paper_has_an_interest(NEW.confirmed_by_id, NEW.resident_id, NEW.guardianship_id,
                NEW.neighborhood_id)
            OR NOT EXISTS (SELECT FROM public.consent_paperscan s WHERE s.paper_id = NEW.id) THEN
            RAISE EXCEPTION 'a yes is read from its picture by a second of the staff without an interest in it'
                USING ERRCODE = 'LM070';
        END IF;
        NEW.confirmed_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF NEW.stopped_at IS NOT NULL AND NEW.stopped_because <> '' AND changed <@ ARRAY['stopped_at', 'stopped_because'] THEN
        NEW.stopped_at := clock_timestamp();
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a paper goes one way, and nothing on it is rewritten' USING ERRCODE = 'LM070';
END
$$;
CREATE TRIGGER consent_paper_one_way BEFORE INSERT OR UPDATE OR DELETE ON consent_paper
    FOR EACH ROW EXECUTE FUNCTION consent_paper_one_way();
ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER consent_paper_one_way;
"""
PAPER_FREE = """
DROP TRIGGER consent_paper_one_way ON consent_paper;
DROP FUNCTION consent_paper_one_way();
"""

# The yes on a paper is the last word of whoever signed it, or nothing.
DECISION = """
CREATE FUNCTION consent_decision_is_the_last_word() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.consent_decision d JOIN public.consent_paper p ON p.id = NEW.paper_id
        WHERE d.resident_id = NEW.resident_id AND d.purpose = NEW.purpose AND d.capacity <> 'system'
        AND d.at > p.received_at) THEN
        RAISE EXCEPTION 'it was decided otherwise since the paper came back' USING ERRCODE = 'LM071';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_decision_is_the_last_word BEFORE INSERT ON consent_decision
    FOR EACH ROW WHEN (NEW.route = 'paper' AND NEW.kind = 'given')
    EXECUTE FUNCTION consent_decision_is_the_last_word();
ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_is_the_last_word;
"""
DECISION_FREE = """
DROP TRIGGER consent_decision_is_the_last_word ON consent_decision;
DROP FUNCTION consent_decision_is_the_last_word();
"""

SCAN = """
CREATE FUNCTION consent_paperscan_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a picture is not exchanged for another' USING ERRCODE = 'LM072';
    END IF;
    IF NOT EXISTS (SELECT FROM public.consent_paper p WHERE p.id = NEW.paper_id AND p.answer = 'yes'
        AND p.confirmed_at IS NULL AND p.stopped_at IS NULL) THEN
        RAISE EXCEPTION 'a picture is of a yes that nobody has read yet' USING ERRCODE = 'LM072';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER consent_paperscan_lawful BEFORE INSERT OR UPDATE ON consent_paperscan
    FOR EACH ROW EXECUTE FUNCTION consent_paperscan_lawful();
ALTER TABLE consent_paperscan ENABLE ALWAYS TRIGGER consent_paperscan_lawful;

-- Asked when the act is whole: the proof goes in the same act as what it proved, neither before nor after.
CREATE FUNCTION consent_paperscan_lives_with_the_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lost boolean := false;
    forgotten boolean := false;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'consent_paperscan' THEN
        lost := EXISTS (SELECT FROM public.consent_paper p LEFT JOIN public.consent_decision d ON d.paper_id = p.id
            LEFT JOIN public.consent_standing s ON s.decision_id = d.id WHERE p.id = OLD.paper_id
            AND (s.id IS NOT NULL OR d.id IS NULL AND p.stopped_at IS NULL));
    WHEN 'consent_standing' THEN
        -- Its own, and where nothing stands any more those of another guardian who had said the same.
        forgotten := EXISTS (SELECT FROM public.consent_paperscan c JOIN public.consent_decision d ON d.paper_id = c.paper_id
            WHERE d.id = OLD.decision_id OR d.resident_id = OLD.resident_id AND d.purpose = OLD.purpose
            AND NOT EXISTS (SELECT FROM public.consent_standing s
                WHERE s.resident_id = OLD.resident_id AND s.purpose = OLD.purpose));
    WHEN 'consent_paper' THEN
        forgotten := EXISTS (SELECT FROM public.consent_paperscan c WHERE c.paper_id = NEW.id);
    ELSE
        forgotten := EXISTS (SELECT FROM public.consent_paperscan c JOIN public.consent_paper p ON p.id = c.paper_id
            WHERE p.resident_id = NEW.id);
    END CASE;
    IF lost THEN
        RAISE EXCEPTION 'the picture is kept as long as what it proves' USING ERRCODE = 'LM072';
    END IF;
    IF forgotten THEN
        RAISE EXCEPTION 'the picture goes with what it proved' USING ERRCODE = 'LM072';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER consent_paperscan_kept AFTER DELETE ON consent_paperscan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION consent_paperscan_lives_with_the_yes();
ALTER TABLE consent_paperscan ENABLE ALWAYS TRIGGER consent_paperscan_kept;
CREATE CONSTRAINT TRIGGER consent_paperscan_goes_with_the_yes AFTER DELETE ON consent_standing
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION consent_paperscan_lives_with_the_yes();
ALTER TABLE consent_standing ENABLE ALWAYS TRIGGER consent_paperscan_goes_with_the_yes;
CREATE CONSTRAINT TRIGGER consent_paperscan_goes_with_the_paper AFTER UPDATE ON consent_paper
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.stopped_at IS NOT NULL)
    EXECUTE FUNCTION consent_paperscan_lives_with_the_yes();
ALTER TABLE consent_paper ENABLE ALWAYS TRIGGER consent_paperscan_goes_with_the_paper;
CREATE CONSTRAINT TRIGGER consent_paperscan_goes_with_the_person AFTER UPDATE ON residents_resident
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL)
    EXECUTE FUNCTION consent_paperscan_lives_with_the_yes();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER consent_paperscan_goes_with_the_person;
"""
SCAN_FREE = """
DROP TRIGGER consent_paperscan_goes_with_the_person ON residents_resident;
DROP TRIGGER consent_paperscan_goes_with_the_paper ON consent_paper;
DROP TRIGGER consent_paperscan_goes_with_the_yes ON consent_standing;
DROP TRIGGER consent_paperscan_kept ON consent_paperscan;
DROP FUNCTION consent_paperscan_lives_with_the_yes();
DROP TRIGGER consent_paperscan_lawful ON consent_paperscan;
DROP FUNCTION consent_paperscan_lawful();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0011_a_picture_has_a_key_of_its_own"),
        ("residents", "0015_a_court_may_bar_a_guardian"),
    ]

    operations = [
        migrations.RunSQL(WHO, NOBODY),
        migrations.RunSQL(PAPER, PAPER_FREE),
        migrations.RunSQL(DECISION, DECISION_FREE),
        migrations.RunSQL(SCAN, SCAN_FREE),
        NeverInPractice("consent_paper"),
        Rewritable("consent_paperscan", secrets=["sealed"]),
    ]
