"""What was a claim code is the letter that carries it. What was written before stays good."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WHERE_IT_BELONGS = """
UPDATE residents_letter l SET neighborhood_id = r.neighborhood_id FROM residents_resident r WHERE r.id = l.resident_id
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0006_imports")]

    operations = [
        migrations.RemoveConstraint("claimcode", "claim_code_one_open_letter"),
        migrations.RenameModel("ClaimCode", "Letter"),
        migrations.AlterField(
            "letter",
            "resident",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="letters", to="residents.resident"
            ),
        ),
        migrations.CreateModel(
            name="LetterBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("capacity", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
                (
                    "again",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.letterbatch",
                    ),
                ),
                (
                    "building",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.building",
                    ),
                ),
                (
                    "made_by",
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
            ],
            options={
                "indexes": [
                    models.Index(fields=["neighborhood", "-made_at"], name="letterbatch_by_neighborhood")
                ],
            },
        ),
        migrations.AddField(
            "letter",
            "batch",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="letters",
                to="residents.letterbatch",
            ),
        ),
        migrations.AddField(
            "letter",
            "neighborhood",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="residents.neighborhood",
            ),
        ),
        # Until now there was one purpose, and letters were handed out one by one.
        migrations.AddField(
            "letter",
            "purpose",
            models.CharField(
                choices=[("open", "to open an account"), ("recover", "to get back into an account")],
                default="open",
                max_length=10,
                verbose_name="what for",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "letter",
            "goes",
            models.CharField(
                choices=[
                    ("mailbox", "into the mailbox"),
                    ("desk", "kept at the desk"),
                    ("slip", "a slip, handed over at once"),
                ],
                default="desk",
                max_length=10,
                verbose_name="how it goes",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "letter",
            "capacity",
            models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField("letter", "delivered_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "letter",
            "delivered_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            "letter",
            "delivered_how",
            models.CharField(
                blank=True,
                choices=[("mailbox", "put into the mailbox"), ("by_hand", "handed over")],
                default="",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "letter",
            "seen",
            models.CharField(
                blank=True,
                choices=[
                    ("document", "a document with a photo was shown"),
                    ("known", "known in person"),
                ],
                default="",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField("resident", "keep_at_desk", models.BooleanField(default=False, editable=False)),
        migrations.AddField("user", "sessions_ended", models.PositiveIntegerField(default=0, editable=False)),
        migrations.RunSQL(WHERE_IT_BELONGS, migrations.RunSQL.noop),
    ]
