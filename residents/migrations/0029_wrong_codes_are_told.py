"""Whoever knows a password and guesses at codes is told of to the account's owner, and cannot take it back."""

from django.db import migrations, models
from django.db.models import F, Q

FORWARD = """
CREATE FUNCTION residents_secondstep_wrong_goes_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.wrong_at >= OLD.wrong_at) IS NOT TRUE THEN
        RAISE EXCEPTION 'that wrong codes were typed is told for thirty days' USING ERRCODE = 'LM104';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_secondstep_wrong_goes_forward BEFORE UPDATE OF wrong_at ON residents_secondstep
    FOR EACH ROW WHEN (OLD.wrong_at IS NOT NULL) EXECUTE FUNCTION residents_secondstep_wrong_goes_forward();
ALTER TABLE residents_secondstep ENABLE ALWAYS TRIGGER residents_secondstep_wrong_goes_forward;
"""
NO_FORWARD = """
DROP TRIGGER residents_secondstep_wrong_goes_forward ON residents_secondstep;
DROP FUNCTION residents_secondstep_wrong_goes_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0028_an_unwanted_message_does_not_come_to_be")]

    operations = [
        migrations.AddField(
            model_name="secondstep",
            name="wrong_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="secondstep",
            constraint=models.CheckConstraint(
                condition=Q(wrong_at=None) | Q(confirmed_at__isnull=False, wrong_at__gte=F("confirmed_at")),
                name="secondstep_wrong_once_on",
            ),
        ),
        migrations.RunSQL(FORWARD, NO_FORWARD),
    ]
