"""A reader says how it is, at most once a minute; and that one was not heard of is written down, with its end.

No number of a person fits into what it says, and what was noticed is not made unnoticed: a silence that is over stays over.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

STATES = """
CREATE FUNCTION access_devicestate_seldom() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.device_id <> OLD.device_id OR NEW.told_at < OLD.told_at + interval '60 seconds' THEN
        RAISE EXCEPTION 'how a reader is, is written once a minute at most' USING ERRCODE = 'LM180';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_devicestate_seldom BEFORE UPDATE ON access_devicestate
    FOR EACH ROW EXECUTE FUNCTION access_devicestate_seldom();
ALTER TABLE access_devicestate ENABLE ALWAYS TRIGGER access_devicestate_seldom;

CREATE FUNCTION access_silence_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    marks text[] := ARRAY['heard_at', 'over_at'];
BEGIN
    IF OLD.over_at IS NOT NULL OR to_jsonb(NEW) - marks <> to_jsonb(OLD) - marks THEN
        RAISE EXCEPTION 'that a reader was silent stays as it was noticed' USING ERRCODE = 'LM181';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_silence_stays BEFORE UPDATE ON access_silence
    FOR EACH ROW EXECUTE FUNCTION access_silence_stays();
ALTER TABLE access_silence ENABLE ALWAYS TRIGGER access_silence_stays;

CREATE FUNCTION access_silence_is_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.over_at IS NULL THEN
        RAISE EXCEPTION 'a silence that is not over is not deleted' USING ERRCODE = 'LM181';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER access_silence_is_kept BEFORE DELETE ON access_silence
    FOR EACH ROW EXECUTE FUNCTION access_silence_is_kept();
ALTER TABLE access_silence ENABLE ALWAYS TRIGGER access_silence_is_kept;
"""
UNDO = """
DROP FUNCTION access_silence_is_kept() CASCADE;
DROP FUNCTION access_silence_stays() CASCADE;
DROP FUNCTION access_devicestate_seldom() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0034_whose_pin_goes_with_a_face"),
        ("residents", "0040_a_silent_gate_rings"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeviceState",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="access.device",
                    ),
                ),
                ("waiting", models.PositiveIntegerField()),
                (
                    "power",
                    models.CharField(
                        choices=[("mains", "mains"), ("battery", "battery"), ("unknown", "not known")],
                        max_length=10,
                    ),
                ),
                ("agent", models.CharField(max_length=20)),
                ("clock_off", models.IntegerField()),
                ("told_at", models.DateTimeField()),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("power__in", ["mains", "battery", "unknown"])),
                        name="devicestate_power_is_known_word",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("agent__regex", "^[0-9]{1,3}([.][0-9]{1,3}){0,3}$")),
                        name="devicestate_agent_is_a_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("clock_off__gte", -316224000),
                            ("clock_off__lte", 316224000),
                            ("waiting__lte", 10000000),
                        ),
                        name="devicestate_numbers_are_bounded",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateTimeField(verbose_name="last heard of")),
                ("noticed_at", models.DateTimeField(verbose_name="noticed")),
                ("heard_at", models.DateTimeField(null=True, verbose_name="heard of again")),
                ("over_at", models.DateTimeField(null=True, verbose_name="over")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="silences",
                        to="access.device",
                    ),
                ),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="access.gate"
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("over_at", None)),
                        fields=("device",),
                        name="silence_of_a_reader_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(STATES, UNDO),
        SameNeighborhood("access_devicestate", device_id="access_device"),
        SameNeighborhood("access_silence", gate_id="access_gate", device_id="access_device"),
    ]
