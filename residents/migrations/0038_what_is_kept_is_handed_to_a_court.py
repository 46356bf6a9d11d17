"""What a hold keeps may be given to a court or an authority: two of the staff stand behind it, it is made once, and it says of
itself how much it holds (obligation 10, ADR 47)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

HANDED = """
CREATE FUNCTION residents_handout_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held public.residents_hold%ROWTYPE;
    person uuid;
BEGIN
    -- Shared to the end of the transaction: whoever ends the hold waits, and what is given is of a hold that stands.
    SELECT * INTO held FROM public.residents_hold h WHERE h.id = NEW.hold_id FOR SHARE;
    SELECT r.user_id INTO person FROM public.residents_resident r WHERE r.id = held.resident_id;
    IF held.ended_at IS NOT NULL OR (held.held_until > clock_timestamp()) IS NOT TRUE THEN
        RAISE EXCEPTION 'nothing is handed out but by a hold that is in force' USING ERRCODE = 'LM163';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.agreed_by_id IS NOT NULL OR NEW.agreed_at IS NOT NULL OR NEW.handed_at IS NOT NULL
            OR public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE
            OR person IS NOT NULL AND public.residents_one_person(person, NEW.asked_by_id) IS NOT FALSE THEN
            RAISE EXCEPTION 'a handing out begins as one of the staff asks for it, about somebody else'
                USING ERRCODE = 'LM163';
        END IF;
        NEW.asked_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.handed_at IS NOT NULL OR (
        NEW.id, NEW.neighborhood_id, NEW.hold_id, NEW."to", NEW."order", NEW.key, NEW.asked_by_id, NEW.asked_at
    ) IS DISTINCT FROM (
        OLD.id, OLD.neighborhood_id, OLD.hold_id, OLD."to", OLD."order", OLD.key, OLD.asked_by_id, OLD.asked_at
    ) THEN
        RAISE EXCEPTION 'what a handing out says stays as it was asked for and as it was made' USING ERRCODE = 'LM164';
    END IF;
    IF OLD.agreed_by_id IS NULL THEN
        IF NEW.handed_at IS NOT NULL OR public.residents_is_staff(NEW.agreed_by_id) IS NOT TRUE
            OR public.residents_one_person(NEW.asked_by_id, NEW.agreed_by_id) IS NOT FALSE
            OR person IS NOT NULL AND public.residents_one_person(person, NEW.agreed_by_id) IS NOT FALSE THEN
            RAISE EXCEPTION 'a second of the staff agrees to it, and it is not about them' USING ERRCODE = 'LM163';
        END IF;
        NEW.agreed_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF (NEW.agreed_by_id, NEW.agreed_at) IS DISTINCT FROM (OLD.agreed_by_id, OLD.agreed_at) OR NEW.handed_at IS NULL
        OR NEW.rows IS DISTINCT FROM (SELECT count(*) FROM public.residents_heldrow r WHERE r.hold_id = NEW.hold_id) THEN
        RAISE EXCEPTION 'the file holds everything that the hold keeps, and nothing else is said of it'
            USING ERRCODE = 'LM164';
    END IF;
    NEW.handed_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_handout_by_two BEFORE INSERT OR UPDATE ON residents_handout
    FOR EACH ROW EXECUTE FUNCTION residents_handout_by_two();
ALTER TABLE residents_handout ENABLE ALWAYS TRIGGER residents_handout_by_two;

CREATE FUNCTION residents_handout_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.handed_at IS NOT NULL
        AND EXISTS (SELECT FROM public.residents_hold h WHERE h.id = OLD.hold_id AND h.ended_at IS NULL) THEN
        RAISE EXCEPTION 'that something was handed out stays written for as long as the hold stands' USING ERRCODE = 'LM164';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER residents_handout_stays BEFORE DELETE ON residents_handout
    FOR EACH ROW EXECUTE FUNCTION residents_handout_stays();
ALTER TABLE residents_handout ENABLE ALWAYS TRIGGER residents_handout_stays;
"""
KEPT_BACK = """
DROP TRIGGER residents_handout_stays ON residents_handout; DROP FUNCTION residents_handout_stays();
DROP TRIGGER residents_handout_by_two ON residents_handout; DROP FUNCTION residents_handout_by_two();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0037_answers_are_due_and_archives_are_fetched"),
    ]

    operations = [
        migrations.CreateModel(
            name="HandOut",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("to", models.CharField(max_length=200, verbose_name="to which court or authority")),
                (
                    "order",
                    models.CharField(
                        max_length=200, verbose_name="number of its order, and where the paper is kept"
                    ),
                ),
                ("key", models.CharField(max_length=80, verbose_name="their age key")),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("agreed_at", models.DateTimeField(null=True)),
                ("rows", models.PositiveIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("handed_at", models.DateTimeField(null=True)),
                (
                    "agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="handed_out",
                        to="residents.hold",
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
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "to__regex",
                                "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                            ),
                            (
                                "order__regex",
                                "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                            ),
                        ),
                        name="handout_says_to_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^age1[02-9ac-hj-np-z]{58}$")),
                        name="handout_only_they_open_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handed_at", None), ("rows", None), ("sha256", "")),
                            models.Q(
                                ("agreed_at__isnull", False),
                                ("handed_at__isnull", False),
                                ("rows__gt", 0),
                                ("sha256__regex", "^[0-9a-f]{64}$"),
                            ),
                            _connector="OR",
                        ),
                        name="handout_is_of_something",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("handed_at", None)),
                        fields=("hold",),
                        name="handout_one_at_a_time",
                    ),
                ],
            },
        ),
        SameNeighborhood("residents_handout", hold_id="residents_hold"),
        Rewritable("residents_handout", secrets=["to", "order"]),
        migrations.RunSQL(HANDED, KEPT_BACK),
    ]
