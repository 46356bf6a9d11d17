"""Lists that are brought into the register: sealed line by line, undone as a whole, forgotten in the end."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

# Import.CHANGES, for whoever writes. What is forgotten stays so.
FORWARD = """
CREATE FUNCTION residents_import_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('planned', 'applying'), ('planned', 'dropped'),
        ('applying', 'applied'), ('applying', 'stopped'),
        ('stopped', 'undoing'), ('applied', 'undoing'),
        ('undoing', 'undone'), ('undoing', 'stopped')
    ) THEN
        RAISE EXCEPTION 'an import does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'LM002';
    END IF;
    IF OLD.forgotten_at IS NOT NULL THEN
        RAISE EXCEPTION 'a forgotten import is never written again' USING ERRCODE = 'LM002';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_import_forward BEFORE UPDATE ON residents_import
    FOR EACH ROW EXECUTE FUNCTION residents_import_forward();
ALTER TABLE residents_import ENABLE ALWAYS TRIGGER residents_import_forward;
"""

BACKWARD = """
DROP TRIGGER residents_import_forward ON residents_import;
DROP FUNCTION residents_import_forward();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0005_who_owns_and_as_what_people_live"),
    ]

    operations = [
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "looked at, nothing written yet"),
                            ("applying", "being written"),
                            ("applied", "written"),
                            ("stopped", "stopped before its end"),
                            ("undoing", "being undone"),
                            ("undone", "undone"),
                            ("dropped", "dropped"),
                        ],
                        default="planned",
                        max_length=20,
                    ),
                ),
                ("make_dwellings", models.BooleanField(default=False)),
                ("gates", models.JSONField(default=list)),
                ("has_cards", models.BooleanField(default=False)),
                ("about", models.BinaryField(null=True)),
                ("planned", models.JSONField(default=dict)),
                ("became", models.JSONField(default=dict)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("kept", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("forget_at", models.DateTimeField()),
                ("forgotten_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
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
                "verbose_name": "import",
                "verbose_name_plural": "imports",
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                (
                    "fate",
                    models.CharField(
                        choices=[
                            ("new", "new"),
                            ("changed", "changed"),
                            ("same", "same"),
                            ("refused", "refused"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("notes", models.JSONField(default=list)),
                ("content", models.BinaryField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "new"),
                            ("changed", "changed"),
                            ("same", "same"),
                            ("refused", "refused"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("before", models.BinaryField(null=True)),
                ("resident", models.UUIDField(null=True)),
                ("made", models.JSONField(default=dict)),
                ("undone", models.BooleanField(default=False)),
                ("left", models.JSONField(default=list)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="residents.import",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["neighborhood", "-created_at"], name="import_by_neighborhood"),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("forgotten_at", None)), fields=["forget_at"], name="import_to_forget"
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["applying", "undoing"])),
                fields=("neighborhood",),
                name="import_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", models.F("rows"))), name="import_done_of_rows"
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(("forgotten_at", None), ("about", None), _connector="OR"),
                name="import_forgotten_says_nothing",
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["source", "fate", "number"], name="import_row_by_fate"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["source", "resident"], name="import_row_by_resident"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("source", "number"), name="import_row_once"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fate", "refused"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="import_row_refused_with_a_reason",
            ),
        ),
        SameNeighborhood("residents_import"),
        SameNeighborhood("residents_importrow", source_id="residents_import"),
        migrations.RunSQL(FORWARD, BACKWARD),
        # ANALYZE would copy samples of what is sealed into a catalog that outlives the row.
        Rewritable("residents_importrow", secrets=["content", "before"]),
    ]
