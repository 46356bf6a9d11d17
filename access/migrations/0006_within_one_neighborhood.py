"""No gate opens by a rule, a card or a device of another neighborhood (A2, 27)."""

from django.db import migrations

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0005_old_tombstones_are_found_by_age"),
        ("residents", "0003_within_one_neighborhood"),
    ]

    operations = [
        SameNeighborhood("access_gate"),
        SameNeighborhood("access_device", gate_id="access_gate"),
        SameNeighborhood("access_credential", resident_id="residents_resident"),
        SameNeighborhood(
            "access_rule", gate_id="access_gate", unit_id="residents_unit", resident_id="residents_resident"
        ),
        SameNeighborhood("access_feedrow", gate_id="access_gate", credential_id="access_credential"),
        SameNeighborhood("access_entryevent", gate_id="access_gate", device_id="access_device"),
        SameNeighborhood(
            "access_enrolment", resident_id="residents_resident", standing_id="consent_standing"
        ),
    ]
