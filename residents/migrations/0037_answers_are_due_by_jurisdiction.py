"""Within how many days there is an answer about somebody's own data hangs on the law that holds there (obligation 32). A
neighborhood promises fewer days or none, never more; and each request is an alarm once before its day, and once after it."""

from django.db import migrations, models
from django.db.models import Q

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
    ]
