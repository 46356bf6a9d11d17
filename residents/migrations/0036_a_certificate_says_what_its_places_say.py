"""A certificate of a deletion says of each place what that place itself has said; and that a device or a recipient will not
answer any more is said by two of the staff, with a reason (law 12, obligations 9 and 11).

What was written down of a deletion has an end as well: three years after the person became a tombstone, by the database's
own clock, and not while anybody still waits for a place.
"""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

STATES = [
    ("waiting", "waiting"),
    ("lost", "device lost before it could confirm"),
    ("held", "kept by a legal hold"),
    ("closed", "closed by the staff without an answer"),
    ("gone", "gone"),
]
SAYS_SOMETHING = r"[^ \t\n\r\f\v\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]"

# As in 0002, but for the end of the period.
FORWARD_ONLY = """
CREATE OR REPLACE FUNCTION residents_erasureplace_forward_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        {period}RAISE EXCEPTION 'a place of an erasure is never dropped' USING ERRCODE = 'LM002';
    END IF;
    IF OLD.state = 'gone' THEN
        RAISE EXCEPTION 'what is gone stays gone' USING ERRCODE = 'LM002';
    END IF;
    IF (NEW.id, NEW.order_id, NEW.kind, NEW.target, NEW.device)
        IS DISTINCT FROM (OLD.id, OLD.order_id, OLD.kind, OLD.target, OLD.device) THEN
        RAISE EXCEPTION 'a place of an erasure cannot become another place' USING ERRCODE = 'LM002';
    END IF;
    RETURN NEW;
END
$$;
"""
PERIOD = """IF OLD.state IN ('gone', 'closed') AND public.residents_long_erased((
            SELECT o.resident_id FROM public.residents_erasureorder o WHERE o.id = OLD.order_id)) THEN
            RETURN OLD;
        END IF;
        """

# Three years of 365 days, less one: workers and the database need not have the same second.
LONG_ERASED = """
CREATE FUNCTION residents_long_erased(person uuid) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE((SELECT r.erased_at <= clock_timestamp() - interval '1094 days'
        FROM public.residents_resident r WHERE r.id = $1), false)
$$;
"""
NOT_LONG_ERASED = "DROP FUNCTION residents_long_erased(uuid);"

CERTIFICATE = """
CREATE FUNCTION residents_erasurecertificate_says_so() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named bigint;
    places bigint;
    rightly bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT public.residents_long_erased(OLD.resident_id) THEN
            RAISE EXCEPTION 'a certificate is kept for three years after its person was erased' USING ERRCODE = 'LM154';
        END IF;
        RETURN OLD;
    END IF;
    NEW.made_at := clock_timestamp();
    IF NEW.document ->> 'certificate' IS DISTINCT FROM NEW.id::text
        OR NEW.document ->> 'person' IS DISTINCT FROM NEW.resident_id::text
        OR NEW.document ->> 'order' IS DISTINCT FROM NEW.order_id::text
        OR NEW.document ->> 'number' IS DISTINCT FROM NEW.number::text
        OR NEW.number <> 1 + (SELECT COALESCE(max(c.number), 0) FROM public.residents_erasurecertificate c
            WHERE c.resident_id = NEW.resident_id AND c.order_id IS NOT DISTINCT FROM NEW.order_id) THEN
        RAISE EXCEPTION 'a certificate says of whom and what it is, and replaces the one before' USING ERRCODE = 'LM154';
    END IF;
    -- Each place that it names is one of these orders, in the state and with the evidence that it says; and none is left out.
    SELECT count(*) INTO named FROM jsonb_array_elements(NEW.document -> 'orders') o,
        jsonb_array_elements(o -> 'places');
    SELECT count(*), count(*) FILTER (WHERE EXISTS (
            SELECT FROM jsonb_array_elements(NEW.document -> 'orders') d, jsonb_array_elements(d -> 'places') s
            WHERE d ->> 'order' = o.id::text AND s ->> 'place' = p.id::text AND s ->> 'kind' = p.kind
                AND s ->> 'state' = p.state AND s -> 'seen' = p.evidence))
        INTO places, rightly
        FROM public.residents_erasureorder o JOIN public.residents_erasureplace p ON p.order_id = o.id
        WHERE o.resident_id = NEW.resident_id AND (NEW.order_id IS NULL OR o.id = NEW.order_id);
    IF places = 0 OR named <> places OR rightly <> places THEN
        RAISE EXCEPTION 'a certificate says what its places have said, of each of them' USING ERRCODE = 'LM154';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_erasurecertificate_says_so BEFORE INSERT OR DELETE ON residents_erasurecertificate
    FOR EACH ROW EXECUTE FUNCTION residents_erasurecertificate_says_so();
ALTER TABLE residents_erasurecertificate ENABLE ALWAYS TRIGGER residents_erasurecertificate_says_so;
"""
NO_CERTIFICATE = """
DROP TRIGGER residents_erasurecertificate_says_so ON residents_erasurecertificate;
DROP FUNCTION residents_erasurecertificate_says_so();
"""

CLOSING = """
CREATE FUNCTION residents_closing_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer CONSTANT text[] := ARRAY['agreed', 'answered_by_id', 'answered_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'that a place was closed is kept' USING ERRCODE = 'LM155';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.agreed IS NOT NULL OR public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'one of the staff says that nobody will answer, and another agrees' USING ERRCODE = 'LM155';
        END IF;
        NEW.asked_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - answer <> to_jsonb(OLD) - answer OR OLD.agreed IS NOT NULL OR NEW.agreed IS NULL
        OR public.residents_one_person(NEW.answered_by_id, NEW.asked_by_id) IS NOT FALSE
        OR public.residents_is_staff(NEW.answered_by_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'one of the staff says that nobody will answer, and another agrees' USING ERRCODE = 'LM155';
    END IF;
    NEW.answered_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_closing_by_two BEFORE INSERT OR UPDATE OR DELETE ON residents_closing
    FOR EACH ROW EXECUTE FUNCTION residents_closing_by_two();
ALTER TABLE residents_closing ENABLE ALWAYS TRIGGER residents_closing_by_two;

CREATE FUNCTION residents_erasureplace_closed_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'closed' AND NEW.state NOT IN ('closed', 'gone') THEN
        RAISE EXCEPTION 'from a closed place only its own answer leads on' USING ERRCODE = 'LM156';
    END IF;
    IF NEW.state <> 'closed' THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.residents_closing c JOIN public.residents_erasureorder o ON o.id = NEW.order_id
        WHERE c.id::text = NEW.evidence ->> 'closing' AND c.agreed AND c.kind = NEW.kind
            AND c.neighborhood_id = o.neighborhood_id
            AND c.what = CASE NEW.kind WHEN 'device' THEN NEW.device ELSE NEW.target END) THEN
        RAISE EXCEPTION 'a place is closed by two of the staff, who say what became of it' USING ERRCODE = 'LM156';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_erasureplace_closed_by_two BEFORE INSERT OR UPDATE ON residents_erasureplace
    FOR EACH ROW EXECUTE FUNCTION residents_erasureplace_closed_by_two();
ALTER TABLE residents_erasureplace ENABLE ALWAYS TRIGGER residents_erasureplace_closed_by_two;
"""
NO_CLOSING = """
DROP TRIGGER residents_erasureplace_closed_by_two ON residents_erasureplace;
DROP FUNCTION residents_erasureplace_closed_by_two();
DROP TRIGGER residents_closing_by_two ON residents_closing;
DROP FUNCTION residents_closing_by_two();
"""


def _to(model: str, **more: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=model, **more)


class Migration(migrations.Migration):
    dependencies = [("residents", "0035_what_a_law_wants_kept_and_what_is_late")]

    operations = [
        migrations.AlterField(
            "erasureplace",
            "state",
            models.CharField(choices=STATES, default="waiting", max_length=20),
        ),
        migrations.CreateModel(
            name="Closing",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("device", "a gate's reader"), ("recipient", "whom it was given to")],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("what", models.UUIDField(verbose_name="number")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("lost", "lost"),
                            ("stolen", "stolen"),
                            ("scrapped", "scrapped or broken for good"),
                            ("dissolved", "the recipient does not exist any more"),
                            ("silent", "the recipient does not answer"),
                        ],
                        max_length=20,
                        verbose_name="what became of it",
                    ),
                ),
                ("words", models.CharField(max_length=300, verbose_name="how that is known")),
                (
                    "asked_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="said"
                    ),
                ),
                ("agreed", models.BooleanField(null=True, verbose_name="agreed")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered")),
                (
                    "answered_by",
                    _to(settings.AUTH_USER_MODEL, null=True, related_name="+", verbose_name="answered by"),
                ),
                ("asked_by", _to(settings.AUTH_USER_MODEL, related_name="+", verbose_name="said by")),
                ("neighborhood", _to("residents.neighborhood", related_name="+")),
            ],
            options={
                "verbose_name": "place closed by the staff",
                "verbose_name_plural": "places closed by the staff",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("agreed", False), _negated=True),
                        fields=("kind", "what"),
                        name="closing_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("words__regex", SAYS_SOMETHING)),
                        name="closing_says_how_it_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "device"), ("reason__in", ["lost", "stolen", "scrapped"])),
                            models.Q(("kind", "recipient"), ("reason__in", ["dissolved", "silent"])),
                            _connector="OR",
                        ),
                        name="closing_reason_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agreed", None), ("answered_at", None), ("answered_by", None)),
                            models.Q(
                                ("agreed__isnull", False),
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="closing_answered_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasureCertificate",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("document", models.JSONField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("neighborhood", _to("residents.neighborhood", related_name="+")),
                ("order", _to("residents.erasureorder", null=True, related_name="certificates")),
                ("resident", _to("residents.resident", related_name="certificates")),
            ],
            options={
                "verbose_name": "certificate of a deletion",
                "verbose_name_plural": "certificates of deletions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("resident", "order", "number"),
                        name="certificate_number_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="certificate_is_numbered"
                    ),
                ],
            },
        ),
        AppendOnly("residents_erasurecertificate", erasable=True),
        SameNeighborhood(
            "residents_erasurecertificate",
            resident_id="residents_resident",
            order_id="residents_erasureorder",
        ),
        migrations.RunSQL(LONG_ERASED, NOT_LONG_ERASED),
        migrations.RunSQL(FORWARD_ONLY.format(period=PERIOD), FORWARD_ONLY.format(period="")),
        migrations.RunSQL(CERTIFICATE, NO_CERTIFICATE),
        migrations.RunSQL(CLOSING, NO_CLOSING),
    ]
