from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0004_feed_rows_say_little_and_only_grow")]

    operations = [
        migrations.AddIndex(
            "feedrow",
            models.Index(
                fields=["changed_at"], condition=models.Q(("present", False)), name="feed_tombstone_by_age"
            ),
        ),
    ]
