"""What was given to somebody is a place, too, from which it is to be deleted: an erasure waits for the recipient's word."""

from django.db import migrations, models

KINDS = [
    ("rows", "the database's rows"),
    ("photos", "enrolment photos"),
    ("key", "the key that could read it"),
    ("pages", "the disk pages of the databases"),
    ("device", "a gate's reader"),
    ("recipient", "whom it was given to"),
]


class Migration(migrations.Migration):
    dependencies = [("residents", "0030_an_alarm_is_written_down_and_read")]

    operations = [
        migrations.AlterField("erasureplace", "kind", models.CharField(choices=KINDS, max_length=20)),
    ]
