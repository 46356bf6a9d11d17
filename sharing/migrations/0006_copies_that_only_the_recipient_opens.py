"""Rows first, then files for one key: what is given lies in copies, and nothing here can open them.

What was given before becomes a copy that was handed over. A file that nobody fetched is forgotten with its key: the release
stands, and is made again once the recipient has a key.
"""

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from residents.same_neighborhood import SameNeighborhood
from vault import keys


def points_to(model: str, kind: type = models.ForeignKey, **also: Any) -> models.ForeignKey:
    return kind(on_delete=django.db.models.deletion.PROTECT, to=model, **also)


def own_id() -> models.UUIDField:
    return models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)


def number_id() -> models.BigAutoField:
    return models.BigAutoField(primary_key=True, serialize=False)


def forget_files(apps: Any, schema_editor: Any) -> None:
    """Whatever the pages of the table still hold, nothing opens it any more."""
    sealed = apps.get_model("sharing", "Disclosure").objects.filter(file_sealed__isnull=False)
    keys.destroy_many(ids=list(sealed.values_list("key", flat=True)))


MOVE = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO sharing_copy (id, neighborhood_id, disclosure_id, number, state, attempt, rows_settled, done, mark,
    settled_at, ready_at, handed_at, voided_at)
SELECT gen_random_uuid(), d.neighborhood_id, d.id, 1, CASE WHEN d.fetched_at IS NULL THEN 'void' ELSE 'handed' END, 0,
    (SELECT count(*) FROM sharing_disclosedrow r WHERE r.disclosure_id = d.id), 0,
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    d.built_at, d.built_at, d.fetched_at, CASE WHEN d.fetched_at IS NULL THEN clock_timestamp() END
FROM sharing_disclosure d WHERE d.built_at IS NOT NULL;
ALTER TABLE sharing_disclosedrow DISABLE TRIGGER sharing_disclosedrow_append_only;
UPDATE sharing_disclosedrow r SET copy_id = c.id, tag = left(encode(sha256(c.mark || uuid_send(r.resident_id)), 'hex'), 12)
    FROM sharing_copy c WHERE c.disclosure_id = r.disclosure_id;
ALTER TABLE sharing_disclosedrow ENABLE ALWAYS TRIGGER sharing_disclosedrow_append_only;
"""
# The laws of before name columns that go.
FREE = """
DROP TRIGGER sharing_disclosedrow_within_what_was_asked ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_within_what_was_asked();
DROP TRIGGER sharing_disclosedrow_by_own_yes ON sharing_disclosedrow;
DROP FUNCTION sharing_disclosedrow_by_own_yes();
DROP TRIGGER sharing_disclosure_once ON sharing_disclosure;
DROP FUNCTION sharing_disclosure_once();
"""
# Encrypted bytes do not shrink, and are only ever read whole.
UNPRESSED = "ALTER TABLE sharing_piece ALTER COLUMN content SET STORAGE EXTERNAL"

STATES = [
    ("settling", "its rows are being written down"),
    ("building", "being encrypted"),
    ("ready", "waits to be fetched"),
    ("handed", "handed over"),
    ("void", "void"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("sharing", "0005_two_read_it_and_a_contract_ends"),
        ("residents", "0029_wrong_codes_are_told"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecipientKey",
            fields=[
                ("id", own_id()),
                ("public", models.CharField(max_length=200, unique=True)),
                ("fingerprint", models.CharField(max_length=60)),
                ("given_at", models.DateTimeField()),
                ("proven_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("confirmed_by", points_to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
                ("neighborhood", points_to("residents.neighborhood", related_name="+")),
                ("recipient", points_to("sharing.recipient", related_name="keys")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("ended_at", None)),
                        fields=("recipient",),
                        name="recipient_one_living_key",
                    ),
                    models.CheckConstraint(
                        condition=Q(("public__startswith", "ssh-ed25519 ")), name="recipient_key_is_ed25519"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("confirmed_at", None), ("confirmed_by", None)),
                            Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                ("proven_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="recipient_key_proven_first",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Copy",
            fields=[
                ("id", own_id()),
                ("number", models.PositiveIntegerField()),
                ("state", models.CharField(choices=STATES, default="settling", max_length=20)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("rows_settled", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("sha256", models.BinaryField(null=True)),
                ("mark", models.BinaryField()),
                ("settled_at", models.DateTimeField()),
                ("ready_at", models.DateTimeField(null=True)),
                ("handed_at", models.DateTimeField(null=True)),
                ("voided_at", models.DateTimeField(null=True)),
                ("disclosure", points_to("sharing.disclosure", related_name="copies")),
                ("key", points_to("sharing.recipientkey", null=True, related_name="copies")),
                ("neighborhood", points_to("residents.neighborhood", related_name="+")),
            ],
            options={
                "verbose_name": "copy",
                "verbose_name_plural": "copies",
                "indexes": [models.Index(fields=["ready_at"], name="copy_by_ready")],
                "constraints": [
                    models.UniqueConstraint(fields=("disclosure", "number"), name="copy_numbered"),
                    models.UniqueConstraint(
                        condition=Q(("state", "void"), _negated=True),
                        fields=("disclosure",),
                        name="copy_one_living",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("key__isnull", False), ("state__in", ["handed", "void"]), _connector="OR"
                        ),
                        name="copy_for_a_key",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(
                                ("handed_at", None),
                                ("ready_at", None),
                                ("state__in", ["settling", "building"]),
                            ),
                            Q(("handed_at", None), ("ready_at__isnull", False), ("state", "ready")),
                            Q(
                                ("handed_at__isnull", False),
                                ("ready_at__isnull", False),
                                ("state", "handed"),
                            ),
                            Q(("handed_at", None), ("state", "void"), ("voided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="copy_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GivenValues",
            fields=[
                (
                    "row",
                    points_to(
                        "sharing.disclosedrow",
                        models.OneToOneField,
                        primary_key=True,
                        serialize=False,
                        related_name="values",
                    ),
                ),
                ("name", models.TextField(blank=True)),
                ("dwelling", models.TextField(blank=True)),
                ("phone_sealed", models.BinaryField(null=True)),
                ("salt", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Sheet",
            fields=[
                ("id", number_id()),
                ("number", models.PositiveIntegerField()),
                ("leaves", models.BinaryField()),
                ("copy", points_to("sharing.copy", db_index=False, related_name="sheets")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("copy", "number"), name="sheet_numbered")]
            },
        ),
        migrations.CreateModel(
            name="Piece",
            fields=[
                ("id", number_id()),
                ("format", models.CharField(choices=[("csv", "CSV"), ("json", "JSON")], max_length=4)),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("copy", points_to("sharing.copy", db_index=False, related_name="pieces")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("copy", "format", "number"), name="piece_numbered")
                ]
            },
        ),
        migrations.RunSQL(UNPRESSED, migrations.RunSQL.noop),
        migrations.RunPython(forget_files),
        migrations.AddField(
            "disclosedrow",
            "copy",
            points_to("sharing.copy", db_index=False, null=True, related_name="rows"),
        ),
        migrations.AddField("disclosedrow", "tag", models.CharField(max_length=12, default="")),
        migrations.RunSQL(MOVE),
        migrations.RunSQL(FREE),
        migrations.RemoveConstraint("disclosedrow", "disclosed_once"),
        migrations.RemoveField("disclosedrow", "disclosure"),
        migrations.AlterField(
            "disclosedrow", "copy", points_to("sharing.copy", db_index=False, related_name="rows")
        ),
        migrations.AlterField("disclosedrow", "tag", models.CharField(max_length=12)),
        migrations.AddConstraint(
            "disclosedrow", models.UniqueConstraint(fields=("copy", "resident"), name="disclosed_once")
        ),
        migrations.AddConstraint(
            "disclosedrow", models.UniqueConstraint(fields=("copy", "tag"), name="disclosed_by_tag")
        ),
        migrations.RemoveField("disclosure", "built_at"),
        migrations.RemoveField("disclosure", "fetched_at"),
        migrations.RemoveField("disclosure", "file_sealed"),
        migrations.RemoveField("disclosure", "file_sha256"),
        migrations.RemoveField("disclosure", "key"),
        SameNeighborhood("sharing_recipientkey", recipient_id="sharing_recipient"),
        SameNeighborhood("sharing_copy", disclosure_id="sharing_disclosure", key_id="sharing_recipientkey"),
    ]
