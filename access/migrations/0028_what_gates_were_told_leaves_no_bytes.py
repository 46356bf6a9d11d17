"""What a gate was told of a card or a PIN is by what the gate knows it: an earlier word of it lay in the table's file after its
person was erased."""

from django.db import migrations

from vault.rewrite import Rewritable


class Migration(migrations.Migration):
    dependencies = [("access", "0027_ways_in_leave_no_bytes")]

    operations = [Rewritable("access_feedrow", secrets=["body"])]
