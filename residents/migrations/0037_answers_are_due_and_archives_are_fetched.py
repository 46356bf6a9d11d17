"""Within how many days there is an answer about somebody's own data hangs on the law that holds there (obligation 32). A
neighborhood promises fewer days or none, never more; and each request is an alarm once before its day, and once after it.

What somebody takes along may be an archive, made for them alone (LM160): ordered by who decides about their own data, never
changed once it is made, and gone with them.
"""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood
from vault.rewrite import Rewritable

ANSWER_DAYS = """
CREATE FUNCTION residents_answer_days(place uuid) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(n.answer_days, CASE n.jurisdiction WHEN 'EU' THEN 28 WHEN 'HK' THEN 40 ELSE 15 END)
        FROM public.residents_neighborhood n WHERE n.id = $1
$$;
"""
NO_ANSWER_DAYS = "DROP FUNCTION residents_answer_days(uuid);"

# As in 0023, but for the number of days.
ASKED = """
CREATE OR REPLACE FUNCTION residents_rightsrequest_asked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    lawful boolean;
BEGIN
    -- Whoever writes about somebody takes them first: nobody asks about who is being erased.
    SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
    lawful := CASE NEW.voice
        WHEN 'self' THEN NEW.state = 'open' AND public.residents_decides_alone(person.id)
            AND NOT public.residents_is_dead(person.id)
            AND (NEW.known_by = '' AND person.user_id = NEW.asked_by_id
                OR NEW.known_by IN ('in_person', 'rang_back', 'voice') AND public.residents_is_staff(NEW.asked_by_id)
                    AND person.user_id IS DISTINCT FROM NEW.asked_by_id)
        WHEN 'guardian' THEN NEW.state = 'open' AND NEW.known_by = ''
            AND public.residents_decides_for(person.id, NEW.asked_by_id)
        WHEN 'relative' THEN NEW.state = 'second' AND NEW.known_by = 'in_person'
            AND public.residents_is_staff(NEW.asked_by_id) AND EXISTS (SELECT FROM public.residents_death d
                WHERE d.id = NEW.death AND d.resident_id = person.id AND d.confirmed_at IS NOT NULL
                    AND d.undone_at IS NULL)
        ELSE false END;
    IF lawful IS NOT TRUE OR person.erased_at IS NOT NULL OR NEW.closed_at IS NOT NULL
        OR NEW.seconded_at IS NOT NULL OR NEW.proven_at IS NOT NULL THEN
        RAISE EXCEPTION 'whose data it is asks, or who decides for them; after a death a near relative at the desk'
            USING ERRCODE = 'LM080';
    END IF;
    NEW.opened_at := clock_timestamp();
    NEW.due_at := least(NEW.due_at, NEW.opened_at + {period});
    RETURN NEW;
END
$$;
"""
BY_JURISDICTION = ASKED.replace(
    "{period}",
    "make_interval(days => COALESCE(public.residents_answer_days(person.neighborhood_id), 15))",
)
FIFTEEN = ASKED.replace("{period}", "interval '15 days'")

KINDS = [
    ("looks.many", "Somebody wanted to look at more people’s details than one may in that time"),
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
    ("rights.due", "An answer about somebody’s own data is due soon"),
    ("rights.late", "An answer about somebody’s own data is late"),
]

ARCHIVE = """
CREATE FUNCTION residents_archive_of_its_owner() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person public.residents_resident%ROWTYPE;
    moves CONSTANT text[] := ARRAY['attempt', 'leased_until', 'done', 'parts', 'sealed', 'ready_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Whoever writes about somebody takes them first: none is ordered of who is being erased.
        SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id FOR NO KEY UPDATE;
        IF person.erased_at IS NOT NULL OR person.user_id IS NULL OR NEW.sealed IS NOT NULL
            OR public.residents_decides_alone(person.id) IS NOT TRUE OR NOT EXISTS (
                SELECT FROM public.residents_rightsrequest r WHERE r.resident_id = person.id
                    AND r.asked_by_id = person.user_id AND r.kind = 'copy' AND r.state = 'done'
                    AND r.proven_at BETWEEN clock_timestamp() - interval '11 minutes'
                        AND clock_timestamp() + interval '1 minute') THEN
            RAISE EXCEPTION 'an archive is for whoever has just shown who they are' USING ERRCODE = 'LM160';
        END IF;
        NEW.at := least(NEW.at, clock_timestamp());  -- its period never begins later
        RETURN NEW;
    END IF;
    IF OLD.ready_at IS NOT NULL OR to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR NEW.attempt < OLD.attempt THEN
        RAISE EXCEPTION 'an archive that is made does not change, nor becomes another''s' USING ERRCODE = 'LM160';
    END IF;
    IF NEW.ready_at IS NOT NULL THEN
        NEW.ready_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_archive_of_its_owner BEFORE INSERT OR UPDATE ON residents_archive
    FOR EACH ROW EXECUTE FUNCTION residents_archive_of_its_owner();
ALTER TABLE residents_archive ENABLE ALWAYS TRIGGER residents_archive_of_its_owner;
"""
NO_ARCHIVE = """
DROP TRIGGER residents_archive_of_its_owner ON residents_archive;
DROP FUNCTION residents_archive_of_its_owner();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0036_a_certificate_says_what_its_places_say")]

    operations = [
        migrations.AddField(
            model_name="neighborhood",
            name="jurisdiction",
            field=models.CharField(
                choices=[("CN", "China"), ("EU", "European Union"), ("HK", "Hong Kong")],
                default="CN",
                max_length=2,
                verbose_name="whose law of data holds here",
            ),
        ),
        migrations.AddField(
            model_name="neighborhood",
            name="answer_days",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="days to answer about own data, if fewer than the law’s"
            ),
        ),
        migrations.AddConstraint(
            model_name="neighborhood",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("answer_days__isnull", True),
                    Q(("answer_days__gte", 1), ("answer_days__lte", 15), ("jurisdiction", "CN")),
                    Q(("answer_days__gte", 1), ("answer_days__lte", 28), ("jurisdiction", "EU")),
                    Q(("answer_days__gte", 1), ("answer_days__lte", 40), ("jurisdiction", "HK")),
                    _connector="OR",
                ),
                name="answers_no_later_than_the_law_says",
                violation_error_message="No more days than the law gives, and one at least.",
            ),
        ),
        migrations.AddConstraint(
            model_name="neighborhood",
            constraint=models.CheckConstraint(
                condition=Q(("jurisdiction__in", ["CN", "EU", "HK"])), name="neighborhood_law_is_known"
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=40, verbose_name="what happened"),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.UniqueConstraint(
                condition=Q(("kind__in", ["rights.due", "rights.late"])),
                fields=("kind", "subject"),
                name="alarm_of_a_request_once",
            ),
        ),
        migrations.RunSQL(ANSWER_DAYS, NO_ANSWER_DAYS),
        migrations.RunSQL(BY_JURISDICTION, FIFTEEN),
        migrations.CreateModel(
            name="Archive",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "language",
                    models.CharField(choices=[("zh-hans", "zh-hans"), ("en", "en")], max_length=10),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("done", models.PositiveSmallIntegerField(default=0)),
                ("parts", models.PositiveSmallIntegerField(default=0)),
                ("sealed", models.BinaryField(null=True)),
                ("ready_at", models.DateTimeField(null=True)),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "resident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="archive",
                        to="residents.resident",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("ready_at", None), ("sealed", None))
                        | Q(("ready_at__isnull", False), ("sealed__isnull", False)),
                        name="archive_is_ready_or_not",
                    )
                ],
            },
        ),
        SameNeighborhood("residents_archive", resident_id="residents_resident"),
        NeverInPractice("residents_archive"),
        migrations.RunSQL(ARCHIVE, NO_ARCHIVE),
        Rewritable("residents_archive", secrets=["sealed"]),
    ]
