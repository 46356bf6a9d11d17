import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Key",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("subject", models.UUIDField(editable=False, null=True)),
                ("purpose", models.CharField(blank=True, editable=False, max_length=64)),
                ("wrapped", models.BinaryField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("destroyed_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("destroyed_at__isnull", False), ("wrapped__isnull", True)),
                            models.Q(("destroyed_at__isnull", True), ("wrapped__isnull", False)),
                            _connector="OR",
                        ),
                        name="vault_key_destroyed_means_no_bytes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("destroyed_at__isnull", False),
                            models.Q(("subject__isnull", False), models.Q(("purpose", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="vault_key_alive_belongs_to_someone",
                    ),
                ],
            },
        ),
    ]
