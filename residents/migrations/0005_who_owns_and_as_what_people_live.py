"""Who owns a dwelling and who lives there as what are two things, and neither decides about the other."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0004_gone_only_with_evidence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ownership",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
            ],
            options={
                "verbose_name": "owner",
                "verbose_name_plural": "who owns what",
            },
        ),
        migrations.RemoveConstraint(
            model_name="resident",
            name="erased_is_a_tombstone",
        ),
        migrations.AddField(
            model_name="neighborhood",
            name="entry_event_days",
            field=models.PositiveSmallIntegerField(default=30, verbose_name="days entry events are kept"),
        ),
        migrations.AddField(
            model_name="neighborhood",
            name="guard_phone",
            field=models.CharField(blank=True, max_length=40, verbose_name="whom to ring at a gate"),
        ),
        migrations.AddField(
            model_name="neighborhood",
            name="office",
            field=models.CharField(blank=True, max_length=120, verbose_name="where the property office is"),
        ),
        migrations.AddField(
            model_name="neighborhood",
            name="practice",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="tenure",
            field=models.CharField(
                choices=[
                    ("owner", "owner"),
                    ("family", "family"),
                    ("tenant", "tenant"),
                    ("subtenant", "subtenant"),
                    ("live_in", "live-in helper"),
                ],
                default="family",
                max_length=20,
                verbose_name="as what",
            ),
        ),
        migrations.AddField(
            model_name="resident",
            name="born",
            field=models.DateField(blank=True, null=True, verbose_name="date of birth, of minors only"),
        ),
        migrations.AddField(
            model_name="unit",
            name="area",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=8, null=True, verbose_name="area in square metres"
            ),
        ),
        migrations.AddConstraint(
            model_name="neighborhood",
            constraint=models.CheckConstraint(
                condition=models.Q(("entry_event_days__gte", 1), ("entry_event_days__lte", 30)),
                name="entry_events_kept_a_month_at_most",
                violation_error_message="Between 1 and 30 days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(("born", None), ("name", ""), ("phone_sealed", None), ("user", None)),
                    _connector="OR",
                ),
                name="erased_is_a_tombstone",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("area", None), ("area__gt", 0), _connector="OR"),
                name="unit_area_is_positive",
            ),
        ),
        migrations.AddField(
            model_name="ownership",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="ownership",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ownerships",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="ownership",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="ownerships", to="residents.unit"
            ),
        ),
        migrations.AddConstraint(
            model_name="ownership",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gt", models.F("since")), _connector="OR"),
                name="ownership_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("resident", "unit"), name="ownership_open_once"
            ),
        ),
        SameNeighborhood("residents_ownership", resident_id="residents_resident", unit_id="residents_unit"),
    ]
