"""Law 12: nothing is called gone without what was seen there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("residents", "0003_within_one_neighborhood")]

    operations = [
        migrations.AlterField(
            "erasureorder",
            "cause",
            models.CharField(
                choices=[
                    ("withdrawn", "you stopped it"),
                    ("expired", "the time you agreed to is over"),
                    ("form_changed", "the form changed"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        migrations.AddConstraint(
            "erasureplace",
            models.CheckConstraint(
                condition=~models.Q(("state", "gone")) | ~models.Q(("evidence", {})),
                name="erasure_place_gone_with_evidence",
            ),
        ),
    ]
