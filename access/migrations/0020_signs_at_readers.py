"""Which sign hangs beside which reader (obligation 24)."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0019_methods_change_by_plan"),
        ("residents", "0016_a_right_to_assess"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Sign",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("hangs", models.CharField(max_length=120, verbose_name="where it hangs")),
                ("purpose", models.CharField(max_length=300, verbose_name="the purpose it states")),
                ("posted_at", models.DateTimeField(verbose_name="posted")),
                ("taken_down_at", models.DateTimeField(null=True, verbose_name="taken down")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signs",
                        to="access.device",
                        verbose_name="device",
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
                    "posted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="posted by",
                    ),
                ),
                (
                    "taken_down_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken down by",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign",
                "verbose_name_plural": "signs",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("taken_down_at", None)),
                        fields=("device",),
                        name="sign_one_at_a_device",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hangs__regex", "\\S"), ("purpose__regex", "\\S")),
                        name="sign_says_where_and_what_for",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("taken_down_at", None), ("taken_down_by", None)),
                            models.Q(("taken_down_at__isnull", False), ("taken_down_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="sign_taken_down_by_somebody",
                    ),
                ],
            },
        ),
    ]
