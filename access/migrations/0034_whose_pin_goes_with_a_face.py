"""At a door that asks a face for more, faces and PINs carry whose they are, by a pseudonym that holds at that gate alone.

Otherwise nothing more goes to a gate than before: no name, phone or identity number, and no pseudonym beside a card, which
opens by itself.
"""

from django.db import migrations

KEYS = (
    "ALTER TABLE access_feedrow ADD CONSTRAINT feed_row_says_no_more CHECK (body - ARRAY[{}] = '{{}}'::jsonb)"
)
DROP = "ALTER TABLE access_feedrow DROP CONSTRAINT feed_row_says_no_more"
BEFORE = KEYS.format("'kind', 'digest', 'windows', 'number', 'verifier', 'once'")
NOW = KEYS.format("'kind', 'digest', 'windows', 'number', 'verifier', 'once', 'holder'")
WHERE = """
ALTER TABLE access_feedrow ADD CONSTRAINT feed_row_whose_pin_and_face
    CHECK (NOT body ? 'holder' OR body ->> 'kind' IN ('face', 'pin'))
"""
NOWHERE = "ALTER TABLE access_feedrow DROP CONSTRAINT feed_row_whose_pin_and_face"


class Migration(migrations.Migration):
    dependencies = [("access", "0033_orders_end_by_the_databases_clock")]

    operations = [
        migrations.RunSQL([DROP, NOW], [DROP, BEFORE]),
        migrations.RunSQL(WHERE, NOWHERE),
    ]
