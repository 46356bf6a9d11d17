"""What a body leaves, line by line, and who keeps the keys (obligation 46)."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0015_what_ends_a_right_before_its_term"),
        ("residents", "0045_rights_about_offices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Handover",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("sealed_at", models.DateTimeField(null=True, verbose_name="sealed")),
                (
                    "without_giver",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="why nobody hands it over"
                    ),
                ),
                (
                    "digest",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="check number"),
                ),
                ("countersigned_at", models.DateTimeField(null=True, verbose_name="countersigned")),
                (
                    "custody_left",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=300,
                        verbose_name="why a key stays with somebody who left",
                    ),
                ),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handovers",
                        to="committees.committee",
                    ),
                ),
                (
                    "contract",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handover",
                        to="committees.companycontract",
                    ),
                ),
                (
                    "countersigned_by",
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
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sealed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "term",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handover",
                        to="committees.term",
                    ),
                ),
            ],
            options={
                "verbose_name": "handover",
                "verbose_name_plural": "handovers",
            },
        ),
        migrations.CreateModel(
            name="HandoverLine",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("archives", "archives"),
                            ("keys", "keys"),
                            ("devices", "gates and readers"),
                            ("work", "open work"),
                            ("recipients", "organizations outside"),
                        ],
                        max_length=20,
                    ),
                ),
                ("what", models.CharField(max_length=40)),
                ("label", models.CharField(blank=True, default="", max_length=120)),
                ("count", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "checked",
                    models.CharField(
                        blank=True,
                        choices=[("there", "it is there"), ("disputed", "it is not as written")],
                        default="",
                        max_length=20,
                    ),
                ),
                ("checked_at", models.DateTimeField(null=True)),
                (
                    "words",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="what is missing or otherwise"
                    ),
                ),
                (
                    "checked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handover",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="committees.handover",
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
                "verbose_name": "line of a handover",
                "verbose_name_plural": "lines of a handover",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="KeyCustody",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "thing",
                    models.CharField(
                        choices=[
                            ("half_1", "half 1 of the wrapping key"),
                            ("half_2", "half 2 of the wrapping key"),
                            ("backup", "the key that opens the backups"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("taken_at", models.DateTimeField(verbose_name="taken")),
                ("witnessed_at", models.DateTimeField(null=True, verbose_name="seen by another")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="passed on")),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who keeps it",
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
                    "witnessed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "custody of a key",
                "verbose_name_plural": "custody of keys",
            },
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contract", None), ("term__isnull", False)),
                    models.Q(("contract__isnull", False), ("term", None)),
                    _connector="OR",
                ),
                name="handover_of_a_term_or_a_contract",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("digest", ""), ("sealed_at", None), ("sealed_by", None), ("without_giver", "")),
                    models.Q(
                        ("sealed_at__isnull", False),
                        ("sealed_by__isnull", False),
                        models.Q(("digest", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="handover_is_sealed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("countersigned_at", None), ("countersigned_by", None), ("custody_left", "")),
                    models.Q(
                        ("countersigned_at__isnull", False),
                        ("countersigned_by__isnull", False),
                        ("sealed_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="handover_is_sealed_before_it_is_countersigned",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("without_giver__regex", "[0-9]{7}|@"), _negated=True),
                    models.Q(("custody_left__regex", "[0-9]{7}|@"), _negated=True),
                ),
                name="handover_reasons_name_nobody",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.UniqueConstraint(fields=("handover", "number"), name="handover_line_numbered"),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.UniqueConstraint(
                fields=("handover", "what", "label"), name="handover_line_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["archives", "keys", "devices", "work", "recipients"])),
                name="handover_line_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("checked", ""), ("checked_at", None), ("checked_by", None), ("words", "")),
                    models.Q(
                        ("checked", "there"),
                        ("checked_at__isnull", False),
                        ("checked_by__isnull", False),
                        ("words", ""),
                    ),
                    models.Q(
                        ("checked", "disputed"),
                        ("checked_at__isnull", False),
                        ("checked_by__isnull", False),
                        models.Q(("words", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="handover_line_is_disputed_in_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.CheckConstraint(
                condition=models.Q(("words__regex", "[0-9]{7}|@"), _negated=True),
                name="handover_words_name_nobody",
                violation_error_message="Write about the thing, and name nobody: no telephone number, no address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="keycustody",
            constraint=models.CheckConstraint(
                condition=models.Q(("thing__in", ["half_1", "half_2", "backup"])), name="custody_of_a_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="keycustody",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None), ("witnessed_at__isnull", False)),
                fields=("neighborhood", "thing"),
                name="one_keeps_a_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="keycustody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("witnessed_at", None), ("witnessed_by", None)),
                    models.Q(("witnessed_at__isnull", False), ("witnessed_by__isnull", False)),
                    _connector="OR",
                ),
                name="custody_is_seen_by_somebody",
            ),
        ),
    ]
