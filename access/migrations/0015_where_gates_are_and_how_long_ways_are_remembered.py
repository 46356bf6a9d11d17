"""No device in private places, no words in events, and what has ended is forgotten."""

from django.db import migrations, models

# Thousands go each night: the place they took is freed, and used again, long before the usual fifth of the table is dead.
VACUUM_SOON = (
    "ALTER TABLE access_entryevent SET"
    " (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500)"
)
VACUUM_AS_USUAL = (
    "ALTER TABLE access_entryevent RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)"
)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0014_no_reader_in_practice"),
        ("residents", "0011_scheduled_deletion"),
    ]

    operations = [
        migrations.AddField(
            model_name="gate",
            name="place",
            field=models.CharField(
                choices=[
                    ("main_gate", "gate of the neighborhood"),
                    ("building_door", "door of a building"),
                    ("lift_lobby", "lift lobby"),
                    ("garage", "garage"),
                    ("bicycle_shed", "bicycle shed"),
                    ("shared_room", "room that residents share"),
                    ("staff_room", "room of the staff"),
                ],
                default="main_gate",
                max_length=20,
                verbose_name="where it is",
            ),
        ),
        migrations.AddConstraint(
            model_name="gate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "place__in",
                        [
                            "main_gate",
                            "building_door",
                            "lift_lobby",
                            "garage",
                            "bicycle_shed",
                            "shared_room",
                            "staff_room",
                        ],
                    )
                ),
                name="gate_is_in_no_private_place",
                violation_error_message="No device belongs at a dwelling’s own door, in a toilet, a changing room or a home.",
            ),
        ),
        migrations.AddConstraint(
            model_name="gate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("by_face", False), ("by_fingerprint", False)),
                    (
                        "place__in",
                        ["main_gate", "building_door", "lift_lobby", "garage", "bicycle_shed"],
                    ),
                    _connector="OR",
                ),
                name="gate_looks_at_faces_in_public_only",
                violation_error_message="A gate may open by face only where everybody passes. Choose another place, or leave faces out.",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="credential",
            name="credential_holds_what_its_kind_needs",
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
                    models.Q(
                        ("digest", None), ("ended_at__isnull", False), ("number", None), ("verifier", None)
                    ),
                    _connector="OR",
                ),
                name="credential_holds_what_its_kind_needs",
            ),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="credential_by_its_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="entryevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__regex", "^[a-z][a-z_.-]*$"),
                    ("outcome__regex", "^[a-z][a-z_.-]*$"),
                    ("reason__regex", "^$|^[a-z][a-z_.-]*$"),
                ),
                name="event_says_codes_only",
            ),
        ),
        migrations.AddIndex(
            model_name="entryevent",
            index=models.Index(fields=["neighborhood", "received_at"], name="event_by_age"),
        ),
        migrations.RunSQL(VACUUM_SOON, VACUUM_AS_USUAL),
    ]
