"""Special days of a neighborhood, and what the staff order of gates: open in an emergency, lock down, open once from afar.

Tables and columns; what may be written in them says the next migration.
"""

import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0030_a_devices_keys_change_together"),
        ("residents", "0038_what_is_kept_is_handed_to_a_court"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmergencyOpening",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("minutes", models.PositiveSmallIntegerField(default=30, verbose_name="minutes")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("reviewed_at", models.DateTimeField(null=True, verbose_name="reviewed")),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("needed", "it was needed"),
                            ("drill", "it was a drill"),
                            ("mistake", "it was a mistake"),
                            ("misuse", "it was misused"),
                        ],
                        max_length=20,
                        verbose_name="what it was",
                    ),
                ),
            ],
            options={
                "verbose_name": "emergency opening",
                "verbose_name_plural": "emergency openings",
            },
        ),
        migrations.CreateModel(
            name="Lockdown",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("danger", "somebody or something dangerous near the gates"),
                            ("authority", "asked for by the police or another authority"),
                            ("misuse", "passes or opening from afar are being misused"),
                        ],
                        max_length=20,
                        verbose_name="why",
                    ),
                ),
                ("minutes", models.PositiveSmallIntegerField(default=60, verbose_name="minutes")),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("began_at", models.DateTimeField(null=True, verbose_name="began")),
                ("until", models.DateTimeField(null=True, verbose_name="until")),
                ("lifted_at", models.DateTimeField(null=True, verbose_name="lifted")),
            ],
            options={
                "verbose_name": "lock-down",
                "verbose_name_plural": "lock-downs",
            },
        ),
        migrations.CreateModel(
            name="RemoteOpening",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("visitor", "a visitor or a courier was let in"),
                            ("forgotten", "a resident came without a way to get in"),
                            ("help", "ambulance, fire brigade or police"),
                            ("work", "repair, cleaning or a delivery"),
                            ("fault", "the reader or the lock did not work"),
                        ],
                        max_length=20,
                        verbose_name="why",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="opened")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("heard_at", models.DateTimeField(null=True, verbose_name="the gate reported it")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("opened", "opened"), ("refused", "stayed shut")],
                        max_length=20,
                        verbose_name="outcome",
                    ),
                ),
            ],
            options={
                "verbose_name": "opening from afar",
                "verbose_name_plural": "openings from afar",
            },
        ),
        migrations.CreateModel(
            name="SpecialDay",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "counts_as",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ],
                        default=7,
                        verbose_name="the hours of a",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="what day it is")),
                ("name_en", models.CharField(blank=True, max_length=60, verbose_name="the same in English")),
                ("set_at", models.DateTimeField(editable=False)),
            ],
            options={
                "verbose_name": "special day",
                "verbose_name_plural": "special days",
            },
        ),
        migrations.RemoveConstraint(
            model_name="gate",
            name="gate_is_in_no_private_place",
        ),
        migrations.AddField(
            model_name="gate",
            name="calendar",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="gate",
            name="call",
            field=models.CharField(blank=True, default="", editable=False, max_length=40),
        ),
        migrations.AddField(
            model_name="gate",
            name="held_open_by",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="gate",
            name="held_open_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="gate",
            name="high_risk",
            field=models.BooleanField(
                default=False, help_text="A plant room or an archive, for instance.", verbose_name="high risk"
            ),
        ),
        migrations.AddField(
            model_name="gate",
            name="locked_down_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="gate",
            name="open_once_by",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="gate",
            name="open_once_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="gate",
            name="second_factor",
            field=models.BooleanField(
                default=False, verbose_name="asks whoever shows a face for a card or a PIN as well"
            ),
        ),
        migrations.AlterField(
            model_name="gate",
            name="place",
            field=models.CharField(
                choices=[
                    ("main_gate", "gate of the neighborhood"),
                    ("building_door", "door of a building"),
                    ("lift_lobby", "lift lobby"),
                    ("garage", "garage"),
                    ("bicycle_shed", "bicycle shed"),
                    ("shared_room", "room that residents share"),
                    ("staff_room", "room of the staff"),
                    ("barrier", "barrier for vehicles"),
                ],
                default="main_gate",
                max_length=20,
                verbose_name="where it is",
            ),
        ),
        migrations.AddConstraint(
            model_name="gate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "place__in",
                        [
                            "main_gate",
                            "building_door",
                            "lift_lobby",
                            "garage",
                            "bicycle_shed",
                            "shared_room",
                            "staff_room",
                            "barrier",
                        ],
                    )
                ),
                name="gate_is_in_no_private_place",
                violation_error_message="No device belongs at a dwelling’s own door, in a toilet, a changing room or a home.",
            ),
        ),
        migrations.AddConstraint(
            model_name="gate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("high_risk", False), ("by_face", False), ("second_factor", True), _connector="OR"
                ),
                name="gate_of_high_risk_by_face_and_more",
                violation_error_message="A face alone opens no door of high risk. Tick that it asks for a card or a PIN as well, or leave faces out.",
            ),
        ),
        migrations.AddField(
            model_name="emergencyopening",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="ended by",
            ),
        ),
        migrations.AddField(
            model_name="emergencyopening",
            name="gate",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="emergencies",
                to="access.gate",
                verbose_name="gate",
            ),
        ),
        migrations.AddField(
            model_name="emergencyopening",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="emergencyopening",
            name="opened_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="opened by",
            ),
        ),
        migrations.AddField(
            model_name="emergencyopening",
            name="reviewed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="reviewed by",
            ),
        ),
        migrations.AddField(
            model_name="lockdown",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked for by",
            ),
        ),
        migrations.AddField(
            model_name="lockdown",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="confirmed by",
            ),
        ),
        migrations.AddField(
            model_name="lockdown",
            name="lifted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="lifted by",
            ),
        ),
        migrations.AddField(
            model_name="lockdown",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="remoteopening",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="opened by",
            ),
        ),
        migrations.AddField(
            model_name="remoteopening",
            name="gate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="remote_openings",
                to="access.gate",
                verbose_name="gate",
            ),
        ),
        migrations.AddField(
            model_name="remoteopening",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="specialday",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="special_days",
                to="residents.neighborhood",
            ),
        ),
        migrations.AddField(
            model_name="specialday",
            name="set_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="emergencyopening",
            index=models.Index(fields=["neighborhood", "-opened_at"], name="emergency_by_age"),
        ),
        migrations.AddConstraint(
            model_name="emergencyopening",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gte", 1), ("minutes__lte", 240)), name="emergency_has_an_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyopening",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finding", ""), ("reviewed_at", None), ("reviewed_by", None)),
                    models.Q(
                        ("finding__in", ["needed", "drill", "mistake", "misuse"]),
                        ("reviewed_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="emergency_reviewed_in_a_word",
            ),
        ),
        migrations.AddIndex(
            model_name="lockdown",
            index=models.Index(fields=["neighborhood", "-asked_at"], name="lockdown_by_age"),
        ),
        migrations.AddConstraint(
            model_name="lockdown",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gte", 1), ("minutes__lte", 120)),
                name="lockdown_asked_for_two_hours",
            ),
        ),
        migrations.AddConstraint(
            model_name="lockdown",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("began_at", None), ("confirmed_by", None), ("until", None)),
                    models.Q(
                        ("confirmed_by__isnull", False),
                        ("until__gt", models.F("began_at")),
                        (
                            "until__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("began_at"), "+", models.Value(datetime.timedelta(seconds=7200))
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="lockdown_two_hours_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="lockdown",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["danger", "authority", "misuse"])),
                name="lockdown_why_in_a_word",
            ),
        ),
        migrations.AddIndex(
            model_name="remoteopening",
            index=models.Index(fields=["gate", "-asked_at"], name="remote_by_gate"),
        ),
        migrations.AddIndex(
            model_name="remoteopening",
            index=models.Index(fields=["neighborhood", "-asked_at"], name="remote_by_age"),
        ),
        migrations.AddConstraint(
            model_name="remoteopening",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["visitor", "forgotten", "help", "work", "fault"])),
                name="remote_why_in_a_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="remoteopening",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("heard_at", None), ("outcome", "")),
                    models.Q(("heard_at__isnull", False), ("outcome__in", ["opened", "refused"])),
                    _connector="OR",
                ),
                name="remote_heard_with_its_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="specialday",
            constraint=models.UniqueConstraint(
                fields=("neighborhood", "day"),
                name="special_day_once",
                violation_error_message="This day stands in the calendar already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="specialday",
            constraint=models.CheckConstraint(
                condition=models.Q(("counts_as__gte", 1), ("counts_as__lte", 7)),
                name="special_day_is_a_day_of_the_week",
            ),
        ),
    ]
