"""How card numbers are written here, cards awaited at a gate, and a gate beside the old controller."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0011_a_pass_stays_what_it_is"),
        ("residents", "0005_who_owns_and_as_what_people_live"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CardFormat",
            fields=[
                (
                    "neighborhood",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="card_format",
                        serialize=False,
                        to="residents.neighborhood",
                    ),
                ),
                ("written", models.CharField(max_length=40)),
                ("said", models.CharField(max_length=40)),
                ("learned_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TapRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("made_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("added", "the card was added"),
                            ("taken", "the card shown was somebody's already; nothing was added"),
                            ("over", "no card was shown in time"),
                            ("cancelled", "called off"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnknownCard",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("digest", models.BinaryField()),
                ("taps", models.PositiveIntegerField()),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="gate",
            name="beside_since",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="beside the old controller since"
            ),
        ),
        migrations.AddConstraint(
            model_name="gate",
            constraint=models.CheckConstraint(
                condition=models.Q(("in_service", False), ("beside_since", None), _connector="OR"),
                name="gate_beside_the_old_one_opens_nothing",
                violation_error_message="This gate still listens beside the old controller. Switch it over on the page for that.",
            ),
        ),
        migrations.AddField(
            model_name="cardformat",
            name="learned_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="taprequest",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taprequest",
            name="credential",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.credential",
            ),
        ),
        migrations.AddField(
            model_name="taprequest",
            name="gate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="tap_requests", to="access.gate"
            ),
        ),
        migrations.AddField(
            model_name="taprequest",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="taprequest",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tap_requests",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="unknowncard",
            name="gate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="unknown_cards", to="access.gate"
            ),
        ),
        migrations.AddField(
            model_name="unknowncard",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddIndex(
            model_name="taprequest",
            index=models.Index(fields=["resident", "-made_at"], name="tap_request_by_resident"),
        ),
        migrations.AddConstraint(
            model_name="taprequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)), fields=("gate",), name="tap_request_one_at_a_gate"
            ),
        ),
        migrations.AddConstraint(
            model_name="taprequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("made_at"))), name="tap_request_is_time_boxed"
            ),
        ),
        migrations.AddConstraint(
            model_name="taprequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("outcome", "")),
                    models.Q(
                        ("closed_at__isnull", False), ("outcome__in", ["added", "taken", "over", "cancelled"])
                    ),
                    _connector="OR",
                ),
                name="tap_request_closes_with_an_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="taprequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credential__isnull", False), ("outcome", "added")),
                    models.Q(models.Q(("outcome", "added"), _negated=True), ("credential", None)),
                    _connector="OR",
                ),
                name="tap_request_added_a_card",
            ),
        ),
        migrations.AddIndex(
            model_name="unknowncard",
            index=models.Index(fields=["last_seen"], name="unknown_card_by_age"),
        ),
        migrations.AddConstraint(
            model_name="unknowncard",
            constraint=models.UniqueConstraint(fields=("gate", "digest"), name="unknown_card_once"),
        ),
        migrations.AddConstraint(
            model_name="unknowncard",
            constraint=models.CheckConstraint(
                condition=models.Q(("taps__gte", 1)), name="unknown_card_was_shown"
            ),
        ),
        SameNeighborhood(
            "access_taprequest",
            gate_id="access_gate",
            resident_id="residents_resident",
            credential_id="access_credential",
        ),
        SameNeighborhood("access_unknowncard", gate_id="access_gate"),
    ]
