import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("neighborhood", models.UUIDField(editable=False, null=True)),
                ("kind", models.CharField(editable=False, max_length=64)),
                ("subject", models.UUIDField(editable=False, null=True)),
                ("commitment", models.BinaryField(max_length=32)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
            },
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="opening",
                        serialize=False,
                        to="ledger.entry",
                    ),
                ),
                ("salt", models.BinaryField(max_length=32)),
                ("payload", models.JSONField(editable=False)),
            ],
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["subject", "id"], name="ledger_entry_subject"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["neighborhood", "id"], name="ledger_entry_neighborhood"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("commitment__length", 32)), name="ledger_entry_commitment_is_sha256"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__regex", "^[a-z][a-z0-9_.-]*$")), name="ledger_entry_kind_is_a_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="opening",
            constraint=models.CheckConstraint(
                condition=models.Q(("salt__length", 32)), name="ledger_opening_salt_is_32_bytes"
            ),
        ),
    ]
