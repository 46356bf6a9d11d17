"""How a body is reached, which is public: its office, its hours, and a number for the day and one for the night."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0002_terms_only_get_shorter"),
        ("residents", "0019_a_bar_bars_them_whole"),
    ]

    operations = [
        migrations.AddField(
            model_name="committee",
            name="hours",
            field=models.CharField(blank=True, max_length=120, verbose_name="when somebody is there"),
        ),
        migrations.AddField(
            model_name="committee",
            name="night_phone",
            field=models.CharField(
                blank=True,
                max_length=40,
                validators=[
                    django.core.validators.RegexValidator(
                        "^\\+?[0-9][0-9 -]{1,36}[0-9]$",
                        "Write a telephone number: digits, with spaces or dashes between them.",
                    )
                ],
                verbose_name="telephone outside these hours",
            ),
        ),
        migrations.AddField(
            model_name="committee",
            name="office",
            field=models.CharField(blank=True, max_length=120, verbose_name="where its office is"),
        ),
        migrations.AddField(
            model_name="committee",
            name="phone",
            field=models.CharField(
                blank=True,
                max_length=40,
                validators=[
                    django.core.validators.RegexValidator(
                        "^\\+?[0-9][0-9 -]{1,36}[0-9]$",
                        "Write a telephone number: digits, with spaces or dashes between them.",
                    )
                ],
                verbose_name="telephone of the office",
            ),
        ),
        migrations.AddConstraint(
            model_name="committee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("phone", ""), ("phone__regex", "^\\+?[0-9][0-9 -]{1,36}[0-9]$"), _connector="OR"
                    ),
                    models.Q(
                        ("night_phone", ""),
                        ("night_phone__regex", "^\\+?[0-9][0-9 -]{1,36}[0-9]$"),
                        _connector="OR",
                    ),
                ),
                name="a_body_is_rung_at_a_number",
            ),
        ),
    ]
