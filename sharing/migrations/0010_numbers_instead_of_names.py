"""Numbers that can be given in place of names: the database counts them, hides what would point at few, and gives the
same answer for ninety days, so that nobody learns from two answers who came in between."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from ledger.append_only import AppendOnly

# Whoever lives in two buildings is counted in both, and by the first of what they are there: an owner before a tenant.
COUNT = """
CREATE FUNCTION sharing_cells(place uuid, cut text) RETURNS TABLE (of text, people bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH here AS (
        SELECT r.id, r.born FROM public.residents_resident r
            WHERE r.neighborhood_id = place AND r.left_at IS NULL AND r.erased_at IS NULL),
    lives AS (
        SELECT o.resident_id, o.tenure, u.building_id FROM public.residents_occupancy o
            JOIN here ON here.id = o.resident_id JOIN public.residents_unit u ON u.id = o.unit_id
            WHERE o.since <= public.residents_today(place)
            AND (o.until IS NULL OR o.until > public.residents_today(place)))
    SELECT b.id::text, count(DISTINCT l.resident_id)
        FROM public.residents_building b LEFT JOIN lives l ON l.building_id = b.id
        WHERE cut = 'building' AND b.neighborhood_id = place GROUP BY b.id
    UNION ALL
    SELECT band, count(here.id) FROM unnest(ARRAY['under_14', 'under_18', 'of_age']) band LEFT JOIN here ON band = CASE
            WHEN public.consent_fourteen(here.born) > public.residents_today(place) THEN 'under_14'
            WHEN here.born > (public.residents_today(place) - interval '18 years')::date THEN 'under_18'
            ELSE 'of_age' END
        WHERE cut = 'age' GROUP BY band
    UNION ALL
    SELECT tenure, count(first.resident_id) FROM unnest(ARRAY['owner', 'family', 'tenant', 'subtenant', 'live_in'])
            WITH ORDINALITY AS known (tenure, nth) LEFT JOIN (
                SELECT l.resident_id, min(array_position(
                    ARRAY['owner', 'family', 'tenant', 'subtenant', 'live_in']::text[], l.tenure::text)) AS nth
                FROM lives l GROUP BY l.resident_id) first USING (nth)
        WHERE cut = 'tenure' GROUP BY tenure
$$;

-- What is told of these cells: none of fewer than `fewest`; and where one is so small, the smallest of the others are
-- hidden with it, all that are equal. Then the hidden ones may be exchanged among each other, whatever else is known: the
-- total and this rule give none of them away.
CREATE FUNCTION sharing_told_of(cells jsonb, fewest integer) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH each AS (SELECT key AS of, value::bigint AS people FROM jsonb_each_text(cells)),
    hiding AS (SELECT coalesce(bool_or(people BETWEEN 1 AND fewest - 1), false) AS needed,
        min(people) FILTER (WHERE people >= fewest) AS also FROM each)
    SELECT coalesce(jsonb_object_agg(of, CASE
            WHEN people < fewest OR (needed AND people = also) THEN NULL ELSE people END), '{}')
        FROM each CROSS JOIN hiding
$$;

CREATE FUNCTION sharing_count_is_counted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fewest integer;
BEGIN
    -- Who counts the same neighborhood takes turns.
    SELECT fewest_counted INTO fewest FROM public.residents_neighborhood WHERE id = NEW.neighborhood_id
        FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM public.sharing_count c WHERE c.neighborhood_id = NEW.neighborhood_id
        AND c.cut = NEW.cut AND c.at > clock_timestamp() - interval '90 days') THEN
        RAISE EXCEPTION 'it was counted in the last ninety days' USING ERRCODE = 'LM139';
    END IF;
    NEW.at := clock_timestamp();
    NEW.cells := public.sharing_told_of((SELECT coalesce(jsonb_object_agg(c.of, c.people), '{}')
        FROM public.sharing_cells(NEW.neighborhood_id, NEW.cut) c), fewest);
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_count_is_counted BEFORE INSERT ON sharing_count
    FOR EACH ROW EXECUTE FUNCTION sharing_count_is_counted();
ALTER TABLE sharing_count ENABLE ALWAYS TRIGGER sharing_count_is_counted;
"""
UNCOUNTED = """
DROP TRIGGER sharing_count_is_counted ON sharing_count;
DROP FUNCTION sharing_count_is_counted();
DROP FUNCTION sharing_told_of(jsonb, integer);
DROP FUNCTION sharing_cells(uuid, text);
"""

BEFORE = import_module("sharing.migrations.0005_two_read_it_and_a_contract_ends")
# How many agreed is told of so many people or more as well.
TOLD = """
CREATE FUNCTION sharing_told(counted bigint, of_all bigint, fewest integer) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN counted >= fewest AND of_all - counted >= fewest THEN counted::integer END
$$;
"""
OWN_FEWEST = BEFORE.COUNTED_OF_THE_ASKED.replace(
    ", count(*))\n        INTO NEW.shown",
    ", count(*),\n            (SELECT n.fewest_counted FROM public.residents_neighborhood n WHERE n.id = asked.neighborhood_id))"
    "\n        INTO NEW.shown",
)


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0033_the_fewest_that_are_counted"),
        ("sharing", "0009_opened_once_and_asked_back"),
    ]

    operations = [
        migrations.CreateModel(
            name="Count",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "cut",
                    models.CharField(
                        choices=[
                            ("building", "by building"),
                            ("age", "by age"),
                            ("tenure", "by what people are in their home"),
                        ],
                        max_length=20,
                    ),
                ),
                ("cells", models.JSONField(default=dict)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                "indexes": [models.Index(fields=["neighborhood", "cut", "-at"], name="count_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("cut__in", ["building", "age", "tenure"])),
                        name="count_by_one_cut",
                    )
                ],
            },
        ),
        migrations.RunSQL(COUNT, UNCOUNTED),
        migrations.RunSQL(TOLD, "DROP FUNCTION sharing_told(bigint, bigint, integer)"),
        migrations.RunSQL(OWN_FEWEST, BEFORE.COUNTED_OF_THE_ASKED),
        migrations.RunSQL(
            "DROP FUNCTION sharing_told(bigint, bigint)",
            BEFORE.BEFORE.TALLY_IS_COUNTED.split("CREATE FUNCTION sharing_tally_is_counted")[0],
        ),
        AppendOnly("sharing_count"),
    ]
