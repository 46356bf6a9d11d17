"""What a vote does not do: open the sums of few, end with one voice, let go of a name, or take a minor's (obligations 43 to 45).

Few are those who hand in, not those on the roll: a dwelling nobody is known to own hides nobody. Where so few take part that
nothing is decided, the sums decide nothing and are not told either. From its first day on a vote is called off by two, and
after its last day by nobody. Whom all joint owners have named stands until all have named another. Whoever is not of age has a
guardian, who votes on paper.
"""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

CALLED = import_module("committees.migrations.0010_a_meeting_is_called_lawfully").MEETING
VOTER = import_module("committees.migrations.0011_one_ballot_for_one_vote").VOTER
EXACT = import_module("committees.migrations.0013_a_result_is_what_the_ballots_say").OUTCOME


def before(text: str, name: str) -> str:
    """A function as an earlier migration made it, to be put in place again."""
    start = text.index(f"CREATE FUNCTION {name}(")
    return text[start : text.index("$$;", start) + 3].replace("CREATE", "CREATE OR REPLACE", 1)


def other(text: str, *changes: tuple[str, str]) -> str:
    """The same, but for these words, each of which stands there once."""
    for was, now in changes:
        assert text.count(was) == 1, was
        text = text.replace(was, now)
    return text


# Who is known to own something: nobody votes for the others.
OWNED = """
CREATE FUNCTION committees_heads_with_an_owner(meeting uuid) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(DISTINCT h.id) FROM public.committees_head h JOIN public.committees_headowner w ON w.head_id = h.id
        WHERE h.meeting_id = $1
$$;
"""
OWNED_FREE = "DROP FUNCTION committees_heads_with_an_owner(uuid);"
NOTICE_BEFORE = before(CALLED, "committees_meeting_notice")
NOTICE = other(
    NOTICE_BEFORE,
    ("NEW.roll_heads < fewest", "public.committees_heads_with_an_owner(NEW.id) < fewest"),
)

OFF_SAID = "- 'called_off_by_id' - 'called_off_at'"
LAWFUL_BEFORE = before(CALLED, "committees_meeting_lawful")
LAWFUL = other(
    LAWFUL_BEFORE,
    *(
        (f"to_jsonb({row}) {OFF_SAID}", f"to_jsonb({row}) {OFF_SAID} - 'off_asked_by_id' - 'off_asked_at'")
        for row in ("NEW", "OLD")
    ),
)
OFF = """
CREATE FUNCTION committees_meeting_off_by_two() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := public.residents_today(NEW.neighborhood_id);
BEGIN
    IF (NEW.off_asked_by_id, NEW.off_asked_at) IS DISTINCT FROM (OLD.off_asked_by_id, OLD.off_asked_at) THEN
        IF OLD.off_asked_at IS NOT NULL OR NEW.called_off_at IS NOT NULL
            OR today NOT BETWEEN NEW.opens_on AND NEW.closes_on
            OR NOT public.committees_calls_meetings(NEW.off_asked_by_id, NEW.committee_id) THEN
            RAISE EXCEPTION 'one of its committee asks once, while the vote runs, that it be called off'
                USING ERRCODE = 'LM220';
        END IF;
        NEW.off_asked_at := clock_timestamp();
    END IF;
    IF NEW.called_off_at IS NOT NULL AND OLD.called_off_at IS NULL AND (today > NEW.closes_on
        OR today >= NEW.opens_on AND (OLD.off_asked_at IS NULL
            OR public.residents_one_person(NEW.called_off_by_id, OLD.off_asked_by_id) IS NOT FALSE)) THEN
        RAISE EXCEPTION 'a vote is called off by two from its first day on, and by nobody after its last'
            USING ERRCODE = 'LM220';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_meeting_off_by_two BEFORE UPDATE ON committees_meeting
    FOR EACH ROW WHEN (OLD.noticed_at IS NOT NULL) EXECUTE FUNCTION committees_meeting_off_by_two();
ALTER TABLE committees_meeting ENABLE ALWAYS TRIGGER committees_meeting_off_by_two;
"""
OFF_FREE = """
DROP TRIGGER committees_meeting_off_by_two ON committees_meeting;
DROP FUNCTION committees_meeting_off_by_two();
"""

# The same is data in `committees/tallying.py`, and once more in `committees/recount.py`; tests compare them.
TOLD = """
CREATE FUNCTION committees_sums_are_told(fewest integer, roll_heads bigint, roll_area bigint, heads bigint, area bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $4 >= $1 AND 3 * $4::numeric >= 2 * $2::numeric AND 3 * $5::numeric >= 2 * $3::numeric
$$;

CREATE FUNCTION committees_outcome_not_of_few() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told boolean;
BEGIN
    SELECT NOT t.secret
        OR public.committees_sums_are_told(n.fewest_counted, m.roll_heads, m.roll_area, NEW.heads, NEW.area) INTO told
        FROM public.committees_topic t JOIN public.committees_meeting m ON m.id = t.meeting_id
        JOIN public.residents_neighborhood n ON n.id = m.neighborhood_id WHERE t.id = NEW.topic_id;
    IF told IS DISTINCT FROM (NEW.yes_heads IS NOT NULL) THEN
        RAISE EXCEPTION 'of few, and where nothing is decided, a secret vote is not opened' USING ERRCODE = 'LM221';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_outcome_not_of_few BEFORE INSERT ON committees_outcome
    FOR EACH ROW EXECUTE FUNCTION committees_outcome_not_of_few();
ALTER TABLE committees_outcome ENABLE ALWAYS TRIGGER committees_outcome_not_of_few;
"""
TOLD_FREE = """
DROP TRIGGER committees_outcome_not_of_few ON committees_outcome;
DROP FUNCTION committees_outcome_not_of_few();
DROP FUNCTION committees_sums_are_told(integer, bigint, bigint, bigint, bigint);
"""
EXACT_BEFORE = before(EXACT, "committees_outcome_exact")
EXACT_NOW = other(
    EXACT_BEFORE,
    ("public.committees_passes(", "COALESCE(public.committees_passes("),
    ("NEW.yes_heads, NEW.yes_area) THEN", "NEW.yes_heads, NEW.yes_area), false) THEN"),
)

OF_AGE = """
-- By the calendar of where they live. Only the birthdays of minors are kept: whoever has none is of age.
CREATE FUNCTION committees_of_age(resident uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = $1
        AND r.born > (public.residents_today(r.neighborhood_id) - interval '18 years')::date)
$$;

CREATE FUNCTION committees_proxy_of_age() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.committees_of_age(NEW.holder_id) THEN
        RAISE EXCEPTION 'who votes for somebody else is of age' USING ERRCODE = 'LM222';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER committees_proxy_of_age BEFORE INSERT ON committees_proxy
    FOR EACH ROW EXECUTE FUNCTION committees_proxy_of_age();
ALTER TABLE committees_proxy ENABLE ALWAYS TRIGGER committees_proxy_of_age;
"""
OF_AGE_FREE = """
DROP TRIGGER committees_proxy_of_age ON committees_proxy;
DROP FUNCTION committees_proxy_of_age();
DROP FUNCTION committees_of_age(uuid);
"""

OWNS_BEFORE = before(VOTER, "committees_owns")
OWNS = other(
    OWNS_BEFORE, ("AND r.erased_at IS NULL)", "AND r.erased_at IS NULL AND public.committees_of_age(r.id))")
)

# All owners who can say anything: of age, and on the register. What they agreed on last stands while they disagree.
NAMED_BEFORE = before(VOTER, "committees_named")
NAMED = """
CREATE OR REPLACE FUNCTION committees_named(head uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN public.committees_owns($1, agreed.named_id, NULL) THEN agreed.named_id END
    FROM (SELECT n.named_id FROM public.committees_naming n WHERE n.head_id = $1
        AND NOT EXISTS (SELECT FROM public.committees_headowner w WHERE w.head_id = $1
            AND public.committees_owns($1, w.resident_id, NULL)
            AND n.named_id IS DISTINCT FROM (SELECT said.named_id FROM public.committees_naming said
                WHERE said.head_id = $1 AND said.owner_id = w.resident_id AND (said.at, said.id) <= (n.at, n.id)
                ORDER BY said.at DESC, said.id DESC LIMIT 1))
        ORDER BY n.at DESC, n.id DESC LIMIT 1) agreed
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0025_paper_goes_through_two_hands"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="off_asked_at",
            field=models.DateTimeField(null=True, verbose_name="asked to be called off"),
        ),
        migrations.AddField(
            model_name="meeting",
            name="off_asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=Q(off_asked_at=None, off_asked_by=None)
                | Q(off_asked_at__isnull=False, off_asked_by__isnull=False, noticed_at__isnull=False),
                name="meeting_off_asked_of_one_called",
            ),
        ),
        migrations.AlterField(
            model_name="outcome", name="yes_heads", field=models.PositiveIntegerField(null=True)
        ),
        migrations.AlterField(model_name="outcome", name="yes_area", field=models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=Q(yes_heads__isnull=False, yes_area__isnull=False)
                | Q(yes_heads=None, yes_area=None, passed=False),
                name="outcome_not_opened_passes_nothing",
            ),
        ),
        migrations.RunSQL(OWNED, OWNED_FREE),
        migrations.RunSQL(NOTICE, NOTICE_BEFORE),
        migrations.RunSQL(LAWFUL, LAWFUL_BEFORE),
        migrations.RunSQL(OFF, OFF_FREE),
        migrations.RunSQL(EXACT_NOW, EXACT_BEFORE),
        migrations.RunSQL(TOLD, TOLD_FREE),
        migrations.RunSQL(OF_AGE, OF_AGE_FREE),
        migrations.RunSQL(OWNS, OWNS_BEFORE),
        migrations.RunSQL(NAMED, NAMED_BEFORE),
    ]
