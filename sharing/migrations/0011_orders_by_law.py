"""Orders by law: what an authority asks for, about whom, and when these people are told.

An order is a request of the kind `order`: it is read by two others (LM121, LM122) and leaves as everything leaves, but what is
due by it are the people whom it names, and nobody's yes is asked. LM140: it never changes, and names people before anybody
reads it. LM141: only with its paper and its people does it go on, and nobody answers it. LM142: what was given by it is not
asked back, for an authority keeps what a law lets it have.
"""

import datetime
import uuid
from importlib import import_module

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

TWO = import_module("sharing.migrations.0005_two_read_it_and_a_contract_ends")
EXACTLY = import_module("sharing.migrations.0007_exactly_what_was_agreed_to")


def _function(sql: str, name: str) -> str:
    body = sql.split(f"CREATE FUNCTION {name}(", 1)[1].split("\n$$;", 1)[0]
    return f"CREATE OR REPLACE FUNCTION {name}({body}\n$$;"


KINDS_BEFORE = _function(TWO.MEASURES, "sharing_kind_allows")
KINDS = KINDS_BEFORE.replace("('delivery', 'repair', 'care')", "('delivery', 'repair', 'care', 'order')")
# An authority needs no contract to be obeyed, even where it has one for other things.
READ_BEFORE = _function(TWO.TWO, "sharing_request_read_by_two")
READ = READ_BEFORE.replace(
    "IF contract.id IS NULL AND EXISTS", "IF contract.id IS NULL AND NEW.kind <> 'order' AND EXISTS"
)
ROWS_BEFORE = _function(EXACTLY.ROWS, "sharing_disclosedrow_by_own_yes")
ROWS = ROWS_BEFORE.replace(
    "(w.answer_id, w.fields, w.tag) IS DISTINCT FROM\n                (due.answer, due.fields,",
    "(w.answer_id, w.order_id, w.fields, w.tag) IS DISTINCT FROM\n                (due.answer,"
    " CASE WHEN due.answer IS NULL THEN (SELECT o.id FROM public.sharing_order o WHERE o.request_id = asked) END, due.fields,",
)

DUE = """
ALTER FUNCTION sharing_due(uuid) RENAME TO sharing_agreed;

-- Of whom an order names, the fields that it names and that are there to give. Whoever moved out is still somebody it may name.
CREATE FUNCTION sharing_ordered(request uuid)
RETURNS TABLE (resident uuid, answer bigint, fields jsonb, name text, dwelling text, phone bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH given AS (
        SELECT r.id,
            CASE WHEN q.fields ? 'name' THEN r.name ELSE '' END AS name,
            CASE WHEN q.fields ? 'dwelling' THEN coalesce((
                SELECT string_agg(b.name || ' ' || u.number, '、' ORDER BY o.since, o.id)
                FROM public.residents_occupancy o JOIN public.residents_unit u ON u.id = o.unit_id
                JOIN public.residents_building b ON b.id = u.building_id WHERE o.resident_id = r.id
                AND o.since <= day.today AND (o.until IS NULL OR o.until > day.today)), '') ELSE '' END AS dwelling,
            CASE WHEN q.fields ? 'phone' THEN r.phone_sealed END AS phone
        FROM public.sharing_request q JOIN public.sharing_order ordered ON ordered.request_id = q.id
        JOIN public.sharing_orderperson named ON named.order_id = ordered.id
        JOIN public.residents_resident r ON r.id = named.resident_id AND r.neighborhood_id = q.neighborhood_id
        CROSS JOIN LATERAL (SELECT public.residents_today(q.neighborhood_id) AS today OFFSET 0) day
        WHERE q.id = $1 AND q.kind = 'order' AND r.erased_at IS NULL AND public.sharing_may_be_given(q.id)
    )
    SELECT id, NULL::bigint, to_jsonb(array_remove(ARRAY[CASE WHEN name <> '' THEN 'name' END,
        CASE WHEN dwelling <> '' THEN 'dwelling' END, CASE WHEN phone IS NOT NULL THEN 'phone' END], NULL)),
        name, dwelling, phone
    FROM given WHERE name <> '' OR dwelling <> '' OR phone IS NOT NULL
$$;

CREATE FUNCTION sharing_due(request uuid)
RETURNS TABLE (resident uuid, answer bigint, fields jsonb, name text, dwelling text, phone bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM public.sharing_agreed($1) UNION ALL SELECT * FROM public.sharing_ordered($1)
$$;
"""
NO_DUE = """
DROP FUNCTION sharing_due(uuid);
DROP FUNCTION sharing_ordered(uuid);
ALTER FUNCTION sharing_agreed(uuid) RENAME TO sharing_due;
"""

ORDER = """
-- Whether nobody has said anything of it yet. Whoever reads it waits for this.
CREATE FUNCTION sharing_order_is_unread(request uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.sharing_request q WHERE q.id = $1 AND q.kind = 'order' AND q.state = 'draft' FOR UPDATE;
    RETURN FOUND AND NOT EXISTS (SELECT FROM public.sharing_review v WHERE v.request_id = $1);
END
$$;

CREATE FUNCTION sharing_order_as_drafted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'told_at' <> to_jsonb(OLD) - 'told_at' OR OLD.told_at IS NOT NULL OR NEW.told_at IS NULL THEN
            RAISE EXCEPTION 'an order never changes' USING ERRCODE = 'LM140';
        END IF;
        IF OLD.tell_on > clock_timestamp() THEN
            RAISE EXCEPTION 'the day on which they are told has not come' USING ERRCODE = 'LM140';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT FROM public.sharing_request q WHERE q.id = OLD.request_id AND (q.state NOT IN ('draft', 'refused')
            OR EXISTS (SELECT FROM public.sharing_review v WHERE v.request_id = q.id))) THEN
            RAISE EXCEPTION 'an order that somebody has read is kept' USING ERRCODE = 'LM140';
        END IF;
        RETURN OLD;
    END IF;
    IF NOT public.sharing_order_is_unread(NEW.request_id) OR NEW.told_at IS NOT NULL THEN
        RAISE EXCEPTION 'an order is written down before anybody reads it' USING ERRCODE = 'LM140';
    END IF;
    IF NOT EXISTS (SELECT FROM public.sharing_request q JOIN public.sharing_recipient r ON r.id = q.recipient_id
        WHERE q.id = NEW.request_id AND r.id = NEW.authority_id AND r.role = 'authority' AND r.jurisdiction = 'CN') THEN
        RAISE EXCEPTION 'only an authority of this country orders anything' USING ERRCODE = 'LM140';
    END IF;
    NEW.drafted_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_order_as_drafted BEFORE INSERT OR UPDATE OR DELETE ON sharing_order
    FOR EACH ROW EXECUTE FUNCTION sharing_order_as_drafted();
ALTER TABLE sharing_order ENABLE ALWAYS TRIGGER sharing_order_as_drafted;

CREATE FUNCTION sharing_orderperson_before_it_is_read() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    SELECT q.* INTO asked FROM public.sharing_request q JOIN public.sharing_order o ON o.request_id = q.id
        WHERE o.id = CASE TG_OP WHEN 'DELETE' THEN OLD.order_id ELSE NEW.order_id END;
    IF TG_OP = 'DELETE' AND asked.state = 'refused'
        AND NOT EXISTS (SELECT FROM public.sharing_review v WHERE v.request_id = asked.id) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' OR NOT public.sharing_order_is_unread(asked.id) THEN
        RAISE EXCEPTION 'whom an order names stands once somebody has read it' USING ERRCODE = 'LM140';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = NEW.resident_id AND r.erased_at IS NULL) THEN
        RAISE EXCEPTION 'nobody like that is in the register' USING ERRCODE = 'LM140';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_orderperson_before_it_is_read BEFORE INSERT OR UPDATE OR DELETE ON sharing_orderperson
    FOR EACH ROW EXECUTE FUNCTION sharing_orderperson_before_it_is_read();
ALTER TABLE sharing_orderperson ENABLE ALWAYS TRIGGER sharing_orderperson_before_it_is_read;

CREATE FUNCTION sharing_request_by_its_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.kind = 'order') <> (OLD.kind = 'order') THEN
        RAISE EXCEPTION 'what residents decide on and what a law orders are two things' USING ERRCODE = 'LM141';
    END IF;
    IF NEW.kind <> 'order' THEN
        RETURN NEW;
    END IF;
    IF NEW.audience <> '{}' OR NEW.repeats_until IS NOT NULL OR NEW.contract_id IS NOT NULL OR NEW.onward <> ''
        OR NEW.basis <> 'duty' THEN
        RAISE EXCEPTION 'an order names people, is obeyed once, and rests on a law' USING ERRCODE = 'LM141';
    END IF;
    IF NEW.state NOT IN ('draft', 'refused') AND NOT EXISTS (SELECT FROM public.sharing_order o
        WHERE o.request_id = NEW.id AND o.authority_id = NEW.recipient_id
        AND EXISTS (SELECT FROM public.sharing_orderperson p WHERE p.order_id = o.id)) THEN
        RAISE EXCEPTION 'nothing is given by an order without its paper and its people' USING ERRCODE = 'LM141';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_request_by_its_order BEFORE INSERT OR UPDATE ON sharing_request
    FOR EACH ROW EXECUTE FUNCTION sharing_request_by_its_order();
ALTER TABLE sharing_request ENABLE ALWAYS TRIGGER sharing_request_by_its_order;

CREATE FUNCTION sharing_answer_to_no_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.sharing_request q WHERE q.id = NEW.request_id AND q.kind = 'order') THEN
        RAISE EXCEPTION 'nobody is asked about an order, and nobody answers it' USING ERRCODE = 'LM141';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_answer_to_no_order BEFORE INSERT ON sharing_answer
    FOR EACH ROW EXECUTE FUNCTION sharing_answer_to_no_order();
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_to_no_order;

CREATE FUNCTION sharing_order_is_not_asked_back() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.sharing_disclosedrow r WHERE r.id = NEW.row_id AND r.order_id IS NOT NULL) THEN
        RAISE EXCEPTION 'an authority keeps what a law lets it have' USING ERRCODE = 'LM142';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_order_is_not_asked_back BEFORE INSERT ON sharing_recallline
    FOR EACH ROW EXECUTE FUNCTION sharing_order_is_not_asked_back();
ALTER TABLE sharing_recallline ENABLE ALWAYS TRIGGER sharing_order_is_not_asked_back;
"""
NO_ORDER = """
DROP TRIGGER sharing_order_is_not_asked_back ON sharing_recallline;
DROP FUNCTION sharing_order_is_not_asked_back();
DROP TRIGGER sharing_answer_to_no_order ON sharing_answer;
DROP FUNCTION sharing_answer_to_no_order();
DROP TRIGGER sharing_request_by_its_order ON sharing_request;
DROP FUNCTION sharing_request_by_its_order();
DROP TRIGGER sharing_orderperson_before_it_is_read ON sharing_orderperson;
DROP FUNCTION sharing_orderperson_before_it_is_read();
DROP TRIGGER sharing_order_as_drafted ON sharing_order;
DROP FUNCTION sharing_order_as_drafted();
DROP FUNCTION sharing_order_is_unread(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0033_the_fewest_that_are_counted"),
        ("sharing", "0010_numbers_instead_of_names"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderPerson",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.AlterField(
            model_name="disclosedrow",
            name="answer",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sharing.answer"
            ),
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "legal_basis",
                    models.CharField(
                        help_text="The law and its paragraph, as the order names them.",
                        max_length=300,
                        verbose_name="by which law",
                    ),
                ),
                ("document", models.CharField(max_length=200, verbose_name="where the order is kept")),
                (
                    "document_sha256",
                    models.CharField(
                        help_text="SHA-256 of its scan: sixty-four of 0–9 and a–f.",
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9a-f]{64}\\Z", "Sixty-four of 0–9 and a–f: the SHA-256 of its scan."
                            )
                        ],
                        verbose_name="check number of the order",
                    ),
                ),
                (
                    "tell_on",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="told on"),
                ),
                (
                    "forbidden_by",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Empty: the people are told at once.",
                        max_length=300,
                        verbose_name="which law forbids telling now",
                    ),
                ),
                (
                    "drafted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="drafted at",
                    ),
                ),
                ("told_at", models.DateTimeField(editable=False, null=True)),
                (
                    "authority",
                    models.ForeignKey(
                        limit_choices_to={"jurisdiction": "CN", "role": "authority"},
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="sharing.recipient",
                        verbose_name="authority",
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="order",
                        to="sharing.request",
                    ),
                ),
            ],
            options={
                "verbose_name": "order by law",
                "verbose_name_plural": "orders by law",
            },
        ),
        migrations.AddField(
            model_name="disclosedrow",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sharing.order",
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosedrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer__isnull", False), ("order", None)),
                    models.Q(("answer", None), ("order__isnull", False)),
                    _connector="OR",
                ),
                name="disclosed_by_answer_or_order",
            ),
        ),
        migrations.AddField(
            model_name="orderperson",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="orderperson",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="people", to="sharing.order"
            ),
        ),
        migrations.AddField(
            model_name="orderperson",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("legal_basis", ""), _negated=True),
                    models.Q(("document", ""), _negated=True),
                    ("document_sha256__regex", "^[0-9a-f]{64}$"),
                ),
                name="order_says_by_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("forbidden_by", ""), ("tell_on", None)),
                    models.Q(("tell_on__isnull", False), models.Q(("forbidden_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="order_tells_or_says_why_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tell_on", None),
                    (
                        "tell_on__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("drafted_at"), "+", models.Value(datetime.timedelta(days=90))
                        ),
                    ),
                    _connector="OR",
                ),
                name="order_tells_in_ninety_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderperson",
            constraint=models.UniqueConstraint(fields=("order", "resident"), name="ordered_once"),
        ),
        migrations.RunSQL(DUE, NO_DUE),
        migrations.RunSQL(KINDS, KINDS_BEFORE),
        migrations.RunSQL(READ, READ_BEFORE),
        migrations.RunSQL(ROWS, ROWS_BEFORE),
        migrations.RunSQL(ORDER, NO_ORDER),
        SameNeighborhood("sharing_order", request_id="sharing_request", authority_id="sharing_recipient"),
        SameNeighborhood("sharing_orderperson", order_id="sharing_order", resident_id="residents_resident"),
    ]
