"""A reader of a gate in service that is not heard of is an alarm to those who look after the gates."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0039_nobody_left_longer_ago_than_they_did"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    (
                        "looks.many",
                        "Somebody wanted to look at more people’s details than one may in that time",
                    ),
                    ("looks.at_night", "Somebody looked at a person’s details at night"),
                    (
                        "looks.own_neighbors",
                        "Somebody looked at a neighbor of their own, or at whom they live or lived with",
                    ),
                    (
                        "looks.minors_refused",
                        "Somebody tried to look at a minor’s details that nobody had approved",
                    ),
                    ("sharing.refused_reviewer", "Somebody tried to decide about sharing data who may not"),
                    ("sharing.refused_link", "A link to a file was refused"),
                    ("sharing.replayed_link", "A link to a file was used again after it had been opened"),
                    ("sharing.formula", "A value that a spreadsheet would run was made harmless in a file"),
                    ("sharing.key_changed", "A recipient’s key changed while a file was on its way"),
                    ("recall.late", "A recipient has not confirmed in time that data is deleted"),
                    ("emergency.opened", "Somebody opened details alone because a life was in danger"),
                    ("retention.late", "Something is kept for longer than it may be"),
                    ("retention.silent", "Nothing has been deleted by the clock for a while"),
                    ("rights.due", "An answer about somebody’s own data is due soon"),
                    ("rights.late", "An answer about somebody’s own data is late"),
                    ("gate.silent", "A reader at a gate has not been heard of for a while"),
                ],
                max_length=40,
                verbose_name="what happened",
            ),
        ),
    ]
