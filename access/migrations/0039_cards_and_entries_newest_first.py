"""The desk's lists of cards and of entries are answered by an index where a hundred thousand people live."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("access", "0038_a_new_face_model_asks_anew")]

    operations = [
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(
                fields=["-created_at", "id"], condition=Q(kind="card"), name="card_newest_first"
            ),
        ),
        migrations.AddIndex(
            model_name="entryevent",
            index=models.Index(fields=["-received_at", "id"], name="event_newest_first"),
        ),
        migrations.AddIndex(
            model_name="entryevent",
            index=models.Index(
                fields=["outcome", "-received_at", "id"],
                condition=~Q(outcome="opened"),
                name="event_not_opened",
            ),
        ),
    ]
