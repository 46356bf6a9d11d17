"""Since when each face model is in use: a row is added for a higher number only, and none ever changes or goes."""

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION access_facemodeluse_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR EXISTS (
        SELECT FROM public.access_facemodeluse used WHERE used.number > NEW.number
    ) THEN
        RAISE EXCEPTION 'face models are numbered upwards, and what was used was used' USING ERRCODE = 'LM182';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_facemodeluse_forward BEFORE INSERT OR UPDATE OR DELETE ON access_facemodeluse
    FOR EACH ROW EXECUTE FUNCTION access_facemodeluse_forward();
ALTER TABLE access_facemodeluse ENABLE ALWAYS TRIGGER access_facemodeluse_forward;
CREATE TRIGGER access_facemodeluse_no_truncate BEFORE TRUNCATE ON access_facemodeluse
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change();
ALTER TABLE access_facemodeluse ENABLE ALWAYS TRIGGER access_facemodeluse_no_truncate;
"""
UNDO = "DROP FUNCTION access_facemodeluse_forward() CASCADE"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0037_readers_say_how_they_are"),
    ]

    operations = [
        migrations.CreateModel(
            name="FaceModelUse",
            fields=[
                ("number", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("number__lte", 255)),
                        name="facemodeluse_number_fits_a_template",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, UNDO),
    ]
