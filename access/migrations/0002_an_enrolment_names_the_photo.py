from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0001_gates_credentials_feed")]

    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="photo",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
