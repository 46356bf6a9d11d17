"""Residents answer, and are given, only within their own neighborhood (A2, 27)."""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [("sharing", "0002_asked_once_given_once"), ("residents", "0003_within_one_neighborhood")]

    operations = [
        SameNeighborhood("sharing_answer", request_id="sharing_request", resident_id="residents_resident"),
        SameNeighborhood("sharing_disclosure", request_id="sharing_request"),
    ]
