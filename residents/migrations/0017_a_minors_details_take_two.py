"""A minor's details are seen by one of the staff when another has approved it, for a time (obligation 16); and a court's bar
stands on a paper, by somebody who is no party to it (obligation 15)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from residents.same_neighborhood import SameNeighborhood

AGES = """
CREATE FUNCTION residents_birthday(born date, years integer) RETURNS date
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Who was born on a leap day is older on 1 March.
    SELECT (born + make_interval(years => years))::date
        + CASE WHEN extract(day FROM born) <> extract(day FROM born + make_interval(years => years)) THEN 1 ELSE 0 END
$$;
CREATE FUNCTION residents_is_minor(person uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(public.residents_birthday(r.born, 18) > public.residents_today(r.neighborhood_id), false)
        FROM public.residents_resident r WHERE r.id = $1
$$;
"""
NO_AGES = "DROP FUNCTION residents_is_minor(uuid); DROP FUNCTION residents_birthday(date, integer);"

TWO = """
-- One person with two accounts: two entries of the register of the same name that share a phone or a dwelling.
CREATE FUNCTION residents_one_person(one uuid, other uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 = $2 OR EXISTS (
        SELECT FROM public.residents_resident a JOIN public.residents_resident b ON a.name = b.name
        WHERE a.user_id = $1 AND b.user_id = $2 AND a.name <> '' AND (a.phone_index = b.phone_index
            OR EXISTS (SELECT FROM public.residents_occupancy x JOIN public.residents_occupancy y USING (unit_id)
                WHERE x.resident_id = a.id AND y.resident_id = b.id)
            OR EXISTS (SELECT FROM public.residents_ownership x JOIN public.residents_ownership y USING (unit_id)
                WHERE x.resident_id = a.id AND y.resident_id = b.id)))
$$;
"""
ONE = "DROP FUNCTION residents_one_person(uuid, uuid);"

LOOKING = """
CREATE FUNCTION residents_approval_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer CONSTANT text[] := ARRAY['answered_by_id', 'answered_capacity', 'answered_at', 'until'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was asked and answered is kept' USING ERRCODE = 'LM038';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.answered_at IS NOT NULL OR public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE THEN
            RAISE EXCEPTION 'one of the staff asks, and another answers' USING ERRCODE = 'LM038';
        END IF;
        NEW.asked_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - answer <> to_jsonb(OLD) - answer OR OLD.answered_at IS NOT NULL
        OR public.residents_one_person(NEW.answered_by_id, NEW.asked_by_id) IS NOT FALSE
        OR public.residents_is_staff(NEW.answered_by_id) IS NOT TRUE
        OR EXISTS (SELECT FROM public.residents_resident r
            WHERE r.id = NEW.resident_id AND r.user_id IN (NEW.answered_by_id, NEW.asked_by_id)) THEN
        RAISE EXCEPTION 'one of the staff asks, and another answers' USING ERRCODE = 'LM038';
    END IF;
    NEW.answered_at := clock_timestamp();
    IF NEW.until > NEW.answered_at + interval '2 hours' OR OLD.asked_at < NEW.answered_at - interval '1 day' THEN
        RAISE EXCEPTION 'an approval is fresh, and good for two hours' USING ERRCODE = 'LM038';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_approval_by_two BEFORE INSERT OR UPDATE OR DELETE ON residents_approval
    FOR EACH ROW EXECUTE FUNCTION residents_approval_by_two();
ALTER TABLE residents_approval ENABLE ALWAYS TRIGGER residents_approval_by_two;

CREATE FUNCTION residents_lookup_of_a_minor() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_is_minor(NEW.resident_id) AND NOT EXISTS (
        SELECT FROM public.residents_approval a WHERE a.id = NEW.approval_id AND a.resident_id = NEW.resident_id
            AND a.asked_by_id = NEW.by_id AND a.what = NEW.what AND a.event IS NOT DISTINCT FROM NEW.event
            AND a.until > clock_timestamp() AND NEW.until <= a.until) THEN
        RAISE EXCEPTION 'a minor''s details are seen when another of the staff has approved it' USING ERRCODE = 'LM038';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_lookup_of_a_minor BEFORE INSERT ON residents_lookup
    FOR EACH ROW EXECUTE FUNCTION residents_lookup_of_a_minor();
ALTER TABLE residents_lookup ENABLE ALWAYS TRIGGER residents_lookup_of_a_minor;
"""
ANYBODY_LOOKS = """
DROP TRIGGER residents_lookup_of_a_minor ON residents_lookup;
DROP FUNCTION residents_lookup_of_a_minor();
DROP TRIGGER residents_approval_by_two ON residents_approval;
DROP FUNCTION residents_approval_by_two();
"""

BARRING = """
CREATE OR REPLACE FUNCTION residents_guardianship_lawful() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ends CONSTANT text[] := ARRAY['until', 'barred_at', 'barred_by_id', 'bar_paper', 'bar_read_at', 'bar_read_by_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF public.residents_is_staff(NEW.verified_by_id) IS NOT TRUE OR NEW.barred_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM public.residents_resident c, public.residents_resident g
            WHERE c.id = NEW.child_id AND g.id = NEW.guardian_id
              AND public.residents_birthday(c.born, 14) > NEW.since
              AND (g.born IS NULL OR public.residents_birthday(g.born, 18) <= NEW.since)
              AND g.user_id IS DISTINCT FROM NEW.verified_by_id) THEN
            RAISE EXCEPTION 'a guardian is an adult, verified by somebody else, of a child under fourteen'
                USING ERRCODE = 'LM036';
        END IF;
        IF NEW.verified <> 'court' AND EXISTS (SELECT FROM public.residents_guardianship g
            WHERE g.child_id = NEW.child_id AND g.guardian_id = NEW.guardian_id AND g.barred_at IS NOT NULL) THEN
            RAISE EXCEPTION 'whom a court has barred, only a court lets in again' USING ERRCODE = 'LM036';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ends <> to_jsonb(OLD) - ends
        OR OLD.until IS NOT NULL AND NEW.until IS DISTINCT FROM OLD.until
        OR OLD.barred_at IS NOT NULL AND (NEW.barred_at, NEW.barred_by_id, NEW.bar_paper)
            IS DISTINCT FROM (OLD.barred_at, OLD.barred_by_id, OLD.bar_paper)
        OR OLD.bar_read_at IS NOT NULL AND (NEW.bar_read_at, NEW.bar_read_by_id)
            IS DISTINCT FROM (OLD.bar_read_at, OLD.bar_read_by_id)
        OR NEW.bar_read_at IS NOT NULL AND (public.residents_is_staff(NEW.bar_read_by_id) IS NOT TRUE
            OR public.residents_one_person(NEW.barred_by_id, NEW.bar_read_by_id) IS NOT FALSE) THEN
        RAISE EXCEPTION 'a guardianship only ends' USING ERRCODE = 'LM036';
    END IF;
    -- A parent who works at the desk bars no other parent.
    IF NEW.barred_at IS NOT NULL AND OLD.barred_at IS NULL AND (public.residents_is_staff(NEW.barred_by_id) IS NOT TRUE
        OR EXISTS (SELECT FROM public.residents_guardianship g JOIN public.residents_resident r
            ON r.id IN (g.guardian_id, g.child_id) WHERE g.child_id = NEW.child_id AND r.user_id = NEW.barred_by_id)) THEN
        RAISE EXCEPTION 'a court''s bar is written down by somebody of the staff who is no party to it'
            USING ERRCODE = 'LM036';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION residents_guardianship_bar_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_resident c WHERE c.id = OLD.child_id AND c.erased_at IS NULL
        AND public.residents_birthday(c.born, 14) > public.residents_today(OLD.neighborhood_id))
        AND EXISTS (SELECT FROM public.residents_resident g WHERE g.id = OLD.guardian_id AND g.erased_at IS NULL) THEN
        RAISE EXCEPTION 'a court''s bar is not forgotten while the child is one' USING ERRCODE = 'LM036';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER residents_guardianship_bar_stays BEFORE DELETE ON residents_guardianship
    FOR EACH ROW WHEN (OLD.barred_at IS NOT NULL) EXECUTE FUNCTION residents_guardianship_bar_stays();
ALTER TABLE residents_guardianship ENABLE ALWAYS TRIGGER residents_guardianship_bar_stays;
"""
NO_PAPER = """
DROP TRIGGER residents_guardianship_bar_stays ON residents_guardianship;
DROP FUNCTION residents_guardianship_bar_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0016_a_right_to_assess"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("contact", "Your name and phone number"),
                            ("entry", "Who passed a gate, and it was you or a visitor of yours"),
                        ],
                        default="contact",
                        max_length=20,
                    ),
                ),
                ("event", models.UUIDField(null=True)),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "answered_capacity",
                    models.CharField(blank=True, max_length=40, verbose_name="approved in which role"),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True, verbose_name="may look until")),
            ],
            options={
                "verbose_name": "approval of a look-up",
                "verbose_name_plural": "approvals of look-ups",
            },
        ),
        migrations.AlterModelOptions(
            name="neighborhood",
            options={
                "permissions": [
                    ("view_register", "See the register, masked"),
                    ("look_up", "Unmask a resident's contact details, with a reason"),
                    ("approve_minors", "Approve that somebody else looks at a minor's details"),
                    ("manage_register", "Add and correct residents and dwellings"),
                    ("manage_access", "Gates, devices, cards and rules"),
                    ("publish_forms", "Draft and publish consent forms"),
                    ("assess", "Justify and assess the use of faces, and confirm what another wrote"),
                    ("draft_sharing", "Draft a data-sharing request"),
                    ("approve_sharing", "Open and release a data-sharing request"),
                    ("settle_departures", "Settle a dispute about who lives where"),
                    ("audit", "Read the record of look-ups, decisions, disclosures and erasures"),
                ],
                "verbose_name": "neighborhood",
                "verbose_name_plural": "neighborhoods",
            },
        ),
        migrations.AddField(
            model_name="guardianship",
            name="bar_paper",
            field=models.CharField(
                blank=True, max_length=120, verbose_name="where the court's paper is kept"
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="bar_read_at",
            field=models.DateTimeField(null=True, verbose_name="read by a second of the staff"),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="bar_read_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="erasureorder",
            name="cause",
            field=models.CharField(
                choices=[
                    ("withdrawn", "you stopped it"),
                    ("expired", "the time you agreed to is over"),
                    ("form_changed", "the form changed"),
                    ("retired", "it is no longer offered here"),
                    ("moved_out", "you do not live here any more"),
                    ("died", "a death was recorded"),
                    ("unheld", "no guardian who had agreed decides any more"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("bar_paper", ""), ("barred_at", None), ("barred_by", None)),
                    models.Q(
                        ("barred_at__isnull", False),
                        ("barred_by__isnull", False),
                        ("until__isnull", False),
                        models.Q(("bar_paper", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="guardianship_barred_by_a_paper",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("bar_read_at", None), ("bar_read_by", None)),
                    models.Q(
                        ("bar_read_at__isnull", False),
                        ("bar_read_by__isnull", False),
                        ("barred_at__isnull", False),
                        models.Q(("bar_read_by", models.F("barred_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="guardianship_bar_read_by_a_second",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="answered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="lookup",
            name="approval",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="look_up",
                to="residents.approval",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("answered_at", None)),
                fields=["neighborhood", "asked_at"],
                name="approval_to_answer",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="approval_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event", None), ("what", "contact")),
                    models.Q(("event__isnull", False), ("what", "entry")),
                    _connector="OR",
                ),
                name="approval_says_what_it_opens",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answered_at", None),
                        ("answered_by", None),
                        ("answered_capacity", ""),
                        ("until", None),
                    ),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("answered_by__isnull", False),
                        models.Q(("answered_capacity", ""), _negated=True),
                        models.Q(("answered_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="approval_by_a_second",
            ),
        ),
        migrations.RunSQL(AGES, NO_AGES),
        migrations.RunSQL(TWO, ONE),
        migrations.RunSQL(LOOKING, ANYBODY_LOOKS),
        migrations.RunSQL(BARRING, NO_PAPER),
        SameNeighborhood("residents_approval", resident_id="residents_resident"),
    ]
