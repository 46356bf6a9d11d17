"""A court bars a person, not a row: whoever was verified twice loses both (obligation 15)."""

from django.db import migrations

LAW = """
CREATE FUNCTION residents_guardianship_barred_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_guardianship g WHERE g.child_id = NEW.child_id
        AND g.guardian_id = NEW.guardian_id AND g.barred_at IS NULL
        AND (g.until IS NULL OR g.until > public.residents_today(g.neighborhood_id))
        AND g.since <= (NEW.barred_at + interval '1 day')::date) THEN
        RAISE EXCEPTION 'a court that bars somebody bars them whole' USING ERRCODE = 'LM036';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_guardianship_barred_whole AFTER UPDATE ON residents_guardianship
    FOR EACH ROW WHEN (OLD.barred_at IS NULL AND NEW.barred_at IS NOT NULL)
    EXECUTE FUNCTION residents_guardianship_barred_whole();
ALTER TABLE residents_guardianship ENABLE ALWAYS TRIGGER residents_guardianship_barred_whole;
"""
LAWLESS = """
DROP TRIGGER residents_guardianship_barred_whole ON residents_guardianship;
DROP FUNCTION residents_guardianship_barred_whole();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0018_what_the_desk_does_with_papers"),
    ]

    operations = [migrations.RunSQL(LAW, LAWLESS)]
