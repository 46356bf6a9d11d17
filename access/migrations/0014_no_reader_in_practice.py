"""A gate that staff practise on is no door: no device is ever paired with it."""

from django.db import migrations

from residents.practising import NeverInPractice


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0013_who_has_left_gets_no_new_way_in"),
        ("residents", "0013_the_desk_and_practice"),
    ]

    operations = [NeverInPractice("access_device")]
