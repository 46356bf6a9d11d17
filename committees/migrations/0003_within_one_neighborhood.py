"""A term gives rights where its committee is, and nowhere else (27)."""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0002_terms_only_get_shorter"),
        ("residents", "0003_within_one_neighborhood"),
    ]

    operations = [
        SameNeighborhood("committees_committee"),
        SameNeighborhood("committees_term", committee_id="committees_committee"),
    ]
