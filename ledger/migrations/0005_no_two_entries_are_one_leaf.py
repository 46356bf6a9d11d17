"""An entry with another's commitment, made in the same microsecond, would be the same leaf; a leaf stands once, so the batch
that holds it would fail for ever, and nothing would be sequenced any more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("ledger", "0004_the_tree_only_grows"),)

    operations = (
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=["commitment"], name="ledger_entry_commitment_once"),
        ),
    )
