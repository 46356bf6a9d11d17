"""What residents ask of a body: requests, steps, and sealed words and pictures beside them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0003_what_a_body_makes_public"),
        ("residents", "0021_a_right_to_answer_service"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceStep",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("replied", "answered"),
                            ("working", "being worked on"),
                            ("done", "done"),
                            ("reopened", "not solved: open again"),
                            ("called_off", "called off"),
                        ],
                        max_length=20,
                    ),
                ),
                ("capacity", models.CharField(max_length=40)),
                ("token", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "by",
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
                "verbose_name": "step of a request",
                "verbose_name_plural": "steps of requests",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="ServiceRequest",
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
                (
                    "body",
                    models.CharField(
                        choices=[
                            ("owners", "owners' committee"),
                            ("residents", "residents' committee"),
                            ("property", "property company"),
                        ],
                        max_length=20,
                        verbose_name="who answers",
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("token", models.UUIDField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("replied", "answered"),
                            ("working", "being worked on"),
                            ("done", "done"),
                            ("reopened", "not solved: open again"),
                            ("called_off", "called off"),
                        ],
                        default="received",
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("reply_due_at", models.DateTimeField()),
                ("done_due_at", models.DateTimeField()),
                ("replied_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("forgotten_at", models.DateTimeField(null=True)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_requests",
                        to="residents.resident",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "request to a body",
                "verbose_name_plural": "requests to a body",
            },
        ),
        migrations.CreateModel(
            name="ServiceWords",
            fields=[
                (
                    "step",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="committees.servicestep",
                    ),
                ),
                ("sealed", models.BinaryField()),
            ],
            options={
                "verbose_name": "words of a request",
                "verbose_name_plural": "words of requests",
            },
        ),
        migrations.AddField(
            model_name="servicestep",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="committees.servicerequest",
            ),
        ),
        migrations.CreateModel(
            name="ServicePhoto",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("sealed", models.BinaryField()),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="photos",
                        to="committees.servicestep",
                    ),
                ),
            ],
            options={
                "verbose_name": "picture of a request",
                "verbose_name_plural": "pictures of requests",
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(fields=["resident", "-opened_at"], name="service_by_resident"),
        ),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(
                condition=models.Q(("status__in", ["done", "called_off"]), _negated=True),
                fields=["neighborhood", "body", "reply_due_at"],
                name="service_open_by_body",
            ),
        ),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(
                condition=models.Q(("forgotten_at", None)), fields=["ended_at"], name="service_to_forget"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicerequest",
            constraint=models.UniqueConstraint(fields=("resident", "token"), name="service_sent_once"),
        ),
        migrations.AddConstraint(
            model_name="servicerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["repair", "noise", "complaint", "other"])),
                name="service_of_a_known_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("body__in", ["owners", "residents", "property"])),
                name="service_asked_of_a_known_body",
            ),
        ),
        migrations.AddField(
            model_name="servicewords",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicestep",
            constraint=models.UniqueConstraint(
                fields=("request", "number"), name="service_step_one_after_another"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicestep",
            constraint=models.UniqueConstraint(fields=("request", "token"), name="service_step_sent_once"),
        ),
        migrations.AddConstraint(
            model_name="servicephoto",
            constraint=models.UniqueConstraint(
                fields=("step", "number"), name="service_photo_one_place_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicephoto",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1), ("number__lte", 4)), name="service_photos_at_most_four"
            ),
        ),
    ]
