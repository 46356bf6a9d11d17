"""A law may want somebody's data kept: by two of the staff, until a day, sealed, and the person knows. And it is written down when
what should have gone is still there (obligations 10 and 20)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

BY_TWO = """
CREATE FUNCTION residents_holdact_by_two() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held public.residents_hold%ROWTYPE;
    person uuid;
BEGIN
    -- Of two who confirm at once, the second sees what the first did.
    SELECT * INTO held FROM public.residents_hold h WHERE h.id = NEW.hold_id FOR NO KEY UPDATE;
    SELECT r.user_id INTO person FROM public.residents_resident r WHERE r.id = held.resident_id;
    IF held.ended_at IS NOT NULL OR held.asked_by_id IS DISTINCT FROM NEW.asked_by_id
        OR public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE OR public.residents_is_staff(NEW.by_id) IS NOT TRUE
        OR public.residents_one_person(NEW.asked_by_id, NEW.by_id) IS NOT FALSE
        OR person IS NOT NULL AND (public.residents_one_person(person, NEW.by_id) IS NOT FALSE
            OR public.residents_one_person(person, NEW.asked_by_id) IS NOT FALSE)
        OR (CASE NEW.kind
            WHEN 'confirmed' THEN held.asked = 'hold' AND held.held_until IS NULL
            WHEN 'renewed' THEN held.asked = 'renew' AND held.held_until > clock_timestamp()
            WHEN 'released' THEN held.asked = 'release' AND held.held_until IS NOT NULL
            ELSE false END) IS NOT TRUE THEN
        RAISE EXCEPTION 'a hold is asked for by one of the staff and confirmed by another, about somebody else'
            USING ERRCODE = 'LM151';
    END IF;
    IF NEW.until > held.ends_at OR NEW.until > clock_timestamp() + interval '91 days' THEN
        RAISE EXCEPTION 'a hold is confirmed anew at least every ninety days, and never beyond its last day'
            USING ERRCODE = 'LM151';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_holdact_by_two BEFORE INSERT ON residents_holdact
    FOR EACH ROW EXECUTE FUNCTION residents_holdact_by_two();
ALTER TABLE residents_holdact ENABLE ALWAYS TRIGGER residents_holdact_by_two;
"""
BY_ONE = (
    "DROP TRIGGER residents_holdact_by_two ON residents_holdact; DROP FUNCTION residents_holdact_by_two();"
)

ENDS = """
CREATE FUNCTION residents_hold_ends() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.held_until IS NOT NULL AND OLD.ended_at IS NULL THEN
            RAISE EXCEPTION 'a hold that stands is ended, not deleted' USING ERRCODE = 'LM152';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.asked <> 'hold' OR NEW.held_until IS NOT NULL OR NEW.ended_at IS NOT NULL OR NEW.told_at IS NOT NULL
            OR public.residents_is_staff(NEW.asked_by_id) IS NOT TRUE
            OR NEW.ends_at > clock_timestamp() + interval '3 years 1 day'
            OR NEW.tell_by > clock_timestamp() + interval '181 days' THEN
            RAISE EXCEPTION 'a hold begins as one of the staff asks for it, for three years at most, and for half a year unknown'
                USING ERRCODE = 'LM152';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.ended_at IS NOT NULL OR (
        NEW.id, NEW.neighborhood_id, NEW.resident_id, NEW.name, NEW.reason, NEW.basis, NEW.document, NEW.entries, NEW.ways,
        NEW.requests, NEW.untold_because, NEW.tell_by, NEW.ends_at, NEW.proposed_at, NEW.key
    ) IS DISTINCT FROM (
        OLD.id, OLD.neighborhood_id, OLD.resident_id, OLD.name, OLD.reason, OLD.basis, OLD.document, OLD.entries, OLD.ways,
        OLD.requests, OLD.untold_because, OLD.tell_by, OLD.ends_at, OLD.proposed_at, OLD.key
    ) OR OLD.told_at IS NOT NULL AND NEW.told_at IS DISTINCT FROM OLD.told_at THEN
        RAISE EXCEPTION 'what a hold says stays as it was confirmed' USING ERRCODE = 'LM152';
    END IF;
    IF NEW.held_until IS DISTINCT FROM OLD.held_until AND NEW.held_until IS DISTINCT FROM (
        SELECT a.until FROM public.residents_holdact a WHERE a.hold_id = NEW.id ORDER BY a.at DESC LIMIT 1) THEN
        RAISE EXCEPTION 'a hold lasts until the day that two of the staff confirmed' USING ERRCODE = 'LM152';
    END IF;
    IF NEW.told_at IS NULL AND (OLD.held_until IS NULL AND NEW.held_until IS NOT NULL AND NEW.untold_because = ''
        OR NEW.ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the person is told at once, or where a law forbids that, when the hold ends at the latest'
            USING ERRCODE = 'LM152';
    END IF;
    -- The clocks of two machines may be hours apart; nobody's is a day.
    IF NEW.ended_at IS NOT NULL AND (OLD.held_until IS NULL OR NOT (
        OLD.held_until <= NEW.ended_at AND NEW.ended_at <= clock_timestamp() + interval '1 day' OR EXISTS (
            SELECT FROM public.residents_holdact a WHERE a.hold_id = NEW.id AND a.kind = 'released'))) THEN
        RAISE EXCEPTION 'a hold ends on its day, or when two of the staff end it' USING ERRCODE = 'LM152';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_hold_ends BEFORE INSERT OR UPDATE OR DELETE ON residents_hold
    FOR EACH ROW EXECUTE FUNCTION residents_hold_ends();
ALTER TABLE residents_hold ENABLE ALWAYS TRIGGER residents_hold_ends;
CREATE TRIGGER residents_hold_not_of_the_erased BEFORE INSERT ON residents_hold
    FOR EACH ROW EXECUTE FUNCTION linmen_not_of_the_erased();
ALTER TABLE residents_hold ENABLE ALWAYS TRIGGER residents_hold_not_of_the_erased;
"""
NEVER_ENDS = """
DROP TRIGGER residents_hold_not_of_the_erased ON residents_hold;
DROP TRIGGER residents_hold_ends ON residents_hold; DROP FUNCTION residents_hold_ends();
"""

KEPT = """
CREATE FUNCTION residents_heldrow_by_a_hold() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Shared to the end of the transaction: whoever ends the hold waits, and then finds this row.
        PERFORM FROM public.residents_hold h WHERE h.id = NEW.hold_id AND h.ended_at IS NULL
            AND h.held_until > clock_timestamp() FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'nothing is kept without a hold that is in force' USING ERRCODE = 'LM153';
        END IF;
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM public.residents_hold h WHERE h.id = OLD.hold_id AND h.ended_at IS NULL) THEN
        RAISE EXCEPTION 'what a hold keeps goes when the hold has ended' USING ERRCODE = 'LM153';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER residents_heldrow_by_a_hold BEFORE INSERT OR DELETE ON residents_heldrow
    FOR EACH ROW EXECUTE FUNCTION residents_heldrow_by_a_hold();
ALTER TABLE residents_heldrow ENABLE ALWAYS TRIGGER residents_heldrow_by_a_hold;
CREATE TRIGGER residents_holdact_goes_with_it BEFORE DELETE ON residents_holdact
    FOR EACH ROW EXECUTE FUNCTION residents_heldrow_by_a_hold();
ALTER TABLE residents_holdact ENABLE ALWAYS TRIGGER residents_holdact_goes_with_it;

CREATE FUNCTION residents_erasureplace_held() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Held while a hold stands, and never longer: a place that is held is of a hold, and does not leave it by itself.
    IF NEW.state <> 'held' AND (TG_OP = 'INSERT' OR OLD.state <> 'held') THEN
        RETURN NEW;
    END IF;
    PERFORM FROM public.residents_hold h WHERE NEW.target IN (h.id, h.key) AND h.held_until IS NOT NULL
        AND h.ended_at IS NULL FOR SHARE;
    IF (NEW.state = 'held') IS DISTINCT FROM FOUND THEN
        RAISE EXCEPTION 'a place is held by a hold that stands, and for as long as that' USING ERRCODE = 'LM153';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_erasureplace_held BEFORE INSERT OR UPDATE ON residents_erasureplace
    FOR EACH ROW EXECUTE FUNCTION residents_erasureplace_held();
ALTER TABLE residents_erasureplace ENABLE ALWAYS TRIGGER residents_erasureplace_held;
"""
NOT_KEPT = """
DROP TRIGGER residents_erasureplace_held ON residents_erasureplace; DROP FUNCTION residents_erasureplace_held();
DROP TRIGGER residents_holdact_goes_with_it ON residents_holdact;
DROP TRIGGER residents_heldrow_by_a_hold ON residents_heldrow; DROP FUNCTION residents_heldrow_by_a_hold();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0034_backups_end_and_the_erased_stay_erased"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldRow",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("residents.register", "Register"),
                            ("residents.request_words", "Request Words"),
                            ("committees.service_words", "Service Words"),
                            ("access.entry_events", "Entry Events"),
                            ("access.ended_ways", "Ended Ways"),
                            ("access.visits", "Visits"),
                        ],
                        max_length=40,
                    ),
                ),
                ("row", models.UUIDField()),
                ("sealed", models.BinaryField()),
                ("kept_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=100, verbose_name="what it is called")),
                ("reason", models.CharField(max_length=500, verbose_name="why")),
                ("basis", models.CharField(max_length=200, verbose_name="by which law")),
                (
                    "document",
                    models.CharField(
                        max_length=200, verbose_name="which document asks for it, and where it is kept"
                    ),
                ),
                ("entries", models.BooleanField(default=False, verbose_name="entry records")),
                ("ways", models.BooleanField(default=False, verbose_name="cards and visits that have ended")),
                ("requests", models.BooleanField(default=False, verbose_name="what was asked and answered")),
                (
                    "untold_because",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="which law forbids to tell the person"
                    ),
                ),
                ("tell_by", models.DateTimeField(blank=True, null=True, verbose_name="told at the latest")),
                ("told_at", models.DateTimeField(null=True, verbose_name="told")),
                ("ends_at", models.DateTimeField(verbose_name="over at the latest")),
                (
                    "proposed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="proposed"
                    ),
                ),
                (
                    "asked",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("hold", "to begin it"),
                            ("renew", "to go on with it"),
                            ("release", "to end it"),
                        ],
                        max_length=20,
                    ),
                ),
                ("held_until", models.DateTimeField(null=True, verbose_name="ends by itself")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
            },
        ),
        migrations.CreateModel(
            name="HoldAct",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirmed", "confirmed"),
                            ("renewed", "renewed"),
                            ("released", "released"),
                        ],
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Lateness",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("rule", models.CharField(max_length=80, verbose_name="rule")),
                (
                    "since",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="noticed"
                    ),
                ),
                ("over_at", models.DateTimeField(null=True, verbose_name="over")),
            ],
            options={
                "verbose_name": "late deletion",
                "verbose_name_plural": "late deletions",
            },
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    (
                        "looks.many",
                        "Somebody wanted to look at more people’s details than one may in that time",
                    ),
                    ("looks.at_night", "Somebody looked at a person’s details at night"),
                    (
                        "looks.own_neighbors",
                        "Somebody looked at a neighbor of their own, or at whom they live or lived with",
                    ),
                    (
                        "looks.minors_refused",
                        "Somebody tried to look at a minor’s details that nobody had approved",
                    ),
                    ("sharing.refused_reviewer", "Somebody tried to decide about sharing data who may not"),
                    ("sharing.refused_link", "A link to a file was refused"),
                    ("sharing.replayed_link", "A link to a file was used again after it had been opened"),
                    ("sharing.formula", "A value that a spreadsheet would run was made harmless in a file"),
                    ("sharing.key_changed", "A recipient’s key changed while a file was on its way"),
                    ("recall.late", "A recipient has not confirmed in time that data is deleted"),
                    ("emergency.opened", "Somebody opened details alone because a life was in danger"),
                    ("retention.late", "Something is kept for longer than it may be"),
                    ("retention.silent", "Nothing has been deleted by the clock for a while"),
                ],
                max_length=40,
                verbose_name="what happened",
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
                    ("paper", "the paper does not count"),
                    ("held", "a law wants it kept for a while"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        migrations.AlterField(
            model_name="erasureplace",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("lost", "device lost before it could confirm"),
                    ("held", "kept by a legal hold"),
                    ("gone", "gone"),
                ],
                default="waiting",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="erasureplace",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "held"), _negated=True),
                    ("kind__in", ["rows", "key", "pages"]),
                    _connector="OR",
                ),
                name="erasure_place_held_is_no_face",
            ),
        ),
        migrations.AddField(
            model_name="heldrow",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="resident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="residents.resident"
            ),
        ),
        migrations.AddField(
            model_name="heldrow",
            name="hold",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rows", to="residents.hold"
            ),
        ),
        migrations.AddField(
            model_name="holdact",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="holdact",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="holdact",
            name="hold",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="acts", to="residents.hold"
            ),
        ),
        migrations.AddField(
            model_name="holdact",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="lateness",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["held_until"], name="hold_in_force"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(fields=["resident"], name="hold_by_resident"),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                    ),
                    (
                        "reason__regex",
                        "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                    ),
                    (
                        "basis__regex",
                        "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                    ),
                    (
                        "document__regex",
                        "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                    ),
                ),
                name="hold_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("tell_by", None), ("untold_because", "")),
                    models.Q(
                        ("tell_by__isnull", False),
                        ("tell_by__lte", models.F("ends_at")),
                        (
                            "untold_because__regex",
                            "[^ \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]",
                        ),
                    ),
                    _connector="OR",
                ),
                name="hold_untold_until_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("asked", ""), ("asked_by", None)),
                    models.Q(("asked_by__isnull", False), models.Q(("asked", ""), _negated=True)),
                    _connector="OR",
                ),
                name="hold_asked_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held_until", None), ("held_until__lte", models.F("ends_at")), _connector="OR"
                ),
                name="hold_not_longer_than_said",
            ),
        ),
        migrations.AddConstraint(
            model_name="heldrow",
            constraint=models.UniqueConstraint(fields=("hold", "source", "row"), name="heldrow_once"),
        ),
        migrations.AddConstraint(
            model_name="heldrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "source__in",
                        [
                            "residents.register",
                            "residents.request_words",
                            "committees.service_words",
                            "access.entry_events",
                            "access.ended_ways",
                            "access.visits",
                        ],
                    )
                ),
                name="heldrow_holds_no_biometrics",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "released"), ("until", None)),
                    models.Q(models.Q(("kind", "released"), _negated=True), ("until__isnull", False)),
                    _connector="OR",
                ),
                name="holdact_until_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="lateness",
            constraint=models.UniqueConstraint(
                condition=models.Q(("over_at", None)), fields=("neighborhood", "rule"), name="lateness_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="lateness",
            constraint=models.CheckConstraint(
                condition=models.Q(("over_at", None), ("over_at__gte", models.F("since")), _connector="OR"),
                name="lateness_ends_after_it_began",
            ),
        ),
        AppendOnly("residents_holdact", erasable=True),
        AppendOnly("residents_heldrow", erasable=True),
        SameNeighborhood("residents_hold", resident_id="residents_resident"),
        SameNeighborhood("residents_holdact", hold_id="residents_hold"),
        SameNeighborhood("residents_heldrow", hold_id="residents_hold"),
        NeverInPractice("residents_hold"),
        Rewritable("residents_hold", secrets=["name", "reason", "basis", "document", "untold_because"]),
        Rewritable("residents_heldrow", secrets=["sealed"]),
        migrations.RunSQL(BY_TWO, BY_ONE),
        migrations.RunSQL(ENDS, NEVER_ENDS),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
