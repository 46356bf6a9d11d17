"""To whom of a body a request is assigned, what its staff note for themselves, and within how many days it answers."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0018_who_got_which_rights_is_written_down"),
        ("residents", "0045_rights_about_offices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="servicerequest",
            name="done_days",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="servicerequest",
            name="reply_days",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name="ServiceAssignment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("capacity", models.CharField(blank=True, max_length=40)),
                ("by_capacity", models.CharField(max_length=40)),
                ("token", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "assignee",
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
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="committees.servicerequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "who a request is assigned to",
                "verbose_name_plural": "who requests are assigned to",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "number"), name="service_assignment_one_after_another"
                    ),
                    models.UniqueConstraint(fields=("request", "token"), name="service_assignment_sent_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("assignee", None), ("capacity", "")),
                            models.Q(("assignee__isnull", False), models.Q(("capacity", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="service_assignee_has_an_office",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceNote",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("capacity", models.CharField(max_length=40)),
                ("token", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("sealed", models.BinaryField()),
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
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="committees.servicerequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "note inside a body",
                "verbose_name_plural": "notes inside a body",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "number"), name="service_note_one_after_another"
                    ),
                    models.UniqueConstraint(fields=("request", "token"), name="service_note_sent_once"),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("number__lte", 50)),
                        name="service_notes_at_most_fifty",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceTimes",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("repair", "repair"),
                            ("noise", "noise"),
                            ("complaint", "complaint"),
                            ("other", "something else"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("reply_days", models.PositiveSmallIntegerField(verbose_name="days until an answer")),
                ("done_days", models.PositiveSmallIntegerField(verbose_name="days until it is done")),
                ("set_at", models.DateTimeField(verbose_name="from")),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_times",
                        to="committees.committee",
                        verbose_name="body",
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
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "days within which a body answers",
                "verbose_name_plural": "days within which bodies answer",
                "indexes": [
                    models.Index(fields=["committee", "kind", "-set_at"], name="service_times_newest")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["repair", "noise", "complaint", "other"])),
                        name="service_times_of_a_known_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("done_days__gte", models.F("reply_days")), ("reply_days__gte", 1)
                        ),
                        name="service_answered_before_it_is_done",
                        violation_error_message="An answer comes first, and takes a day at least.",
                    ),
                ],
            },
        ),
    ]
