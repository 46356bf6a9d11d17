"""Meetings of the owners: drafts and notices, the roll, who has voted, ballots, and what came of them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0008_what_is_drafted_is_drafted_once"),
        ("residents", "0040_a_silent_gate_rings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Meeting",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("regular", "regular meeting"), ("interim", "interim meeting")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("place", models.CharField(max_length=120, verbose_name="where papers are handed in")),
                ("opens_on", models.DateField(verbose_name="first day of voting")),
                ("closes_on", models.DateField(verbose_name="last day of voting")),
                (
                    "proxies",
                    models.PositiveSmallIntegerField(
                        default=3, verbose_name="proxies for one person at most"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("drafted_at", models.DateTimeField()),
                ("noticed_at", models.DateTimeField(null=True, verbose_name="notice given")),
                ("roll_heads", models.PositiveIntegerField(null=True)),
                ("roll_area", models.BigIntegerField(null=True)),
                ("called_off_at", models.DateTimeField(null=True, verbose_name="called off")),
                (
                    "called_off_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meetings",
                        to="committees.committee",
                    ),
                ),
                (
                    "drafted_by",
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
                    "noticed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "meeting of the owners",
                "verbose_name_plural": "meetings of the owners",
            },
        ),
        migrations.CreateModel(
            name="Topic",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "item",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "1: rules of procedure of the owners' assembly"),
                            (2, "2: house rules of the owners"),
                            (3, "3: elect or replace members of the owners' committee"),
                            (4, "4: choose or dismiss a property company"),
                            (5, "5: use money of the maintenance fund"),
                            (6, "6: raise money for the maintenance fund"),
                            (7, "7: rebuild or alter buildings"),
                            (8, "8: use common parts otherwise, or for business"),
                            (9, "9: something else that is for the owners"),
                        ],
                        verbose_name="what it is about",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="question")),
                ("text", models.TextField(blank=True, max_length=4000, verbose_name="explained")),
                ("secret", models.BooleanField(default=False, verbose_name="secret vote")),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="topics",
                        to="committees.meeting",
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
                "verbose_name": "topic",
                "verbose_name_plural": "topics",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("area", models.BigIntegerField()),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heads",
                        to="committees.meeting",
                    ),
                ),
            ],
            options={
                "verbose_name": "vote on the roll",
                "verbose_name_plural": "votes on the roll",
            },
        ),
        migrations.CreateModel(
            name="Naming",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="namings",
                        to="committees.head",
                    ),
                ),
                (
                    "named",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
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
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "topic",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="outcome",
                        serialize=False,
                        to="committees.topic",
                    ),
                ),
                ("heads", models.PositiveIntegerField()),
                ("area", models.BigIntegerField()),
                ("yes_heads", models.PositiveIntegerField()),
                ("yes_area", models.BigIntegerField()),
                ("passed", models.BooleanField()),
            ],
            options={
                "verbose_name": "outcome of a topic",
                "verbose_name_plural": "outcomes of topics",
                "ordering": ["topic__number"],
            },
        ),
        migrations.CreateModel(
            name="Ballot",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.CharField(max_length=20)),
                (
                    "choice",
                    models.CharField(
                        blank=True,
                        choices=[("yes", "Yes"), ("no", "No"), ("abstain", "I abstain")],
                        max_length=10,
                    ),
                ),
                ("commitment", models.CharField(blank=True, max_length=66)),
                ("proof", models.CharField(blank=True, max_length=260)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ballots",
                        to="committees.head",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="committees.topic"
                    ),
                ),
            ],
            options={
                "verbose_name": "ballot",
                "verbose_name_plural": "ballots",
            },
        ),
        migrations.CreateModel(
            name="Proxy",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kept_where",
                    models.CharField(max_length=120, verbose_name="where the signed paper is kept"),
                ),
                ("entered_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proxies",
                        to="committees.head",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="committees.meeting"
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
                    "read_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "proxy",
                "verbose_name_plural": "proxies",
            },
        ),
        migrations.CreateModel(
            name="Result",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("minutes", models.TextField(max_length=20000, verbose_name="minutes")),
                ("published", models.TextField()),
                ("hash", models.BinaryField(max_length=32)),
                ("posted_until", models.DateField(verbose_name="posted until")),
                ("counted_at", models.DateTimeField(verbose_name="counted")),
                (
                    "counted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "meeting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="result",
                        to="committees.meeting",
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
                "verbose_name": "result of a vote",
                "verbose_name_plural": "results of votes",
            },
        ),
        migrations.CreateModel(
            name="Sheet",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.CharField(max_length=16, unique=True)),
                ("given_at", models.DateTimeField()),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sheets",
                        to="committees.head",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="committees.meeting"
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
                    "proxy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="committees.proxy",
                    ),
                ),
            ],
            options={
                "verbose_name": "ballot on paper",
                "verbose_name_plural": "ballots on paper",
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("digest", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
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
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="committees.sheet",
                    ),
                ),
            ],
            options={
                "verbose_name": "reading of a ballot on paper",
                "verbose_name_plural": "readings of ballots on paper",
            },
        ),
        migrations.CreateModel(
            name="Turnout",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("electronic", "here in the portal"), ("paper", "on paper")],
                        max_length=12,
                        verbose_name="how",
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "head",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turnout",
                        to="committees.head",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="committees.meeting"
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.resident",
                    ),
                ),
                (
                    "sheet",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="turnout",
                        to="committees.sheet",
                    ),
                ),
            ],
            options={
                "verbose_name": "vote handed in",
                "verbose_name_plural": "votes handed in",
            },
        ),
        migrations.CreateModel(
            name="HeadOwner",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="owners",
                        to="committees.head",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["resident"], name="headowner_by_resident")],
                "constraints": [models.UniqueConstraint(fields=("head", "resident"), name="headowner_once")],
            },
        ),
        migrations.CreateModel(
            name="HeadUnit",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("area", models.BigIntegerField()),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="units",
                        to="committees.head",
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
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.unit"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("head", "unit"), name="headunit_once")],
            },
        ),
        migrations.CreateModel(
            name="Urn",
            fields=[
                (
                    "meeting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="urn",
                        serialize=False,
                        to="committees.meeting",
                    ),
                ),
                ("sealed", models.BinaryField()),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="meeting",
            index=models.Index(fields=["neighborhood", "-opens_on"], name="meeting_by_neighborhood"),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("proxies__gte", 0), ("proxies__lte", 10)), name="meeting_proxies_few"
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["regular", "interim"])), name="meeting_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("noticed_at", None), ("noticed_by", None), ("roll_area", None), ("roll_heads", None)
                    ),
                    models.Q(
                        ("noticed_at__isnull", False),
                        ("noticed_by__isnull", False),
                        ("roll_area__isnull", False),
                        ("roll_heads__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="meeting_noticed_with_its_roll",
            ),
        ),
        migrations.AddConstraint(
            model_name="head",
            constraint=models.CheckConstraint(condition=models.Q(("area__gt", 0)), name="head_has_an_area"),
        ),
        migrations.AddIndex(
            model_name="naming",
            index=models.Index(fields=["head", "owner", "-at"], name="naming_by_owner"),
        ),
        migrations.AddField(
            model_name="outcome",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="result",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="outcomes", to="committees.result"
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.UniqueConstraint(fields=("meeting", "number"), name="topic_one_number_each"),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1), ("number__lte", 30)), name="topics_at_most_thirty"
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(("item__gte", 1), ("item__lte", 9)), name="topic_item_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="topic_asks_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("item", 3), _negated=True), ("secret", True), _connector="OR"),
                name="elections_are_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="ballot",
            constraint=models.UniqueConstraint(fields=("head", "topic"), name="ballot_one_for_a_vote"),
        ),
        migrations.AddConstraint(
            model_name="ballot",
            constraint=models.UniqueConstraint(fields=("topic", "code"), name="ballot_one_for_a_code"),
        ),
        migrations.AddConstraint(
            model_name="ballot",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[0-9a-f]{20}$")), name="ballot_has_a_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="ballot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("choice__in", ["yes", "no", "abstain"]), ("commitment", ""), ("proof", "")),
                    models.Q(
                        ("choice", ""),
                        ("commitment__regex", "^0[23][0-9a-f]{64}$"),
                        ("proof__regex", "^([0-9a-f]{128}){2}$"),
                    ),
                    _connector="OR",
                ),
                name="ballot_says_or_commits",
            ),
        ),
        migrations.AddIndex(
            model_name="proxy",
            index=models.Index(fields=["meeting", "holder"], name="proxy_by_holder"),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.UniqueConstraint(fields=("head",), name="proxy_one_for_a_vote"),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.CheckConstraint(
                condition=models.Q(("kept_where", ""), _negated=True), name="proxy_is_on_paper"
            ),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("read_at", None), ("read_by", None)),
                    models.Q(
                        ("read_at__isnull", False),
                        ("read_by__isnull", False),
                        models.Q(("read_by", models.F("entered_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="proxy_read_by_a_second",
            ),
        ),
        migrations.AddConstraint(
            model_name="sheet",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[0-9A-HJKMNP-TV-Z]{16}$")), name="sheet_has_a_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("sheet", "by"), name="entry_once_by_each"),
        ),
        migrations.AddIndex(
            model_name="turnout",
            index=models.Index(fields=["meeting", "at"], name="turnout_by_meeting"),
        ),
        migrations.AddConstraint(
            model_name="turnout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "electronic"), ("resident__isnull", False), ("sheet", None)),
                    models.Q(("channel", "paper"), ("resident", None), ("sheet__isnull", False)),
                    _connector="OR",
                ),
                name="turnout_by_one_way",
            ),
        ),
    ]
