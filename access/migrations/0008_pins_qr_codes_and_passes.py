"""Ways in beside the card that need no face: PINs, QR codes, visitor passes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0007_an_old_yes_does_not_stretch"),
        ("residents", "0005_who_owns_and_as_what_people_live"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="credential",
            name="credential_card_has_a_digest",
        ),
        migrations.AddField(
            model_name="credential",
            name="ended_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("lost", "reported lost"),
                    ("returned", "given back"),
                    ("replaced", "replaced by another"),
                    ("moved_out", "its holder moved out"),
                    ("ran_out", "its time was over"),
                    ("stopped", "stopped by its holder"),
                ],
                default="",
                max_length=20,
                verbose_name="why it ended",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="number",
            field=models.CharField(blank=True, max_length=5, null=True, verbose_name="keypad number"),
        ),
        migrations.AddField(
            model_name="credential",
            name="temporary",
            field=models.BooleanField(default=False, verbose_name="lent"),
        ),
        migrations.AddField(
            model_name="credential",
            name="verifier",
            field=models.CharField(editable=False, max_length=200, null=True),
        ),
        migrations.AlterField(
            model_name="credential",
            name="kind",
            field=models.CharField(
                choices=[
                    ("card", "card"),
                    ("face", "face"),
                    ("pin", "PIN"),
                    ("qr", "QR code"),
                    ("pass", "visitor pass"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("digest__isnull", False), ("kind", "card"), ("number", None), ("verifier", None)
                    ),
                    models.Q(
                        ("digest", None),
                        ("kind__in", ["pin", "pass"]),
                        ("number__isnull", False),
                        ("verifier__isnull", False),
                    ),
                    models.Q(
                        ("digest", None), ("kind__in", ["face", "qr"]), ("number", None), ("verifier", None)
                    ),
                    _connector="OR",
                ),
                name="credential_holds_what_its_kind_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(("number", None), ("number__regex", "^[0-9]{5}$"), _connector="OR"),
                name="credential_number_is_five_digits",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(("temporary", False), ("kind__in", ["card", "pin"]), _connector="OR"),
                name="credential_lent_is_card_or_pin",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_because", ""), ("ended_at__isnull", False), _connector="OR"),
                name="credential_ended_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("neighborhood", "number"),
                name="credential_number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None), ("kind", "pin"), ("temporary", False)),
                fields=("resident",),
                name="credential_pin_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None), ("kind", "pin"), ("temporary", True)),
                fields=("resident",),
                name="credential_lent_pin_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None), ("kind", "qr")),
                fields=("resident",),
                name="credential_qr_once",
            ),
        ),
    ]
