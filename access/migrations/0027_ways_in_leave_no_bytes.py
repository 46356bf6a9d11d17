"""What a card, a PIN or a QR code was known by goes with the person; so the file is rewritten as others are (ADR 4)."""

from django.db import migrations

from vault.rewrite import Rewritable


class Migration(migrations.Migration):
    dependencies = [("access", "0025_the_days_run_where_they_were_announced")]

    operations = [Rewritable("access_credential", secrets=["digest", "number", "verifier"])]
