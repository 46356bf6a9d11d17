"""A gate's methods change by a plan that was announced, or, for faces alone, at once after an incident (A3, laws 1, 2, 13).

From its first day in service on, a gate's method columns move only in the transaction that carries out a change of
exactly these methods: planned by one of the staff, confirmed by another, announced fourteen days before by the calendar
of the neighborhood, its day come by the database's clock, and nobody who may pass left without a card, or a PIN where
the gate keeps its keypad. Out of service too, or taking it out for a minute would be a way round.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

SPELLED = """
CREATE FUNCTION access_methods_spelled(card boolean, pin boolean, qr boolean, face boolean, fingerprint boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS 'SELECT concat_ws('','', CASE WHEN $1 THEN ''card'' END, CASE WHEN $2 THEN ''pin'' END, CASE WHEN $3 THEN ''qr'' END,
        CASE WHEN $4 THEN ''face'' END, CASE WHEN $5 THEN ''fingerprint'' END)';

CREATE FUNCTION access_left_without(gate uuid, keypad boolean) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.id FROM public.residents_resident r
        JOIN public.access_gate g ON g.id = $1 AND g.neighborhood_id = r.neighborhood_id
        CROSS JOIN LATERAL public.residents_today(g.neighborhood_id) AS today
        WHERE r.erased_at IS NULL AND r.left_at IS NULL
          -- Small children come in with somebody: `access.plain_ways.CARRIED_BEFORE_YEARS`.
          AND (r.born IS NULL OR r.born <= today - 6 * 365)
          AND EXISTS (SELECT FROM public.access_rule u WHERE u.gate_id = $1 AND (u.resident_id = r.id
              OR u.unit_id IN (SELECT o.unit_id FROM public.residents_occupancy o WHERE o.resident_id = r.id
                  AND o.since <= today AND (o.until IS NULL OR o.until > today))))
          AND NOT EXISTS (SELECT FROM public.access_credential c WHERE c.resident_id = r.id AND c.ended_at IS NULL
              AND (c.kind = 'card' OR ($2 AND c.kind = 'pin')))
$$;
"""
UNSPELLED = """
DROP FUNCTION access_left_without(uuid, boolean);
DROP FUNCTION access_methods_spelled(boolean, boolean, boolean, boolean, boolean);
"""

PLAN = """
CREATE FUNCTION access_methodchange_lawful() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    door public.access_gate%ROWTYPE;
    takes text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a change of methods stays on record' USING ERRCODE = 'LM050';
    END IF;
    -- Whoever changes a gate, or plans to, takes it: of two, the second sees what the first did.
    SELECT * INTO door FROM public.access_gate WHERE id = NEW.gate_id FOR NO KEY UPDATE;
    takes := public.access_methods_spelled(door.by_card, door.by_pin, door.by_qr, door.by_face, door.by_fingerprint);
    IF TG_OP = 'INSERT' THEN
        NEW.planned_at := clock_timestamp();
        IF door.served_since IS NULL OR NEW.before <> takes OR NEW.after = NEW.before OR btrim(NEW.why) = ''
            OR public.residents_is_staff(NEW.planned_by_id) IS NOT TRUE
            OR num_nonnulls(NEW.confirmed_by_id, NEW.announced_at, NEW.held_up_at, NEW.called_off_by_id,
                NEW.called_off_at) > 0 THEN
            RAISE EXCEPTION 'a change begins at its beginning' USING ERRCODE = 'LM050';
        END IF;
        IF NEW.kind = 'incident' THEN
            IF NEW.state <> 'done' OR NEW.takes_effect_on IS NOT NULL OR NOT door.by_face
                OR NEW.after <> public.access_methods_spelled(door.by_card, door.by_pin, door.by_qr, false,
                    door.by_fingerprint) THEN
                RAISE EXCEPTION 'nothing but faces is switched off at once' USING ERRCODE = 'LM050';
            END IF;
            NEW.done_at := transaction_timestamp();
        ELSIF NEW.kind <> 'planned' OR NEW.state <> 'planned' OR NEW.takes_effect_on IS NULL
            OR NEW.done_at IS NOT NULL THEN
            RAISE EXCEPTION 'a change begins at its beginning' USING ERRCODE = 'LM050';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ARRAY['state', 'confirmed_by_id', 'announced_at', 'held_up_at', 'done_at', 'called_off_by_id',
            'called_off_at']
        <> to_jsonb(OLD) - ARRAY['state', 'confirmed_by_id', 'announced_at', 'held_up_at', 'done_at',
            'called_off_by_id', 'called_off_at'] THEN
        RAISE EXCEPTION 'what was planned is not rewritten' USING ERRCODE = 'LM050';
    END IF;
    CASE OLD.state || ' ' || NEW.state
    WHEN 'planned announced' THEN
        IF NEW.confirmed_by_id IS NULL OR NEW.confirmed_by_id = NEW.planned_by_id
            OR public.residents_is_staff(NEW.confirmed_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'one of the staff is not two' USING ERRCODE = 'LM051';
        END IF;
        IF NEW.takes_effect_on < public.residents_today(NEW.neighborhood_id) + 14 THEN
            RAISE EXCEPTION 'a change is announced fourteen days before' USING ERRCODE = 'LM052';
        END IF;
        NEW.announced_at := clock_timestamp();
    WHEN 'announced announced' THEN
        IF NEW.confirmed_by_id <> OLD.confirmed_by_id OR NEW.announced_at <> OLD.announced_at THEN
            RAISE EXCEPTION 'what was announced is not rewritten' USING ERRCODE = 'LM050';
        END IF;
    WHEN 'announced done' THEN
        IF NEW.confirmed_by_id <> OLD.confirmed_by_id OR NEW.announced_at <> OLD.announced_at THEN
            RAISE EXCEPTION 'what was announced is not rewritten' USING ERRCODE = 'LM050';
        END IF;
        IF NEW.takes_effect_on > public.residents_today(NEW.neighborhood_id) THEN
            RAISE EXCEPTION 'the day has not come' USING ERRCODE = 'LM052';
        END IF;
        IF NOT door.in_service THEN
            RAISE EXCEPTION 'a gate out of service waits' USING ERRCODE = 'LM052';
        END IF;
        NEW.done_at := transaction_timestamp();
    WHEN 'planned called_off', 'announced called_off' THEN
        NEW.called_off_at := clock_timestamp();
        RETURN NEW;
    ELSE
        RAISE EXCEPTION 'a change does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'LM050';
    END CASE;
    IF NEW.state <> OLD.state THEN
        IF NEW.before <> takes THEN
            RAISE EXCEPTION 'the gate takes other methods by now' USING ERRCODE = 'LM052';
        END IF;
        IF EXISTS (SELECT FROM public.access_left_without(NEW.gate_id, NEW.after LIKE '%,pin%')) THEN
            RAISE EXCEPTION 'somebody would be left without a way in' USING ERRCODE = 'LM053',
                HINT = 'Give each of them a card first.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_methodchange_lawful BEFORE INSERT OR UPDATE OR DELETE ON access_methodchange
    FOR EACH ROW EXECUTE FUNCTION access_methodchange_lawful();
ALTER TABLE access_methodchange ENABLE ALWAYS TRIGGER access_methodchange_lawful;

CREATE FUNCTION access_methodchange_really_done() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.access_gate g WHERE g.id = NEW.gate_id AND NEW.after
            = public.access_methods_spelled(g.by_card, g.by_pin, g.by_qr, g.by_face, g.by_fingerprint)) THEN
        RAISE EXCEPTION 'a change that is done shows at its gate' USING ERRCODE = 'LM050';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER access_methodchange_really_done AFTER INSERT OR UPDATE ON access_methodchange
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'done')
    EXECUTE FUNCTION access_methodchange_really_done();
ALTER TABLE access_methodchange ENABLE ALWAYS TRIGGER access_methodchange_really_done;
"""
NO_PLAN = """
DROP TRIGGER access_methodchange_really_done ON access_methodchange;
DROP FUNCTION access_methodchange_really_done();
DROP TRIGGER access_methodchange_lawful ON access_methodchange;
DROP FUNCTION access_methodchange_lawful();
"""

GATE = """
UPDATE access_gate SET served_since = now() WHERE in_service;
CREATE FUNCTION access_gate_served_since() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.served_since := CASE WHEN NEW.in_service THEN clock_timestamp() END;
    IF TG_OP = 'UPDATE' THEN
        NEW.served_since := COALESCE(OLD.served_since, NEW.served_since);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_gate_served_since BEFORE INSERT OR UPDATE ON access_gate
    FOR EACH ROW EXECUTE FUNCTION access_gate_served_since();
ALTER TABLE access_gate ENABLE ALWAYS TRIGGER access_gate_served_since;

-- Asked after the constraints of the table, so that each of them goes on speaking for itself.
CREATE FUNCTION access_gate_changes_by_plan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text;
    will text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.served_since IS NOT NULL THEN
            RAISE EXCEPTION 'a gate that served is not deleted' USING ERRCODE = 'LM054';
        END IF;
        RETURN NULL;
    END IF;
    was := public.access_methods_spelled(OLD.by_card, OLD.by_pin, OLD.by_qr, OLD.by_face, OLD.by_fingerprint);
    will := public.access_methods_spelled(NEW.by_card, NEW.by_pin, NEW.by_qr, NEW.by_face, NEW.by_fingerprint);
    IF OLD.served_since IS NOT NULL AND (NEW.id <> OLD.id OR will <> was AND NOT EXISTS (
            SELECT FROM public.access_methodchange c WHERE c.gate_id = OLD.id AND c.state = 'done'
                AND c.done_at = transaction_timestamp() AND c.before = was AND c.after = will)) THEN
        RAISE EXCEPTION 'what a gate opens by is changed by an announced plan' USING ERRCODE = 'LM054',
            HINT = 'Plan it: access.changing.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER access_gate_changes_by_plan AFTER UPDATE OR DELETE ON access_gate
    FOR EACH ROW EXECUTE FUNCTION access_gate_changes_by_plan();
ALTER TABLE access_gate ENABLE ALWAYS TRIGGER access_gate_changes_by_plan;
"""
GATE_FREE = """
DROP TRIGGER access_gate_changes_by_plan ON access_gate;
DROP FUNCTION access_gate_changes_by_plan();
DROP TRIGGER access_gate_served_since ON access_gate;
DROP FUNCTION access_gate_served_since();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0018_the_same_in_other_words"),
        ("residents", "0015_a_court_may_bar_a_guardian"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="gate",
            name="served_since",
            field=models.DateTimeField(editable=False, null=True, verbose_name="in service since"),
        ),
        migrations.CreateModel(
            name="MethodChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("planned", "planned"), ("incident", "faces switched off at once")],
                        default="planned",
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "waits for a second person"),
                            ("announced", "announced"),
                            ("done", "done"),
                            ("called_off", "called off"),
                        ],
                        default="planned",
                        max_length=20,
                    ),
                ),
                ("before", models.CharField(max_length=60)),
                ("after", models.CharField(max_length=60)),
                ("why", models.CharField(max_length=300, verbose_name="why")),
                ("takes_effect_on", models.DateField(null=True, verbose_name="from which day")),
                ("planned_at", models.DateTimeField()),
                ("announced_at", models.DateTimeField(null=True)),
                ("held_up_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("called_off_at", models.DateTimeField(null=True)),
                (
                    "called_off_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="access.gate"
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
                (
                    "planned_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["planned", "announced"])),
                        fields=("gate",),
                        name="methodchange_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("after__regex", "^card(,pin)?(,qr)?(,face)?(,fingerprint)?$")),
                        name="methodchange_keeps_the_card",
                    ),
                ],
            },
        ),
        SameNeighborhood("access_methodchange", gate_id="access_gate"),
        migrations.RunSQL(SPELLED, UNSPELLED),
        migrations.RunSQL(PLAN, NO_PLAN),
        migrations.RunSQL(GATE, GATE_FREE),
    ]
