"""F23 where nobody can get round it: 'erased' is no word for hidden. A tombstone never comes back to life.

Whoever gives somebody a home or a way in takes the person's row first, as every act on a person does, so that an erasure
and an act that brings somebody new rows come wholly one after the other. Letters have that law of their own.
"""

from django.db import migrations

STAYS = """
CREATE FUNCTION residents_resident_stays_erased() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a tombstone stays, or somebody could be put in its place' USING ERRCODE = 'LM040';
    END IF;
    IF NEW.erased_at IS DISTINCT FROM OLD.erased_at OR NEW.name <> '' OR NEW.user_id IS NOT NULL
        OR NEW.phone_sealed IS NOT NULL OR NEW.born IS NOT NULL THEN
        RAISE EXCEPTION 'who was erased stays erased' USING ERRCODE = 'LM040';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_resident_stays_erased BEFORE UPDATE OR DELETE ON residents_resident
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION residents_resident_stays_erased();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_stays_erased;

CREATE FUNCTION linmen_not_of_the_erased() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.residents_resident WHERE id = NEW.resident_id AND erased_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND AND EXISTS (SELECT FROM public.residents_resident WHERE id = NEW.resident_id) THEN
        RAISE EXCEPTION '% of somebody who was erased', TG_TABLE_NAME USING ERRCODE = 'LM040';
    END IF;
    RETURN NEW;
END
$$;
"""

FREE = """
DROP FUNCTION linmen_not_of_the_erased();
DROP TRIGGER residents_resident_stays_erased ON residents_resident;
DROP FUNCTION residents_resident_stays_erased();
"""

# A home that ended is not opened again, either.
HOME = """
CREATE TRIGGER {table}_not_of_the_erased BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION linmen_not_of_the_erased();
CREATE TRIGGER {table}_not_again_of_the_erased BEFORE UPDATE ON {table}
    FOR EACH ROW WHEN (NEW.resident_id <> OLD.resident_id OR NEW.until IS DISTINCT FROM OLD.until
        AND (NEW.until IS NULL OR NEW.until > OLD.until))
    EXECUTE FUNCTION linmen_not_of_the_erased();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_not_of_the_erased;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_not_again_of_the_erased;
"""

NO_HOME = """
DROP TRIGGER {table}_not_again_of_the_erased ON {table};
DROP TRIGGER {table}_not_of_the_erased ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0011_scheduled_deletion")]

    operations = [
        migrations.RunSQL(STAYS, FREE),
        *(
            migrations.RunSQL(HOME.format(table=table), NO_HOME.format(table=table))
            for table in ("residents_occupancy", "residents_ownership")
        ),
    ]
