"""What a card, a PIN or a QR code was known by goes with the person; so the file is rewritten as others are (ADR 4)."""

from django.db import migrations

from vault.rewrite import Rewritable


class Migration(migrations.Migration):
    dependencies = [("access", "0026_a_reader_that_answers_no_more_is_revoked")]

    operations = [Rewritable("access_credential", secrets=["digest", "number", "verifier"])]
