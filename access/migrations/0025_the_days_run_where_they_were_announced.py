"""Fourteen days stay fourteen: they end by the calendar they were announced in too, wherever the clock was moved since."""

from django.db import migrations, models

LAW = """
CREATE FUNCTION access_methodchange_where_announced() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.announced_in_zone := '';
    ELSIF OLD.state = 'planned' AND NEW.state = 'announced' THEN
        SELECT n.time_zone INTO NEW.announced_in_zone FROM public.residents_neighborhood n
            WHERE n.id = NEW.neighborhood_id FOR SHARE;
    ELSIF OLD.state = 'announced' AND NEW.state = 'done' AND OLD.announced_in_zone <> ''
        AND NEW.takes_effect_on > (clock_timestamp() AT TIME ZONE OLD.announced_in_zone)::date THEN
        RAISE EXCEPTION 'the day has not come where it was announced' USING ERRCODE = 'LM086';
    END IF;
    RETURN NEW;
END
$$;
-- By its name after access_methodchange_lawful, which lets nobody else write this column.
CREATE TRIGGER access_methodchange_where_announced BEFORE INSERT OR UPDATE ON access_methodchange
    FOR EACH ROW EXECUTE FUNCTION access_methodchange_where_announced();
ALTER TABLE access_methodchange ENABLE ALWAYS TRIGGER access_methodchange_where_announced;
"""
NO_LAW = """
DROP TRIGGER access_methodchange_where_announced ON access_methodchange;
DROP FUNCTION access_methodchange_where_announced();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0024_no_template_where_faces_were_given_up")]

    operations = [
        migrations.AddField(
            model_name="methodchange",
            name="announced_in_zone",
            field=models.CharField(max_length=64, blank=True, default="", editable=False),
        ),
        migrations.RunSQL(LAW, NO_LAW),
    ]
