"""Who announces a change of methods is another person than who planned it, as far as the register knows: two accounts of one
person are not two of the staff (A3), as they are not two readers of a form."""

from django.db import migrations

LAW = """
CREATE FUNCTION access_methodchange_two_people() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_one_person(NEW.planned_by_id, NEW.confirmed_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'one of the staff is not two' USING ERRCODE = 'LM051';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_methodchange_two_people BEFORE UPDATE ON access_methodchange
    FOR EACH ROW WHEN (NEW.state = 'announced' AND OLD.state = 'planned')
    EXECUTE FUNCTION access_methodchange_two_people();
ALTER TABLE access_methodchange ENABLE ALWAYS TRIGGER access_methodchange_two_people;
"""
LAWLESS = """
DROP TRIGGER access_methodchange_two_people ON access_methodchange;
DROP FUNCTION access_methodchange_two_people();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0022_the_card_before_the_paper"),
        ("consent", "0010_two_readers_are_two_people"),
    ]

    operations = [migrations.RunSQL(LAW, LAWLESS)]
