"""Nobody's home, letter or record crosses from one neighborhood into another (A2, 27)."""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [("residents", "0002_lookups_append_places_go_forward")]

    operations = [
        SameNeighborhood("residents_building"),
        SameNeighborhood("residents_unit", building_id="residents_building"),
        SameNeighborhood("residents_resident"),
        SameNeighborhood("residents_occupancy", resident_id="residents_resident", unit_id="residents_unit"),
        SameNeighborhood("residents_lookup", resident_id="residents_resident"),
        SameNeighborhood("residents_erasureorder", resident_id="residents_resident"),
    ]
