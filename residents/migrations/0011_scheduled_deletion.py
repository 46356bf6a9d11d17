"""What scheduled deletion did, as numbers; and indexes by which it finds what is due."""

import uuid

from django.db import migrations, models

# Django's own tables of history: by age, for the sweep looks every few seconds.
HISTORY_BY_AGE = "CREATE INDEX desk_history_by_age ON django_admin_log (action_time)"
NO_HISTORY_BY_AGE = "DROP INDEX desk_history_by_age"


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0010_nobody_is_moved_out_by_a_form"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("rule", models.CharField(max_length=80, verbose_name="rule")),
                ("day", models.DateField(verbose_name="day")),
                ("deleted", models.BigIntegerField(default=0, verbose_name="gone")),
                ("failed", models.BigIntegerField(default=0, verbose_name="failed")),
                ("still_due", models.BigIntegerField(default=0, verbose_name="still due")),
                ("oldest_due", models.DateTimeField(null=True, verbose_name="due since")),
                ("seconds", models.FloatField(default=0, verbose_name="seconds")),
                ("last_at", models.DateTimeField(verbose_name="last sweep")),
            ],
            options={
                "verbose_name": "scheduled deletion",
                "verbose_name_plural": "scheduled deletions",
            },
        ),
        migrations.AddConstraint(
            model_name="retentionrun",
            constraint=models.UniqueConstraint(fields=("rule", "day"), name="retention_run_once"),
        ),
        migrations.AddIndex(
            model_name="resident",
            index=models.Index(
                condition=models.Q(("born__isnull", False)), fields=["born"], name="resident_by_birth"
            ),
        ),
        migrations.AlterField(
            model_name="erasureorder",
            name="cause",
            field=models.CharField(
                choices=[
                    ("withdrawn", "you stopped it"),
                    ("expired", "the time you agreed to is over"),
                    ("form_changed", "the form changed"),
                    ("retired", "it is no longer offered here"),
                    ("moved_out", "you do not live here any more"),
                    ("died", "a death was recorded"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        migrations.RunSQL(HISTORY_BY_AGE, NO_HISTORY_BY_AGE),
    ]
