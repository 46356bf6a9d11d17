"""Lists of the desk, newest first, and their searches: each is answered by an index where a hundred thousand people live."""

from django.db import migrations, models

# Django's own table of who changed what at the desk is asked by row, and has no index for that.
HISTORY = "CREATE INDEX admin_log_by_row ON django_admin_log (content_type_id, object_id)"
NO_HISTORY = "DROP INDEX admin_log_by_row"


def _newest_first(model: str, clock: str, name: str) -> migrations.AddIndex:
    return migrations.AddIndex(model_name=model, index=models.Index(fields=[f"-{clock}", "id"], name=name))


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0042_a_lost_second_step_is_vouched_for"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        _newest_first("resident", "created_at", "resident_newest_first"),
        _newest_first("occupancy", "since", "occupancy_newest_first"),
        _newest_first("ownership", "since", "ownership_newest_first"),
        _newest_first("erasureorder", "opened_at", "erasure_newest_first"),
        _newest_first("alarm", "at", "alarm_newest_first"),
        _newest_first("lookup", "at", "lookup_newest_first"),
        migrations.AddIndex(model_name="unit", index=models.Index(fields=["number"], name="unit_by_number")),
        migrations.AddIndex(
            model_name="occupancy",
            index=models.Index(fields=["tenure", "-since", "id"], name="occupancy_by_tenure"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                fields=["username"],
                condition=models.Q(is_staff=True) | models.Q(is_superuser=True) | models.Q(last_login=None),
                name="user_for_work",
            ),
        ),
        migrations.RunSQL(HISTORY, NO_HISTORY),
    ]
