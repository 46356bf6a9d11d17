"""Nobody looks at more than a few people's details in an hour and a day, two accounts of one person together; and where a life is
in danger one of the staff alone opens them, loudly, and somebody else looks at it afterwards (obligations 16, 23 and 27)."""

import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood

ACCOUNTS = """
-- All accounts of the person who has this one, as far as the register knows.
CREATE FUNCTION residents_accounts_of(account uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1
    UNION SELECT b.user_id FROM public.residents_resident a JOIN public.residents_resident b ON a.name = b.name
        WHERE a.user_id = $1 AND b.user_id IS NOT NULL AND a.name <> '' AND public.residents_one_person($1, b.user_id)
$$;
-- Of one person one thing at a time, until the end of the transaction. Accounts of one person share a name.
CREATE FUNCTION residents_one_at_a_time(account uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held bigint;
BEGIN
    FOR held IN SELECT DISTINCT hashtextextended('residents.looks ' || who, 0) AS key FROM (
        SELECT account::text AS who
        UNION SELECT r.name FROM public.residents_resident r WHERE r.user_id = account AND r.name <> '') w ORDER BY key
    LOOP
        PERFORM pg_advisory_xact_lock(held);
    END LOOP;
END
$$;
"""
NO_ACCOUNTS = "DROP FUNCTION residents_one_at_a_time(uuid); DROP FUNCTION residents_accounts_of(uuid);"

FEW = """
CREATE FUNCTION residents_lookup_are_few() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    in_an_hour bigint;
    in_a_day bigint;
BEGIN
    -- What is longer ago than a day opens nothing any more. Where a life is in danger another law counts; and to practise is
    -- not to look.
    IF NEW.at <= clock_timestamp() - interval '1 day' OR NEW.emergency_id IS NOT NULL OR EXISTS (
        SELECT FROM public.residents_neighborhood n WHERE n.id = NEW.neighborhood_id AND n.practice) THEN
        RETURN NEW;
    END IF;
    PERFORM public.residents_one_at_a_time(NEW.by_id);
    SELECT count(*) FILTER (WHERE l.at > clock_timestamp() - interval '1 hour'), count(*)
        INTO in_an_hour, in_a_day
        FROM public.residents_lookup l JOIN public.residents_neighborhood n ON n.id = l.neighborhood_id
        WHERE l.at > clock_timestamp() - interval '1 day' AND l.emergency_id IS NULL AND NOT n.practice
            AND l.by_id IN (SELECT public.residents_accounts_of(NEW.by_id));
    IF in_an_hour >= 30 OR in_a_day >= 100 THEN
        RAISE EXCEPTION 'nobody looks at more than thirty people in an hour, or a hundred in a day'
            USING ERRCODE = 'LM134';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_lookup_are_few BEFORE INSERT ON residents_lookup
    FOR EACH ROW EXECUTE FUNCTION residents_lookup_are_few();
ALTER TABLE residents_lookup ENABLE ALWAYS TRIGGER residents_lookup_are_few;
"""
MANY = "DROP TRIGGER residents_lookup_are_few ON residents_lookup; DROP FUNCTION residents_lookup_are_few();"

OF_A_MINOR = """
CREATE OR REPLACE FUNCTION residents_lookup_of_a_minor() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF {alone}public.residents_is_minor(NEW.resident_id) AND NOT EXISTS (
        SELECT FROM public.residents_approval a WHERE a.id = NEW.approval_id AND a.resident_id = NEW.resident_id
            AND a.asked_by_id = NEW.by_id AND a.what = NEW.what AND a.event IS NOT DISTINCT FROM NEW.event
            AND a.until > clock_timestamp() AND NEW.until <= a.until) THEN
        RAISE EXCEPTION 'a minor''s details are seen when another of the staff has approved it' USING ERRCODE = 'LM038';
    END IF;
    RETURN NEW;
END
$$;
"""
# What an emergency is, the next law says.
ALONE = "NEW.emergency_id IS NULL AND "

IN_DANGER = """
CREATE FUNCTION residents_lookup_of_an_emergency() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.residents_emergency e WHERE e.id = NEW.emergency_id AND e.by_id = NEW.by_id
            AND e.neighborhood_id = NEW.neighborhood_id AND NEW.what = 'contact' AND NEW.at >= e.at
            AND NEW.until <= e.until AND e.until > clock_timestamp() AND (e.resident_id = NEW.resident_id OR EXISTS (
                SELECT FROM public.residents_occupancy o WHERE o.unit_id = e.unit_id AND o.resident_id = NEW.resident_id
                    AND o.since <= public.residents_today(e.neighborhood_id)
                    AND (o.until IS NULL OR o.until > public.residents_today(e.neighborhood_id))))) THEN
        RAISE EXCEPTION 'an emergency opens the one person, or those of the one dwelling, while it lasts'
            USING ERRCODE = 'LM135';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_lookup_of_an_emergency BEFORE INSERT ON residents_lookup
    FOR EACH ROW WHEN (NEW.emergency_id IS NOT NULL) EXECUTE FUNCTION residents_lookup_of_an_emergency();
ALTER TABLE residents_lookup ENABLE ALWAYS TRIGGER residents_lookup_of_an_emergency;

CREATE FUNCTION residents_emergency_is_answered_for() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_is_staff(NEW.by_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'an emergency is opened by one of the staff' USING ERRCODE = 'LM136';
    END IF;
    PERFORM public.residents_one_at_a_time(NEW.by_id);
    IF (SELECT count(*) FROM public.residents_emergency e
        WHERE e.by_id IN (SELECT public.residents_accounts_of(NEW.by_id))
            AND NOT EXISTS (SELECT FROM public.residents_emergencyreview r WHERE r.emergency_id = e.id)) >= 2 THEN
        RAISE EXCEPTION 'whoever has two emergencies that nobody looked at since opens no third'
            USING ERRCODE = 'LM136';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_emergency_is_answered_for BEFORE INSERT ON residents_emergency
    FOR EACH ROW EXECUTE FUNCTION residents_emergency_is_answered_for();
ALTER TABLE residents_emergency ENABLE ALWAYS TRIGGER residents_emergency_is_answered_for;

CREATE FUNCTION residents_emergencyreview_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.residents_is_staff(NEW.by_id) IS NOT TRUE OR EXISTS (
        SELECT FROM public.residents_emergency e WHERE e.id = NEW.emergency_id
            AND (public.residents_one_person(NEW.by_id, e.by_id) IS NOT FALSE OR EXISTS (
                SELECT FROM public.residents_lookup l JOIN public.residents_resident r ON r.id = l.resident_id
                WHERE l.emergency_id = e.id AND r.user_id = NEW.by_id))) THEN
        RAISE EXCEPTION 'an emergency is looked at by somebody else of the staff, whom it did not open'
            USING ERRCODE = 'LM137';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_emergencyreview_by_another BEFORE INSERT ON residents_emergencyreview
    FOR EACH ROW EXECUTE FUNCTION residents_emergencyreview_by_another();
ALTER TABLE residents_emergencyreview ENABLE ALWAYS TRIGGER residents_emergencyreview_by_another;
"""
NOT_IN_DANGER = """
DROP TRIGGER residents_emergencyreview_by_another ON residents_emergencyreview;
DROP FUNCTION residents_emergencyreview_by_another();
DROP TRIGGER residents_emergency_is_answered_for ON residents_emergency;
DROP FUNCTION residents_emergency_is_answered_for();
DROP TRIGGER residents_lookup_of_an_emergency ON residents_lookup;
DROP FUNCTION residents_lookup_of_an_emergency();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0031_recipients_are_waited_for"),
    ]

    operations = [
        migrations.CreateModel(
            name="Emergency",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("told", models.CharField(max_length=200, verbose_name="who was told or called")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="EmergencyReview",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("needed", models.BooleanField()),
                ("words", models.CharField(max_length=300, verbose_name="in your words")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddIndex(
            model_name="resident",
            index=models.Index(
                condition=models.Q(("user__isnull", False)),
                fields=["name"],
                name="resident_by_name_of_account",
            ),
        ),
        migrations.AddField(
            model_name="emergency",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="emergency",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="emergency",
            name="resident",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="emergencies",
                to="residents.resident",
            ),
        ),
        migrations.AddField(
            model_name="emergency",
            name="unit",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="emergencies",
                to="residents.unit",
            ),
        ),
        migrations.AddField(
            model_name="lookup",
            name="emergency",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="look_ups",
                to="residents.emergency",
            ),
        ),
        migrations.AddIndex(
            model_name="lookup",
            index=models.Index(fields=["at", "by"], name="lookup_by_time"),
        ),
        migrations.AddConstraint(
            model_name="lookup",
            constraint=models.CheckConstraint(
                condition=models.Q(("approval", None), ("emergency", None), _connector="OR"),
                name="lookup_by_one_of_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="lookup",
            constraint=models.UniqueConstraint(
                fields=("emergency", "resident"), name="lookup_once_in_an_emergency"
            ),
        ),
        migrations.AddConstraint(
            model_name="lookup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("emergency", None),
                        (
                            "until__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("at"), "+", models.Value(datetime.timedelta(seconds=900))
                            ),
                        ),
                    ),
                    models.Q(
                        ("emergency__isnull", False),
                        (
                            "until__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("at"), "+", models.Value(datetime.timedelta(seconds=1800))
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="lookup_is_short",
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="emergency",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="review", to="residents.emergency"
            ),
        ),
        migrations.AddField(
            model_name="emergencyreview",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddIndex(
            model_name="emergency",
            index=models.Index(fields=["neighborhood", "at"], name="emergency_by_neighborhood"),
        ),
        migrations.AddConstraint(
            model_name="emergency",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resident__isnull", False), ("unit", None)),
                    models.Q(("resident", None), ("unit__isnull", False)),
                    _connector="OR",
                ),
                name="emergency_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergency",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True), models.Q(("told", ""), _negated=True)
                ),
                name="emergency_says_why_and_who_was_told",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergency",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__gt", models.F("at")),
                    (
                        "until__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("at"), "+", models.Value(datetime.timedelta(seconds=1800))
                        ),
                    ),
                ),
                name="emergency_is_short",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="emergency_review_has_words"
            ),
        ),
        AppendOnly("residents_emergency"),
        AppendOnly("residents_emergencyreview"),
        SameNeighborhood("residents_emergency", resident_id="residents_resident", unit_id="residents_unit"),
        SameNeighborhood("residents_emergencyreview", emergency_id="residents_emergency"),
        NeverInPractice("residents_emergency"),
        migrations.RunSQL(ACCOUNTS, NO_ACCOUNTS),
        migrations.RunSQL(FEW, MANY),
        migrations.RunSQL(OF_A_MINOR.replace("{alone}", ALONE), OF_A_MINOR.replace("{alone}", "")),
        migrations.RunSQL(IN_DANGER, NOT_IN_DANGER),
    ]
