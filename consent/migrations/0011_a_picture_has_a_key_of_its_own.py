"""Each picture of a paper has a key of its own, and a paper says why it was stopped."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0010_two_readers_are_two_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="paperscan",
            name="key",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AlterField(
            model_name="paper",
            name="stopped_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("resident", "the resident said stop"),
                    ("unreadable", "the second clerk read something else"),
                    ("decided", "the resident decided otherwise in the meantime"),
                    ("lapsed", "it never came back, or too late"),
                    ("form", "the form changed in the meantime"),
                    ("not_now", "when it was to count, something that it needs was not there"),
                ],
                max_length=20,
            ),
        ),
    ]
