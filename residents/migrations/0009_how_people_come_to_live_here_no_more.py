"""Moving out, departures, deaths, guardians and helpers: the rows. Their laws follow in the next migration."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0008_what_a_letter_was_it_stays"),
    ]

    operations = [
        migrations.CreateModel(
            name="Death",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "document",
                    models.CharField(
                        choices=[
                            ("certificate", "death certificate"),
                            ("police", "a paper of the police or of the civil registry"),
                            ("court", "a decision of a court"),
                        ],
                        max_length=20,
                        verbose_name="document",
                    ),
                ),
                (
                    "kept_where",
                    models.CharField(blank=True, max_length=120, verbose_name="where the document is kept"),
                ),
                ("reported_at", models.DateTimeField(verbose_name="reported")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone")),
            ],
            options={
                "verbose_name": "recorded death",
                "verbose_name_plural": "recorded deaths",
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "asked by a neighbor or a landlord; nobody has taken it up"),
                            ("open", "opened; nothing has changed"),
                            ("notice", "seven days' notice is running"),
                            ("disputed", "disputed; nothing happens until it is settled"),
                            ("confirmed", "confirmed by the person"),
                            ("ended", "ended after the notice"),
                            ("dropped", "closed; the person lives here"),
                        ],
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=300, verbose_name="what is said")),
                ("opened_at", models.DateTimeField(verbose_name="since")),
                (
                    "document",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("lease", "the end of a lease, signed by both"),
                            ("moved", "a proof of residence elsewhere"),
                            ("statement", "a statement of the person"),
                            ("court", "a decision of a court"),
                        ],
                        max_length=20,
                        verbose_name="document",
                    ),
                ),
                (
                    "kept_where",
                    models.CharField(blank=True, max_length=120, verbose_name="where the document is kept"),
                ),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="slip delivered")),
                ("notice_until", models.DateField(null=True, verbose_name="notice runs until")),
                ("disputed_at", models.DateTimeField(null=True, verbose_name="disputed")),
                ("court", models.BooleanField(default=False, verbose_name="a court has decided")),
                ("outcome", models.CharField(blank=True, max_length=300, verbose_name="what was found")),
                (
                    "paper",
                    models.CharField(blank=True, max_length=120, verbose_name="where the signed slip is"),
                ),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
            ],
            options={
                "verbose_name": "notice about who lives here",
                "verbose_name_plural": "notices about who lives here",
            },
        ),
        migrations.CreateModel(
            name="Guardianship",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(null=True, verbose_name="until")),
                (
                    "verified",
                    models.CharField(
                        choices=[
                            ("register", "household register"),
                            ("birth", "birth certificate"),
                            ("court", "a decision of a court"),
                        ],
                        max_length=20,
                        verbose_name="seen",
                    ),
                ),
            ],
            options={
                "verbose_name": "guardian",
                "verbose_name_plural": "guardians",
            },
        ),
        migrations.CreateModel(
            name="Helper",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(null=True, verbose_name="until")),
            ],
            options={
                "verbose_name": "helper",
                "verbose_name_plural": "helpers",
            },
        ),
        migrations.CreateModel(
            name="MoveOut",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("on", models.DateField(verbose_name="from this day on")),
                ("until_before", models.DateField(null=True)),
                (
                    "route",
                    models.CharField(
                        choices=[
                            ("self", "by themself, in the portal"),
                            ("desk", "by themself, at the desk, on paper"),
                            ("guardian", "by a guardian"),
                            ("notice", "after a notice"),
                            ("death", "by death"),
                        ],
                        max_length=20,
                        verbose_name="how",
                    ),
                ),
                (
                    "paper",
                    models.CharField(blank=True, max_length=120, verbose_name="where the signed slip is"),
                ),
                ("written_at", models.DateTimeField()),
                ("called_off_at", models.DateTimeField(null=True)),
                ("carried_out_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "move-out",
                "verbose_name_plural": "move-outs",
            },
        ),
        migrations.AlterModelOptions(
            name="neighborhood",
            options={
                "permissions": [
                    ("view_register", "See the register, masked"),
                    ("look_up", "Unmask a resident's contact details, with a reason"),
                    ("manage_register", "Add and correct residents and dwellings"),
                    ("manage_access", "Gates, devices, cards and rules"),
                    ("publish_forms", "Draft and publish consent forms"),
                    ("draft_sharing", "Draft a data-sharing request"),
                    ("approve_sharing", "Open and release a data-sharing request"),
                    ("settle_departures", "Settle a dispute about who lives where"),
                    ("audit", "Read the record of look-ups, decisions, disclosures and erasures"),
                ],
                "verbose_name": "neighborhood",
                "verbose_name_plural": "neighborhoods",
            },
        ),
        migrations.RemoveConstraint(
            model_name="occupancy",
            name="occupancy_ends_after_it_began",
        ),
        migrations.AddField(
            model_name="occupancy",
            name="written_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddField(
            model_name="resident",
            name="left_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="resident",
            name="left_because",
            field=models.CharField(
                blank=True,
                choices=[("moved_out", "moved out"), ("died", "died")],
                default="",
                editable=False,
                max_length=20,
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
                    ("moved_out", "you do not live here any more"),
                    ("died", "a death was recorded"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        migrations.AddIndex(
            model_name="resident",
            index=models.Index(
                condition=models.Q(("erased_at", None), ("left_at__isnull", False)),
                fields=["left_at"],
                name="resident_in_grace",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="occupancy_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("left_at", None), ("left_because", "")),
                    models.Q(("left_at__isnull", False), models.Q(("left_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="left_for_a_reason",
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="reported_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deaths", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="told_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="death",
            name="undone_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="delivered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="document_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="occupancy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="departures",
                to="residents.occupancy",
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="opened_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="departures",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="seconded_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="settled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="child",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="guardianships",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="guardian",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="wards", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="verified_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="helper",
            name="helper",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="helps", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="helper",
            name="named_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="helper",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="helper",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="helpers", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="death",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.death"
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="departure",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="residents.departure",
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="occupancy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="move_outs",
                to="residents.occupancy",
            ),
        ),
        migrations.AddField(
            model_name="moveout",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="move_outs", to="residents.resident"
            ),
        ),
        migrations.AddConstraint(
            model_name="death",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at", None)), fields=("resident",), name="death_recorded_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="death",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("confirmed_by", None), ("told_by", None)),
                    models.Q(("confirmed_at__isnull", False), ("confirmed_by__isnull", False)),
                    _connector="OR",
                ),
                name="death_confirmed_by_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="departure",
            index=models.Index(
                condition=models.Q(("state", "notice")), fields=["notice_until"], name="departure_by_notice"
            ),
        ),
        migrations.AddIndex(
            model_name="departure",
            index=models.Index(fields=["resident", "-opened_at"], name="departure_by_resident"),
        ),
        migrations.AddConstraint(
            model_name="departure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["confirmed", "ended", "dropped"]), _negated=True),
                fields=("occupancy",),
                name="departure_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.CheckConstraint(
                condition=models.Q(("child", models.F("guardian")), _negated=True),
                name="guardian_is_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="guardianship_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)),
                fields=("child", "guardian"),
                name="guardianship_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="helper",
            constraint=models.CheckConstraint(
                condition=models.Q(("resident", models.F("helper")), _negated=True),
                name="helper_is_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="helper",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="helper_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="helper",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("resident", "helper"), name="helper_open_once"
            ),
        ),
        migrations.AddIndex(
            model_name="moveout",
            index=models.Index(
                condition=models.Q(("called_off_at", None), ("carried_out_at", None)),
                fields=["on"],
                name="move_out_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="moveout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("called_off_at", None), ("carried_out_at", None)),
                fields=("occupancy",),
                name="move_out_planned_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="moveout",
            constraint=models.CheckConstraint(
                condition=models.Q(("called_off_at", None), ("carried_out_at", None), _connector="OR"),
                name="move_out_off_or_done",
            ),
        ),
    ]
