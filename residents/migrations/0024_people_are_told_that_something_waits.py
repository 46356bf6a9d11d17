"""What people chose to be told, where mail to them goes, and what went out. Nobody chooses anything by this."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0023_a_refusal_has_its_reason"),
    ]

    operations = [
        migrations.AlterField(
            model_name="deskact",
            name="act",
            field=models.CharField(
                choices=[
                    ("moved_in", "You were put on the register, with a way in"),
                    ("card_lost", "Your card was reported lost and blocked"),
                    ("pin_lent", "A PIN was lent to you"),
                    ("pass_made", "A visitor pass was made for you"),
                    ("paper_given", "A form was given to you on paper, to take home"),
                    ("paper_taken", "A form that you signed came back, and was written down"),
                    ("paper_read", "A second of the staff read the form that you signed"),
                    ("paper_stopped", "A form on paper was stopped, because you said so"),
                    ("slips_on", "Slips in your mailbox were switched on, because you said so"),
                    ("slips_off", "Slips in your mailbox were switched off, because you said so"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="MailAddress",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("sealed", models.BinaryField()),
                ("given_at", models.DateTimeField()),
                ("code_until", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("proven_at", models.DateTimeField(null=True)),
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mail_address",
                        to="residents.resident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[("waits", "that something waits"), ("code", "a code, to prove the address")],
                        default="waits",
                        max_length=10,
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("mail", "By e-mail"),
                            ("sms", "By text message"),
                            ("slip", "By a printed slip in my mailbox"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("printed", "printed"),
                            ("given_up", "given up"),
                            ("dropped", "not wanted any more"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("handed_at", models.DateTimeField(null=True)),
                ("operator", models.CharField(blank=True, max_length=100)),
                ("over_at", models.DateTimeField(null=True)),
                ("batch", models.UUIDField(null=True)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "printed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="residents.resident",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["due_at"],
                        name="message_to_go",
                    ),
                    models.Index(fields=["resident", "-made_at"], name="message_by_resident"),
                    models.Index(
                        condition=models.Q(("over_at__isnull", False)),
                        fields=["over_at"],
                        name="message_by_end",
                    ),
                    models.Index(
                        condition=models.Q(("batch__isnull", False)),
                        fields=["batch"],
                        name="message_by_batch",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("resident", "way", "what"),
                        name="message_one_waiting",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("over_at", None), ("state__in", ["waiting", "sending"])),
                            models.Q(
                                ("over_at__isnull", False),
                                ("state__in", ["sent", "printed", "given_up", "dropped"]),
                            ),
                            _connector="OR",
                        ),
                        name="message_is_over_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("handed_at", None),
                            models.Q(
                                models.Q(("way", "slip"), _negated=True),
                                models.Q(("operator", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="message_handed_to_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("batch__isnull", False),
                                ("printed_by__isnull", False),
                                ("state", "printed"),
                                ("way", "slip"),
                            ),
                            models.Q(
                                models.Q(("state", "printed"), _negated=True),
                                ("batch", None),
                                ("printed_by", None),
                            ),
                            _connector="OR",
                        ),
                        name="message_printed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__gte", models.F("made_at"))), name="message_due_in_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wish",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("decide", "Something for me to decide"),
                            ("answer", "An answer to something I asked for"),
                            (
                                "data",
                                "Something happened with my data: viewed, given, deleted, or a consent that changed",
                            ),
                            ("notice", "A new notice of a committee or the property office"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("mail", "By e-mail"),
                            ("sms", "By text message"),
                            ("slip", "By a printed slip in my mailbox"),
                        ],
                        max_length=10,
                    ),
                ),
                ("operator", models.CharField(blank=True, max_length=100)),
                ("at", models.DateTimeField()),
                (
                    "address",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wishes",
                        to="residents.mailaddress",
                    ),
                ),
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
                        related_name="wishes",
                        to="residents.resident",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["neighborhood", "topic"], name="wish_by_topic")],
                "constraints": [
                    models.UniqueConstraint(fields=("resident", "topic", "way"), name="wish_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("address__isnull", False), ("way", "mail")),
                            models.Q(models.Q(("way", "mail"), _negated=True), ("address", None)),
                            _connector="OR",
                        ),
                        name="wish_mail_has_an_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("operator", ""), ("way", "slip")),
                            models.Q(
                                models.Q(("way", "slip"), _negated=True),
                                models.Q(("operator", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="wish_names_who_carries_it",
                    ),
                ],
            },
        ),
    ]
