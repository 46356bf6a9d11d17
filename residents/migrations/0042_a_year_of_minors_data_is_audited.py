"""Each year somebody looks at how data of minors was handled, and what they found stays as they wrote it."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from residents.same_neighborhood import SameNeighborhood

# Kept for three years, as PIPL 56 asks of assessments, less a day for clocks.
FORWARD = """
CREATE FUNCTION residents_minorsaudit_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.due_on <> make_date(NEW.year + 1, 1, 31) OR NEW.closed_at IS NOT NULL OR NEW.late_at IS NOT NULL THEN
        RAISE EXCEPTION 'a yearly audit begins open, and is due by the end of the January after its year'
            USING ERRCODE = 'LM200';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_minorsaudit_begins BEFORE INSERT ON residents_minorsaudit
    FOR EACH ROW EXECUTE FUNCTION residents_minorsaudit_begins();
ALTER TABLE residents_minorsaudit ENABLE ALWAYS TRIGGER residents_minorsaudit_begins;

CREATE FUNCTION residents_minorsaudit_goes_forward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    zone text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.closed_at IS NULL OR OLD.closed_at > clock_timestamp() - interval '1094 days' THEN
            RAISE EXCEPTION 'what a yearly audit found is kept for three years' USING ERRCODE = 'LM202';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.closed_at IS NOT NULL
        OR (NEW.id, NEW.year, NEW.opened_at, NEW.due_on) IS DISTINCT FROM (OLD.id, OLD.year, OLD.opened_at, OLD.due_on)
        OR OLD.late_at IS NOT NULL AND NEW.late_at IS DISTINCT FROM OLD.late_at
    THEN
        RAISE EXCEPTION 'a yearly audit is closed once, and stays as it was written' USING ERRCODE = 'LM200';
    END IF;
    SELECT time_zone INTO zone FROM public.residents_neighborhood WHERE id = NEW.neighborhood_id;
    IF NEW.closed_at < make_date(NEW.year + 1, 1, 1)::timestamp AT TIME ZONE zone
        OR NEW.late_at < (NEW.due_on + 1)::timestamp AT TIME ZONE zone
    THEN
        RAISE EXCEPTION 'a year is audited when it is over, and late after its day' USING ERRCODE = 'LM201';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_minorsaudit_goes_forward BEFORE UPDATE OR DELETE ON residents_minorsaudit
    FOR EACH ROW EXECUTE FUNCTION residents_minorsaudit_goes_forward();
ALTER TABLE residents_minorsaudit ENABLE ALWAYS TRIGGER residents_minorsaudit_goes_forward;
"""
NO_FORWARD = """
DROP TRIGGER residents_minorsaudit_goes_forward ON residents_minorsaudit;
DROP FUNCTION residents_minorsaudit_goes_forward();
DROP TRIGGER residents_minorsaudit_begins ON residents_minorsaudit;
DROP FUNCTION residents_minorsaudit_begins();
"""

KINDS = [
    ("looks.many", "Somebody wanted to look at more people’s details than one may in that time"),
    ("looks.at_night", "Somebody looked at a person’s details at night"),
    ("looks.own_neighbors", "Somebody looked at a neighbor of their own, or at whom they live or lived with"),
    ("looks.minors_refused", "Somebody tried to look at a minor’s details that nobody had approved"),
    ("sharing.refused_reviewer", "Somebody tried to decide about sharing data who may not"),
    ("sharing.refused_link", "A link to a file was refused"),
    ("sharing.replayed_link", "A link to a file was used again after it had been opened"),
    ("sharing.formula", "A value that a spreadsheet would run was made harmless in a file"),
    ("sharing.key_changed", "A recipient’s key changed while a file was on its way"),
    ("recall.late", "A recipient has not confirmed in time that data is deleted"),
    ("emergency.opened", "Somebody opened details alone because a life was in danger"),
    ("retention.late", "Something is kept for longer than it may be"),
    ("retention.silent", "Nothing has been deleted by the clock for a while"),
    ("rights.due", "An answer about somebody’s own data is due soon"),
    ("rights.late", "An answer about somebody’s own data is late"),
    ("gate.silent", "A reader at a gate has not been heard of for a while"),
    ("audit.late", "The yearly audit of minors’ data is late"),
    ("step.first", "Somebody of the staff set up their second step of signing in"),
    ("step.lost", "Somebody of the staff has lost their second step of signing in"),
]


class Migration(migrations.Migration):
    dependencies = [("residents", "0041_rights_to_call_and_to_count")]

    operations = [
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=40, verbose_name="what happened"),
        ),
        migrations.CreateModel(
            name="MinorsAudit",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_on", models.DateField(verbose_name="to be closed by")),
                ("late_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("capacity", models.CharField(blank=True, max_length=40, verbose_name="in which role")),
                ("findings", models.CharField(blank=True, max_length=2000, verbose_name="findings")),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
            ],
            options={
                "verbose_name": "yearly audit of minors’ data",
                "verbose_name_plural": "yearly audits of minors’ data",
                "constraints": [
                    models.UniqueConstraint(fields=("neighborhood", "year"), name="minorsaudit_once_a_year"),
                    models.CheckConstraint(
                        condition=Q(closed_at=None, closed_by=None, capacity="", findings="")
                        | Q(closed_at__isnull=False, closed_by__isnull=False)
                        & ~Q(capacity="")
                        & ~Q(findings=""),
                        name="minorsaudit_closed_in_words",
                    ),
                ],
            },
        ),
        SameNeighborhood("residents_minorsaudit"),
        migrations.RunSQL(FORWARD, NO_FORWARD),
    ]
