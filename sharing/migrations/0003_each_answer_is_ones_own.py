"""An answer is to each field, of whoever may give it, and in time; counts are taken once and point at nobody.

Law 5 as the database holds it: a yes is the resident's own, or a guardian's for a child under fourteen whose other guardians
have not said no; of somebody who lives here; before the deadline by this clock; to fields that were asked for. A no is
never too late. Nobody is in a disclosure who has left or was erased, by a power that ended, or with more than they ticked.
"""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

BEFORE = import_module("sharing.migrations.0002_asked_once_given_once")

# Until now a yes was to all that was asked.
EVERY_FIELD = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE sharing_answer DISABLE TRIGGER sharing_answer_append_only;
UPDATE sharing_answer a SET fields = q.fields FROM sharing_request q WHERE q.id = a.request_id AND a.yes;
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_append_only;
"""

POWERS = """
-- Whether the power by which this was said holds today: a guardian's over a child, or one's own from fourteen on.
CREATE FUNCTION sharing_power_holds(said public.sharing_answer) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN said.guardianship_id IS NULL
        THEN NOT EXISTS (SELECT FROM public.residents_resident r WHERE r.id = said.resident_id
            AND public.consent_fourteen(r.born) > public.residents_today(r.neighborhood_id))
        ELSE public.consent_guardian(said.guardianship_id, said.resident_id) IS NOT NULL END
$$;

-- Whether the last word of a guardian who decides today, other than this one, is a no.
CREATE FUNCTION sharing_held_off(request uuid, child uuid, guardian uuid) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM (
        SELECT DISTINCT ON (g.guardian_id) g.guardian_id, a.yes FROM public.sharing_answer a
            JOIN public.residents_guardianship g ON g.id = a.guardianship_id
            WHERE a.request_id = $1 AND a.resident_id = $2 ORDER BY g.guardian_id, a.id DESC) word
        WHERE NOT word.yes AND word.guardian_id IS DISTINCT FROM $3
        AND EXISTS (SELECT FROM public.residents_guardianship c WHERE c.guardian_id = word.guardian_id
            AND c.child_id = $2 AND public.consent_guardian(c.id, $2) IS NOT NULL))
$$;
"""
NO_POWERS = """
DROP FUNCTION sharing_held_off(uuid, uuid, uuid);
DROP FUNCTION sharing_power_holds(public.sharing_answer);
"""

ANSWER_IS_ONES_OWN = """
CREATE OR REPLACE FUNCTION sharing_answer_is_ones_own() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
    person public.residents_resident%ROWTYPE;
BEGIN
    -- Waits for a build under way (which locks the request), so that it never passes over a no.
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id FOR KEY SHARE;
    IF asked.neighborhood_id IS DISTINCT FROM NEW.neighborhood_id OR asked.state = 'draft' THEN
        RAISE EXCEPTION 'nobody was asked this' USING ERRCODE = 'LM008';
    END IF;
    IF NEW.yes AND asked.state <> 'open' THEN
        RAISE EXCEPTION 'the question is closed: a yes comes too late' USING ERRCODE = 'LM008';
    END IF;
    SELECT * INTO person FROM public.residents_resident WHERE id = NEW.resident_id;
    IF person.neighborhood_id IS DISTINCT FROM NEW.neighborhood_id OR NOT EXISTS (
        SELECT FROM public.residents_resident speaker WHERE speaker.user_id = NEW.actor_id
        AND speaker.id = CASE WHEN NEW.guardianship_id IS NULL THEN NEW.resident_id
            ELSE public.consent_guardian(NEW.guardianship_id, NEW.resident_id) END) THEN
        RAISE EXCEPTION 'nobody answers for a resident' USING ERRCODE = 'LM008';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;

-- What a yes needs beside a voice. A no needs nothing.
CREATE FUNCTION sharing_answer_yes_in_time() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    IF NOT NEW.yes THEN
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id;
    IF clock_timestamp() >= asked.deadline THEN
        RAISE EXCEPTION 'the time to say yes is over' USING ERRCODE = 'LM115';
    END IF;
    IF jsonb_typeof(NEW.fields) <> 'array' OR NOT NEW.fields <@ asked.fields
        OR jsonb_array_length(NEW.fields) <> (SELECT count(DISTINCT f) FROM jsonb_array_elements(NEW.fields) f) THEN
        RAISE EXCEPTION 'a yes is to fields that were asked for, each once' USING ERRCODE = 'LM115';
    END IF;
    IF NOT EXISTS (SELECT FROM public.residents_resident r
        WHERE r.id = NEW.resident_id AND r.left_at IS NULL AND r.erased_at IS NULL) THEN
        RAISE EXCEPTION 'nobody agrees for somebody who has left' USING ERRCODE = 'LM115';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_answer_yes_in_time BEFORE INSERT ON sharing_answer
    FOR EACH ROW EXECUTE FUNCTION sharing_answer_yes_in_time();
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_yes_in_time;

CREATE FUNCTION sharing_answer_one_no_holds() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Guardians of one child take turns.
    PERFORM FROM public.residents_resident WHERE id = NEW.resident_id AND NEW.guardianship_id IS NOT NULL
        FOR NO KEY UPDATE;
    IF NEW.yes AND NOT public.sharing_power_holds(NEW) THEN
        RAISE EXCEPTION 'under fourteen nobody says yes alone' USING ERRCODE = 'LM116';
    END IF;
    IF NEW.yes AND NEW.guardianship_id IS NOT NULL AND public.sharing_held_off(NEW.request_id, NEW.resident_id,
        public.consent_guardian(NEW.guardianship_id, NEW.resident_id)) THEN
        RAISE EXCEPTION 'another guardian has said no, and one no holds' USING ERRCODE = 'LM116';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_answer_one_no_holds BEFORE INSERT ON sharing_answer
    FOR EACH ROW EXECUTE FUNCTION sharing_answer_one_no_holds();
ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_one_no_holds;
"""
ANSWER_AS_BEFORE = f"""
DROP TRIGGER sharing_answer_one_no_holds ON sharing_answer;
DROP FUNCTION sharing_answer_one_no_holds();
DROP TRIGGER sharing_answer_yes_in_time ON sharing_answer;
DROP FUNCTION sharing_answer_yes_in_time();
{BEFORE.ANSWER_FREE_AGAIN}
{BEFORE.ANSWER_IS_ONES_OWN}
"""

DISCLOSED_BY_OWN_YES = """
CREATE OR REPLACE FUNCTION sharing_disclosedrow_by_own_yes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given public.sharing_disclosure%ROWTYPE;
    asked public.sharing_request%ROWTYPE;
    newest public.sharing_answer%ROWTYPE;
BEGIN
    SELECT * INTO given FROM public.sharing_disclosure WHERE id = NEW.disclosure_id;
    -- From here until commit no answer can come in between: an answer needs a share of this lock.
    SELECT * INTO asked FROM public.sharing_request WHERE id = given.request_id FOR UPDATE;
    IF given.built_at IS NOT NULL THEN
        RAISE EXCEPTION 'the file is made: nobody can be added' USING ERRCODE = 'LM009';
    END IF;
    -- Nor can they move out in between, or be erased.
    PERFORM FROM public.residents_resident r WHERE r.id = NEW.resident_id AND r.neighborhood_id = asked.neighborhood_id
        AND r.left_at IS NULL AND r.erased_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is given of somebody who has left' USING ERRCODE = 'LM009';
    END IF;
    SELECT * INTO newest FROM public.sharing_answer
        WHERE request_id = asked.id AND resident_id = NEW.resident_id ORDER BY id DESC LIMIT 1;
    IF newest.id IS NULL OR NOT newest.yes OR newest.id <> NEW.answer_id THEN
        RAISE EXCEPTION 'no yes of this resident stands' USING ERRCODE = 'LM009';
    END IF;
    IF NOT public.sharing_power_holds(newest) OR newest.guardianship_id IS NOT NULL
        AND public.sharing_held_off(asked.id, NEW.resident_id, NULL) THEN
        RAISE EXCEPTION 'who said yes decides no more, or another guardian said no' USING ERRCODE = 'LM009';
    END IF;
    IF jsonb_typeof(NEW.fields) <> 'array' OR NOT NEW.fields <@ newest.fields THEN
        RAISE EXCEPTION 'more than was asked for, or agreed to' USING ERRCODE = 'LM009';
    END IF;
    RETURN NEW;
END
$$;
"""
DISCLOSED_AS_BEFORE = f"{BEFORE.DISCLOSED_FREE_AGAIN}\n{BEFORE.DISCLOSED_BY_OWN_YES}"

# Whatever is written, the database's own count is what is kept. `at` decides what was in force at the deadline.
TALLY_IS_COUNTED = """
CREATE FUNCTION sharing_told(counted bigint, of_all bigint) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN counted >= 5 AND of_all - counted >= 5 THEN counted::integer END
$$;

CREATE FUNCTION sharing_tally_is_counted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked public.sharing_request%ROWTYPE;
BEGIN
    -- An answer that is being written is in it.
    SELECT * INTO asked FROM public.sharing_request WHERE id = NEW.request_id FOR UPDATE;
    IF asked.state = 'draft' OR clock_timestamp() < asked.deadline THEN
        RAISE EXCEPTION 'nobody counts while people are deciding' USING ERRCODE = 'LM117';
    END IF;
    NEW.at := clock_timestamp();
    SELECT public.sharing_told(count(*) FILTER (WHERE word.yes AND public.sharing_power_holds(word)
            AND (word.guardianship_id IS NULL OR NOT public.sharing_held_off(asked.id, r.id, NULL))), count(*))
        INTO NEW.shown
        FROM public.residents_resident r LEFT JOIN LATERAL (SELECT a.* FROM public.sharing_answer a
            WHERE a.request_id = asked.id AND a.resident_id = r.id AND a.at < asked.deadline
            ORDER BY a.id DESC LIMIT 1) word ON true
        WHERE r.neighborhood_id = asked.neighborhood_id AND r.left_at IS NULL AND r.erased_at IS NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_tally_is_counted BEFORE INSERT ON sharing_tally
    FOR EACH ROW EXECUTE FUNCTION sharing_tally_is_counted();
ALTER TABLE sharing_tally ENABLE ALWAYS TRIGGER sharing_tally_is_counted;
"""
TALLY_UNCOUNTED = """
DROP TRIGGER sharing_tally_is_counted ON sharing_tally;
DROP FUNCTION sharing_tally_is_counted();
DROP FUNCTION sharing_told(bigint, bigint);
"""


def points_to(model: str, kind: type = models.ForeignKey, **also: object) -> models.ForeignKey:
    return kind(on_delete=django.db.models.deletion.PROTECT, to=model, **also)


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0029_wrong_codes_are_told"),
        ("consent", "0014_a_yes_lives_no_longer_than_its_form_says"),
        ("sharing", "0002_asked_once_given_once"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("shown", models.PositiveIntegerField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("neighborhood", points_to("residents.neighborhood", related_name="+")),
                ("request", points_to("sharing.request", models.OneToOneField, related_name="tally")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("shown", None), ("shown__gte", 5), _connector="OR"),
                        name="tally_points_at_nobody",
                    )
                ]
            },
        ),
        migrations.AddField("answer", "fields", models.JSONField(default=list)),
        migrations.RunSQL(EVERY_FIELD, migrations.RunSQL.noop),
        migrations.AddField(
            "answer",
            "guardianship",
            points_to("residents.guardianship", null=True, related_name="sharing_answers"),
        ),
        migrations.AddConstraint(
            "answer",
            models.CheckConstraint(
                condition=Q(
                    Q(("yes", True), Q(("fields", []), _negated=True)),
                    Q(("fields", []), ("yes", False)),
                    _connector="OR",
                ),
                name="answer_is_yes_to_fields",
            ),
        ),
        migrations.RunSQL(POWERS, NO_POWERS),
        migrations.RunSQL(ANSWER_IS_ONES_OWN, ANSWER_AS_BEFORE),
        migrations.RunSQL(DISCLOSED_BY_OWN_YES, DISCLOSED_AS_BEFORE),
        migrations.RunSQL(TALLY_IS_COUNTED, TALLY_UNCOUNTED),
        SameNeighborhood("sharing_tally", request_id="sharing_request"),
        AppendOnly("sharing_tally"),
    ]
