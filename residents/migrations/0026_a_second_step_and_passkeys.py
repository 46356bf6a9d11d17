import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0025_nobody_is_told_unasked"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondStep",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("secret_sealed", models.BinaryField(null=True)),
                ("last_step", models.BigIntegerField(editable=False, null=True)),
                ("begun_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("switched_off", "switched off"),
                            ("recovered", "switched off by a letter"),
                            ("by_operator", "switched off by who runs the system"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="second_steps",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recovery_codes",
                        to="residents.secondstep",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=40, verbose_name="name of a passkey")),
                ("credential_id", models.BinaryField(null=True, unique=True)),
                ("public_key", models.BinaryField(null=True)),
                ("sign_count", models.BigIntegerField(default=0, editable=False)),
                ("added_at", models.DateTimeField()),
                ("last_used", models.DateField(null=True)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-added_at"], name="passkey_by_account"),
                    models.Index(
                        condition=models.Q(("removed_at__isnull", False)),
                        fields=["removed_at"],
                        name="passkey_removed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("credential_id__isnull", False),
                                ("public_key__isnull", False),
                                ("removed_at", None),
                            ),
                            models.Q(
                                ("credential_id", None), ("public_key", None), ("removed_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="passkey_removed_holds_no_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sign_count__gte", 0)), name="passkey_counts_from_nought"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="secondstep",
            index=models.Index(fields=["user", "-begun_at"], name="secondstep_by_account"),
        ),
        migrations.AddIndex(
            model_name="secondstep",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="secondstep_ended"
            ),
        ),
        migrations.AddConstraint(
            model_name="secondstep",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("user",), name="secondstep_one_for_an_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="secondstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("last_step", None)),
                    models.Q(("confirmed_at__isnull", False), ("last_step__isnull", False)),
                    _connector="OR",
                ),
                name="secondstep_counts_once_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="secondstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_because", ""), ("secret_sealed__isnull", False)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("secret_sealed", None),
                        models.Q(("ended_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="secondstep_ended_holds_no_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="recoverycode",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at", None), ("used_at__gte", models.F("made_at")), _connector="OR"),
                name="recoverycode_used_after_made",
            ),
        ),
    ]
