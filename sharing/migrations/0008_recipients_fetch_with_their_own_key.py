"""Accounts, links, and what is asked back: the tables. Their laws are in the next."""

import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0031_recipients_are_waited_for"),
        ("sharing", "0007_exactly_what_was_agreed_to"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Recall",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "because",
                    models.CharField(
                        choices=[
                            ("withdrawn", "somebody changed their mind"),
                            ("corrected", "something in it was wrong"),
                            ("erased", "somebody was deleted here"),
                            ("period", "the time for which it was given is over"),
                            ("contract", "the contract has ended"),
                            ("leak", "it may have leaked"),
                        ],
                        max_length=20,
                        verbose_name="why",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="since")),
                ("due_at", models.DateTimeField(verbose_name="to be confirmed until")),
                (
                    "copy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recalls", to="sharing.copy"
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
                "verbose_name": "deletion asked of a recipient",
                "verbose_name_plural": "deletions asked of recipients",
            },
        ),
        migrations.CreateModel(
            name="RecallLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "recall",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="sharing.recall"
                    ),
                ),
                (
                    "row",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recalled",
                        to="sharing.disclosedrow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecipientAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="sharing.recipient",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recipient_account",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient’s account",
                "verbose_name_plural": "recipients’ accounts",
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("replaced", "another was made in its place"),
                            ("contract", "the contract has ended"),
                        ],
                        max_length=10,
                    ),
                ),
                ("opened_at", models.DateTimeField(null=True)),
                ("challenge", models.CharField(blank=True, max_length=200)),
                ("signature", models.TextField(blank=True)),
                (
                    "copy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="links", to="sharing.copy"
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
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sharing.recipientaccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "link to a file",
                "verbose_name_plural": "links to files",
            },
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("text", models.TextField()),
                ("signature", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sharing.recipientkey",
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
                    "recall",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="sharing.recall",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sharing.recipientaccount",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="recipientkey",
            name="account",
            field=models.ForeignKey(
                default="00000000-0000-4000-8000-000000000000",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="sharing.recipientaccount",
            ),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="recall",
            index=models.Index(fields=["due_at"], name="recall_by_due"),
        ),
        migrations.AddConstraint(
            model_name="recall",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("opened_at"))), name="recall_leaves_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("recipient",), name="recipient_one_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("made_at"), "+", models.Value(datetime.timedelta(days=14))
                        ),
                    )
                ),
                name="recipient_code_two_weeks",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("opened_at", None), ("user", None)),
                    models.Q(
                        ("opened_at__isnull", False),
                        ("opened_at__lt", models.F("expires_at")),
                        ("user__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="recipient_joined_in_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", None)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="recipient_ended_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None), ("opened_at", None)),
                fields=("copy",),
                name="link_one_for_a_copy",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "until__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("made_at"), "+", models.Value(datetime.timedelta(days=7))
                        ),
                    )
                ),
                name="link_lives_a_week",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_because", "")),
                    models.Q(("ended_at__isnull", False), models.Q(("ended_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="link_ended_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("challenge", ""), ("opened_at", None), ("opened_by", None), ("signature", "")),
                    models.Q(
                        ("ended_at", None),
                        ("opened_at__lt", models.F("until")),
                        ("opened_by__isnull", False),
                        models.Q(("challenge", ""), _negated=True),
                        models.Q(("signature", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="link_opened_by_a_proof",
            ),
        ),
        migrations.AddConstraint(
            model_name="confirmation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("text", ""), _negated=True), models.Q(("signature", ""), _negated=True)
                ),
                name="confirmation_says_what",
            ),
        ),
    ]
