"""A neighborhood may ask that its numbers hide more than five people. None may ask for less."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("residents", "0032_looks_are_few_and_an_emergency_is_loud")]

    operations = [
        migrations.AddField(
            "neighborhood",
            "fewest_counted",
            models.PositiveSmallIntegerField(
                default=5, verbose_name="no number is told of fewer people than"
            ),
        ),
        migrations.AddConstraint(
            "neighborhood",
            models.CheckConstraint(
                condition=Q(("fewest_counted__gte", 5)),
                name="no_number_of_fewer_than_five",
                violation_error_message="At least 5.",
            ),
        ),
    ]
