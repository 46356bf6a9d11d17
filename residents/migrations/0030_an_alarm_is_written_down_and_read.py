"""What an auditor should hear of is written down and stays, and so is who has read it."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0029_wrong_codes_are_told"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            (
                                "looks.many",
                                "Somebody wanted to look at more people’s details than one may in that time",
                            ),
                            ("looks.at_night", "Somebody looked at a person’s details at night"),
                            (
                                "looks.own_neighbors",
                                "Somebody looked at a neighbor of their own, or at whom they live or lived with",
                            ),
                            (
                                "looks.minors_refused",
                                "Somebody tried to look at a minor’s details that nobody had approved",
                            ),
                            (
                                "sharing.refused_reviewer",
                                "Somebody tried to decide about sharing data who may not",
                            ),
                            ("sharing.refused_link", "A link to a file was refused"),
                            (
                                "sharing.replayed_link",
                                "A link to a file was used again after it had been opened",
                            ),
                            (
                                "sharing.formula",
                                "A value that a spreadsheet would run was made harmless in a file",
                            ),
                            ("sharing.key_changed", "A recipient’s key changed while a file was on its way"),
                            ("recall.late", "A recipient has not confirmed in time that data is deleted"),
                            (
                                "emergency.opened",
                                "Somebody opened details alone because a life was in danger",
                            ),
                        ],
                        max_length=40,
                        verbose_name="what happened",
                    ),
                ),
                ("subject", models.UUIDField(null=True, verbose_name="about")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
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
                "verbose_name": "alarm",
                "verbose_name_plural": "alarms",
            },
        ),
        migrations.CreateModel(
            name="AlarmRead",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "alarm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="residents.alarm",
                    ),
                ),
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
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(fields=["neighborhood", "-at"], name="alarm_by_neighborhood"),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", ""), _negated=True), name="alarm_says_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="alarmread",
            constraint=models.UniqueConstraint(fields=("alarm", "by"), name="alarm_read_once"),
        ),
        AppendOnly("residents_alarm"),
        AppendOnly("residents_alarmread"),
        SameNeighborhood("residents_alarmread", alarm_id="residents_alarm"),
    ]
