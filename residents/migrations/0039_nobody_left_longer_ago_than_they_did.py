"""The days of grace count from the moment at which it is written down that somebody left, by the database's clock.

Until now 0010 measured them from what a row said, and one statement that gave an old day, or the day and the erasure
together, passed it. A backup comes back before the laws stand (`portal/putting_back.py`), so it needs no way round this.
"""

from django.db import migrations

LEAVES = """
CREATE FUNCTION residents_resident_leaves_now() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Where staff practise nobody lives, and whoever was made up goes the same night (0013). Whom a list brought that is taken
    -- back has never lived here: while it is, who has no dwelling goes with it.
    IF NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL AND OLD.left_at IS NULL
        AND NOT EXISTS (SELECT FROM public.residents_neighborhood n WHERE n.id = OLD.neighborhood_id AND n.practice)
        AND (EXISTS (SELECT FROM public.residents_occupancy o WHERE o.resident_id = OLD.id) OR NOT EXISTS (
            SELECT FROM public.residents_import i WHERE i.neighborhood_id = OLD.neighborhood_id AND i.state = 'undoing')) THEN
        RAISE EXCEPTION 'nobody is erased before they left' USING ERRCODE = 'LM161';
    END IF;
    IF NEW.left_at IS NULL THEN
        RETURN NEW;
    END IF;
    -- An hour less: the clock of whoever writes may be a little behind.
    IF NEW.left_at IS DISTINCT FROM OLD.left_at
        AND NEW.left_at < clock_timestamp() - interval '1 hour' THEN
        RAISE EXCEPTION 'who leaves, leaves today' USING ERRCODE = 'LM161';
    END IF;
    -- After a death the days of grace are more. That it was a mistake is said first (residents/deaths.py).
    IF OLD.left_because = 'died' AND NEW.left_because <> 'died' AND NOT COALESCE((
            SELECT bool_and(d.undone_at IS NOT NULL) FROM public.residents_death d
            WHERE d.resident_id = NEW.id AND d.confirmed_at IS NOT NULL), false) THEN
        RAISE EXCEPTION 'how somebody left does not change' USING ERRCODE = 'LM161';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_resident_leaves_now BEFORE UPDATE ON residents_resident
    FOR EACH ROW EXECUTE FUNCTION residents_resident_leaves_now();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_leaves_now;
"""
LEAVES_ANY_DAY = """
DROP TRIGGER residents_resident_leaves_now ON residents_resident;
DROP FUNCTION residents_resident_leaves_now();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0038_what_is_kept_is_handed_to_a_court")]

    operations = [migrations.RunSQL(LEAVES, LEAVES_ANY_DAY)]
