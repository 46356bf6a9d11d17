"""Requests about one's own data, what was written about them, and instructions for after one's death."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0021_a_right_to_answer_service"),
    ]

    operations = [
        migrations.CreateModel(
            name="RightsRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("see", "See what is kept about me"),
                            ("correct", "Correct something"),
                            ("delete", "Delete something"),
                            ("explain", "Explain something to me"),
                            ("restrict", "Stop using something"),
                            ("copy", "Take a copy with me"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("name", "My name"),
                            ("phone", "My phone number"),
                            ("dwelling", "Where I live, or what I own"),
                            ("other", "Something else"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "voice",
                    models.CharField(
                        choices=[
                            ("self", "by themselves"),
                            ("guardian", "by a guardian"),
                            ("relative", "by a near relative, after a death"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "known_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("in_person", "they stand here, and I know them or was shown a document"),
                            ("rang_back", "I rang back on the number we keep"),
                            ("voice", "by phone; I know the voice"),
                            ("helper", "somebody else, who said dwelling and name and helps them"),
                            ("unsure", "by phone; I am not sure"),
                            ("paper", "by the signed paper alone"),
                        ],
                        max_length=20,
                    ),
                ),
                ("death", models.UUIDField(null=True)),
                (
                    "relation",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("spouse", "husband or wife"),
                            ("parent", "father or mother"),
                            ("child", "son or daughter"),
                            ("sibling", "brother or sister"),
                            ("grandparent", "grandparent"),
                            ("grandchild", "grandchild"),
                            ("named", "none of these: somebody they named in their lifetime"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "seen",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("register", "household register"),
                            ("marriage", "marriage certificate"),
                            ("birth", "birth certificate"),
                            ("notary", "a paper of a notary or a court"),
                        ],
                        max_length=20,
                    ),
                ),
                ("seconded_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("second", "waits for a second of the staff"),
                            ("open", "being looked at"),
                            ("done", "done"),
                            ("refused", "refused, with a reason"),
                            ("taken_back", "taken back"),
                            ("lapsed", "ended: nobody is left who asks"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField()),
                ("proven_at", models.DateTimeField(null=True)),
                ("capacity", models.CharField(blank=True, max_length=40, verbose_name="in which role")),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "closed_by",
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
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rights_requests",
                        to="residents.resident",
                    ),
                ),
                (
                    "seconded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "request about one’s own data",
                "verbose_name_plural": "requests about one’s own data",
            },
        ),
        migrations.CreateModel(
            name="RequestWords",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("asked", "what was asked"),
                            ("wanted", "what it should say"),
                            ("relative", "who asks, after a death"),
                            ("answer", "what was answered"),
                        ],
                        max_length=20,
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=2000)),
                ("sealed", models.BinaryField(null=True)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="words",
                        to="residents.rightsrequest",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Instruction",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "wish",
                    models.CharField(
                        choices=[
                            ("nothing", "Relatives are given nothing"),
                            ("named", "One person decides, whom I name"),
                        ],
                        max_length=20,
                    ),
                ),
                ("named", models.CharField(blank=True, max_length=100)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "by",
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
                (
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instructions",
                        to="residents.resident",
                    ),
                ),
            ],
            options={
                "verbose_name": "instruction for after one’s death",
                "verbose_name_plural": "instructions for after one’s death",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("resident",),
                        name="instruction_stands_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("named", ""), ("wish", "nothing")),
                            models.Q(
                                (
                                    "named__regex",
                                    "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                                ),
                                ("wish", "named"),
                            ),
                            _connector="OR",
                        ),
                        name="instruction_names_somebody",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="rightsrequest",
            index=models.Index(fields=["resident", "-opened_at"], name="rightsrequest_by_resident"),
        ),
        migrations.AddIndex(
            model_name="rightsrequest",
            index=models.Index(
                condition=models.Q(("state__in", ["second", "open"])),
                fields=["neighborhood", "due_at"],
                name="rightsrequest_to_answer",
            ),
        ),
        migrations.AddConstraint(
            model_name="rightsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("capacity", ""),
                        ("closed_at", None),
                        ("closed_by", None),
                        ("state__in", ["second", "open"]),
                    ),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("state__in", ["done", "refused", "taken_back", "lapsed"]),
                    ),
                    _connector="OR",
                ),
                name="rightsrequest_open_or_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="rightsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("opened_at"))),
                name="rightsrequest_due_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="rightsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "copy"), ("state", "done"), _negated=True),
                    ("proven_at__isnull", False),
                    ("known_by", "in_person"),
                    models.Q(("seconded_by__isnull", False), ("voice", "relative")),
                    _connector="OR",
                ),
                name="rightsrequest_copy_is_proven",
            ),
        ),
        migrations.AddConstraint(
            model_name="rightsrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("voice", "relative"), _negated=True),
                        ("death", None),
                        ("relation", ""),
                        ("seconded_by", None),
                        ("seen", ""),
                    ),
                    models.Q(
                        ("kind__in", ["see", "correct", "delete", "copy"]),
                        ("voice", "relative"),
                        models.Q(("relation", ""), _negated=True),
                        models.Q(("seen", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="rightsrequest_relative_says_whose",
            ),
        ),
        migrations.AddConstraint(
            model_name="requestwords",
            constraint=models.UniqueConstraint(fields=("request", "part"), name="requestwords_said_once"),
        ),
        migrations.AddConstraint(
            model_name="requestwords",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("part", "wanted"), ("sealed__isnull", False), ("words", "")),
                    models.Q(
                        models.Q(("part", "wanted"), _negated=True),
                        ("sealed", None),
                        (
                            "words__regex",
                            "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                        ),
                    ),
                    _connector="OR",
                ),
                name="requestwords_say_something",
            ),
        ),
    ]
