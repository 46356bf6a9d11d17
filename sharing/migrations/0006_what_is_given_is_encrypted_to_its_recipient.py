"""A release is made as copies, each encrypted to the recipient's key: who is in it stands first, then it is written.

What was given before keeps its rows, as a copy that was handed over when it was made. Files that lay here sealed, and that
nobody had fetched, are forgotten: what is still to be given is made anew, for the recipient's key alone.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GIVEN_BEFORE = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE sharing_disclosedrow DISABLE TRIGGER sharing_disclosedrow_append_only;
INSERT INTO sharing_copy (id, neighborhood_id, disclosure_id, state, mark, people, written, attempt, made_at, ready_at, handed_at)
    SELECT gen_random_uuid(), d.neighborhood_id, d.id, 'handed', sha256(uuid_send(d.id)),
        (SELECT count(*) FROM sharing_disclosedrow r WHERE r.disclosure_id = d.id), 0, 0, d.built_at, d.built_at, d.built_at
        FROM sharing_disclosure d WHERE d.built_at IS NOT NULL;
UPDATE sharing_disclosedrow r SET copy_id = was.copy, tag = was.tag, place = was.place FROM (
    SELECT d.id, c.id AS copy, encode(substring(sha256(c.mark || uuid_send(d.resident_id)) FOR 8), 'hex') AS tag,
        row_number() OVER (PARTITION BY c.id ORDER BY d.id) - 1 AS place
        FROM sharing_disclosedrow d JOIN sharing_copy c ON c.disclosure_id = d.disclosure_id) was WHERE was.id = r.id;
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_append_only;
"""

# Laws over columns that go; 0007 writes the new ones.
LAWS_OF_ROWS_GO = """
DROP TRIGGER sharing_disclosedrow_within_what_was_asked ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_within_what_was_asked();
DROP TRIGGER sharing_disclosedrow_by_own_yes ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_by_own_yes();
DROP TRIGGER sharing_disclosure_once ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_once();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0029_wrong_codes_are_told"),
        ("sharing", "0005_two_read_it_and_a_contract_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Copy",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "being written"),
                            ("ready", "waits to be fetched"),
                            ("handed", "fetched"),
                            ("void", "void: never fetched"),
                        ],
                        default="building",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("mark", models.BinaryField()),
                ("people", models.PositiveIntegerField(default=0)),
                ("written", models.PositiveIntegerField(default=0, verbose_name="rows written")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("sha256", models.BinaryField(null=True)),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("ready_at", models.DateTimeField(null=True, verbose_name="ready")),
                ("handed_at", models.DateTimeField(null=True, verbose_name="fetched")),
            ],
            options={
                "verbose_name": "copy for a recipient",
                "verbose_name_plural": "copies for recipients",
            },
        ),
        migrations.CreateModel(
            name="GivenValues",
            fields=[
                (
                    "row",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="values",
                        serialize=False,
                        to="sharing.disclosedrow",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100)),
                ("dwelling", models.TextField(blank=True)),
                ("phone_sealed", models.BinaryField(null=True)),
                ("salt", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Leaves",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("hashes", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Piece",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("format", models.CharField(choices=[("csv", "CSV"), ("json", "JSON")], max_length=4)),
                ("attempt", models.PositiveIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="RecipientKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("public", models.CharField(max_length=100, verbose_name="public key")),
                ("fingerprint", models.CharField(max_length=60, verbose_name="fingerprint")),
                ("given_at", models.DateTimeField()),
                ("proven_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "key of a recipient",
                "verbose_name_plural": "keys of recipients",
            },
        ),
        migrations.AddField(
            model_name="copy",
            name="disclosure",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="copies", to="sharing.disclosure"
            ),
        ),
        migrations.AddField(
            model_name="copy",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="copy",
            name="key",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="copies",
                to="sharing.recipientkey",
            ),
        ),
        migrations.AddField("disclosedrow", "place", models.PositiveIntegerField(null=True)),
        migrations.AddField("disclosedrow", "tag", models.CharField(max_length=16, null=True)),
        migrations.AddField(
            "disclosedrow",
            "copy",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="rows", to="sharing.copy"
            ),
        ),
        migrations.RunSQL(LAWS_OF_ROWS_GO),
        migrations.RunSQL(GIVEN_BEFORE),
        migrations.RemoveConstraint("disclosedrow", "disclosed_once"),
        migrations.RemoveField(
            model_name="disclosedrow",
            name="disclosure",
        ),
        migrations.RemoveField(
            model_name="disclosure",
            name="built_at",
        ),
        migrations.RemoveField(
            model_name="disclosure",
            name="fetched_at",
        ),
        migrations.RemoveField(
            model_name="disclosure",
            name="file_sealed",
        ),
        migrations.RemoveField(
            model_name="disclosure",
            name="file_sha256",
        ),
        migrations.RemoveField(
            model_name="disclosure",
            name="key",
        ),
        migrations.AlterField("disclosedrow", "place", models.PositiveIntegerField()),
        migrations.AlterField("disclosedrow", "tag", models.CharField(max_length=16)),
        migrations.AlterField(
            "disclosedrow",
            "copy",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rows", to="sharing.copy"
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosedrow",
            constraint=models.UniqueConstraint(fields=("copy", "resident"), name="disclosed_once"),
        ),
        migrations.AddConstraint(
            model_name="disclosedrow",
            constraint=models.UniqueConstraint(fields=("copy", "place"), name="disclosed_in_one_place"),
        ),
        migrations.AddConstraint(
            model_name="disclosedrow",
            constraint=models.UniqueConstraint(fields=("copy", "tag"), name="disclosed_by_one_tag"),
        ),
        migrations.AddField(
            model_name="leaves",
            name="copy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="leaves", to="sharing.copy"
            ),
        ),
        migrations.AddField(
            model_name="piece",
            name="copy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="pieces", to="sharing.copy"
            ),
        ),
        migrations.AddField(
            model_name="recipientkey",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="recipientkey",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="recipientkey",
            name="recipient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="keys", to="sharing.recipient"
            ),
        ),
        migrations.AddConstraint(
            model_name="leaves",
            constraint=models.UniqueConstraint(fields=("copy", "number"), name="leaves_once"),
        ),
        migrations.AddConstraint(
            model_name="piece",
            constraint=models.UniqueConstraint(
                fields=("copy", "attempt", "format", "number"), name="piece_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("recipient",), name="one_living_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("public__regex", "^ssh-ed25519 [A-Za-z0-9+/]{68}$")),
                name="recipient_key_is_ed25519",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("confirmed_by", None)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("confirmed_by__isnull", False),
                        ("proven_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="recipient_key_proven_then_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("building", "ready"))),
                fields=("disclosure",),
                name="one_copy_in_the_making",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("handed_at__isnull", False), ("state", "handed")),
                    models.Q(("handed_at", None), models.Q(("state", "handed"), _negated=True)),
                    _connector="OR",
                ),
                name="copy_handed_once",
            ),
        ),
    ]
