"""The room of an incident: who is affected is computed by the database (LM146), a notice is sent with each of its items or
not at all (LM143) and then stays as it is (LM144), nobody counts as told who had not to be told (LM145), and no clock of the
law is made to begin later than the day on which it was noticed (LM147)."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

AFFECTED = """
-- Whoever a source of this room reaches: each with what reached them, as a code.
CREATE FUNCTION sharing_affected(room uuid) RETURNS TABLE (resident_id uuid, reason text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.resident_id, 'look_up'::text FROM public.sharing_leaksource s
        JOIN public.residents_lookup l ON l.neighborhood_id = s.neighborhood_id
        WHERE s.leak_id = $1 AND s.kind = 'look_up' AND (s.account_id IS NULL OR l.by_id = s.account_id)
        AND l.at < s.until AND l.until > s.since
    UNION
    SELECT d.resident_id, 'copy' FROM public.sharing_leaksource s
        JOIN public.sharing_copy c ON c.id = s.copy_id AND c.state = 'handed'
        JOIN public.sharing_disclosedrow d ON d.copy_id = c.id
        WHERE s.leak_id = $1 AND s.kind = 'copy'
    UNION
    -- Who was in the register at that moment.
    SELECT r.id, 'register' FROM public.sharing_leaksource s
        JOIN public.residents_resident r ON r.neighborhood_id = s.neighborhood_id
        WHERE s.leak_id = $1 AND s.kind = 'register' AND r.created_at <= s.until
        AND (r.erased_at IS NULL OR r.erased_at > s.until)
$$;

CREATE FUNCTION sharing_affected_are_computed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT w.leak_id, w.resident_id, w.reason::text FROM written w EXCEPT
        SELECT room.leak_id, a.resident_id, a.reason FROM (SELECT DISTINCT leak_id FROM written) room
            CROSS JOIN LATERAL public.sharing_affected(room.leak_id) a) THEN
        RAISE EXCEPTION 'who is affected is computed, and nobody else is' USING ERRCODE = 'LM146';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_affected_are_computed AFTER INSERT ON sharing_leakperson
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION sharing_affected_are_computed();
ALTER TABLE sharing_leakperson ENABLE ALWAYS TRIGGER sharing_affected_are_computed;
"""
NO_AFFECTED = """
DROP TRIGGER sharing_affected_are_computed ON sharing_leakperson;
DROP FUNCTION sharing_affected_are_computed();
DROP FUNCTION sharing_affected(uuid);
"""

WHOLE = """
CREATE FUNCTION sharing_leaknotice_is_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.categories !~ '\\S' OR NEW.cause !~ '\\S' OR NEW.harm !~ '\\S' OR NEW.remedies !~ '\\S'
        OR NEW.own_steps !~ '\\S' OR NEW.contact !~ '\\S'
        OR (NEW.goes_to IN ('authority', 'province') AND NEW.office !~ '\\S') THEN
        RAISE EXCEPTION 'a notice of a leak is sent with each of its items, or not at all' USING ERRCODE = 'LM143';
    END IF;
    IF NEW.sent_at > clock_timestamp() THEN
        RAISE EXCEPTION 'what was sent was sent by now' USING ERRCODE = 'LM147';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_leaknotice_is_whole BEFORE INSERT OR UPDATE ON sharing_leaknotice
    FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION sharing_leaknotice_is_whole();
ALTER TABLE sharing_leaknotice ENABLE ALWAYS TRIGGER sharing_leaknotice_is_whole;

CREATE FUNCTION sharing_leaknotice_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.sent_at IS NOT NULL OR NEW.leak_id IS DISTINCT FROM OLD.leak_id THEN
        RAISE EXCEPTION 'what was sent stays as it is' USING ERRCODE = 'LM144';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER sharing_leaknotice_stays BEFORE UPDATE OR DELETE ON sharing_leaknotice
    FOR EACH ROW EXECUTE FUNCTION sharing_leaknotice_stays();
ALTER TABLE sharing_leaknotice ENABLE ALWAYS TRIGGER sharing_leaknotice_stays;
"""
NOT_WHOLE = """
DROP TRIGGER sharing_leaknotice_stays ON sharing_leaknotice;
DROP FUNCTION sharing_leaknotice_stays();
DROP TRIGGER sharing_leaknotice_is_whole ON sharing_leaknotice;
DROP FUNCTION sharing_leaknotice_is_whole();
"""

TOLD = """
-- Who is to get this notice, and about whom. From fourteen on people themselves; of everybody under eighteen the guardians: at
-- fourteen a guardian's power to decide ends here, but not that they are the child's guardian (MIN 35).
CREATE FUNCTION sharing_readers(notice uuid) RETURNS TABLE (reader uuid, about uuid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH said AS (
        SELECT n.leak_id, n.goes_to, public.residents_today(n.neighborhood_id) AS today
        FROM public.sharing_leaknotice n WHERE n.id = $1
    ), affected AS (
        SELECT DISTINCT r.id, r.born FROM said JOIN public.sharing_leakperson p ON p.leak_id = said.leak_id
        JOIN public.residents_resident r ON r.id = p.resident_id WHERE r.erased_at IS NULL
    )
    SELECT a.id, a.id FROM affected a CROSS JOIN said WHERE said.goes_to = 'people'
        AND (a.born IS NULL OR public.residents_birthday(a.born, 14) <= said.today)
    UNION
    SELECT g.guardian_id, a.id FROM affected a CROSS JOIN said
        JOIN public.residents_guardianship g ON g.child_id = a.id
        JOIN public.residents_resident w ON w.id = g.guardian_id AND w.erased_at IS NULL
        WHERE said.goes_to = 'guardians' AND public.residents_birthday(a.born, 18) > said.today
        AND g.barred_at IS NULL AND g.since <= said.today
        AND (g.until IS NULL OR g.until > said.today OR g.until >= public.residents_birthday(a.born, 14))
$$;

CREATE FUNCTION sharing_told_whom_it_concerns() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM written w JOIN public.sharing_leaknotice n ON n.id = w.notice_id WHERE n.sent_at IS NULL)
        OR EXISTS (SELECT w.notice_id, w.reader_id, w.about_id FROM written w EXCEPT
            SELECT said.notice_id, r.reader, r.about FROM (SELECT DISTINCT notice_id FROM written) said
                CROSS JOIN LATERAL public.sharing_readers(said.notice_id) r) THEN
        RAISE EXCEPTION 'told is who is affected, or their guardian, of a notice that was sent' USING ERRCODE = 'LM145';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sharing_told_whom_it_concerns AFTER INSERT ON sharing_leaktold
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION sharing_told_whom_it_concerns();
ALTER TABLE sharing_leaktold ENABLE ALWAYS TRIGGER sharing_told_whom_it_concerns;
"""
NOT_TOLD = """
DROP TRIGGER sharing_told_whom_it_concerns ON sharing_leaktold;
DROP FUNCTION sharing_told_whom_it_concerns();
DROP FUNCTION sharing_readers(uuid);
"""

BY_NOW = """
CREATE FUNCTION sharing_leak_noticed_by_now() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.opened_at := clock_timestamp();
    IF NEW.noticed_at > NEW.opened_at THEN
        RAISE EXCEPTION 'nobody notices a leak later than now' USING ERRCODE = 'LM147';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_leak_noticed_by_now BEFORE INSERT ON sharing_leak
    FOR EACH ROW EXECUTE FUNCTION sharing_leak_noticed_by_now();
ALTER TABLE sharing_leak ENABLE ALWAYS TRIGGER sharing_leak_noticed_by_now;

CREATE FUNCTION sharing_leakstep_by_now() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.at := clock_timestamp();
    IF NEW.happened_at > NEW.at THEN
        RAISE EXCEPTION 'a step was taken by now' USING ERRCODE = 'LM147';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sharing_leakstep_by_now BEFORE INSERT ON sharing_leakstep
    FOR EACH ROW EXECUTE FUNCTION sharing_leakstep_by_now();
ALTER TABLE sharing_leakstep ENABLE ALWAYS TRIGGER sharing_leakstep_by_now;
"""
LATER = """
DROP TRIGGER sharing_leakstep_by_now ON sharing_leakstep;
DROP FUNCTION sharing_leakstep_by_now();
DROP TRIGGER sharing_leak_noticed_by_now ON sharing_leak;
DROP FUNCTION sharing_leak_noticed_by_now();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0014_a_yes_lives_no_longer_than_its_form_says"),
        ("residents", "0033_the_fewest_that_are_counted"),
        ("sharing", "0011_orders_by_law"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Leak",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("noticed_at", models.DateTimeField(verbose_name="when it was noticed")),
                ("capacity", models.CharField(max_length=40)),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leak",
                        to="consent.incident",
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
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeakNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "goes_to",
                    models.CharField(
                        choices=[
                            ("people", "the people it concerns"),
                            ("guardians", "guardians of those under eighteen"),
                            ("authority", "the authority"),
                            ("province", "the authority of the province"),
                        ],
                        max_length=10,
                        verbose_name="who gets it",
                    ),
                ),
                ("categories", models.TextField(blank=True, verbose_name="which information")),
                ("cause", models.TextField(blank=True, verbose_name="how it happened")),
                ("harm", models.TextField(blank=True, verbose_name="what harm it may do")),
                ("remedies", models.TextField(blank=True, verbose_name="what was done about it")),
                ("own_steps", models.TextField(blank=True, verbose_name="what you can do yourself")),
                ("contact", models.TextField(blank=True, verbose_name="whom to ask")),
                (
                    "office",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="which office, and how it was given there"
                    ),
                ),
                ("written_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "leak",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="sharing.leak"
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
                    "sent_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeakPerson",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("look_up", "details that staff looked at"),
                            ("copy", "a copy that was given to a recipient"),
                            ("register", "the register as a whole"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "leak",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="sharing.leak",
                    ),
                ),
                (
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaks",
                        to="residents.resident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeakSource",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("look_up", "details that staff looked at"),
                            ("copy", "a copy that was given to a recipient"),
                            ("register", "the register as a whole"),
                        ],
                        max_length=10,
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "copy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaks",
                        to="sharing.copy",
                    ),
                ),
                (
                    "leak",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sources", to="sharing.leak"
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
            ],
        ),
        migrations.CreateModel(
            name="LeakStep",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "the room was opened"),
                            ("found", "what was found"),
                            ("done", "what was done"),
                            ("supposed", "supposed to concern so many people in all"),
                            ("source", "where it may have come from was written down"),
                            ("counted", "who is affected was computed"),
                            ("traced", "a text was compared with what was given out"),
                            ("sent", "a notice was sent"),
                            ("recalled", "the recipient was asked to delete it"),
                            ("printed", "notices were printed for who has no account"),
                            ("closed", "the room was closed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("words", models.TextField(blank=True)),
                ("number", models.PositiveIntegerField(null=True)),
                ("happened_at", models.DateTimeField()),
                ("capacity", models.CharField(max_length=40)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "leak",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="sharing.leak"
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
            ],
        ),
        migrations.CreateModel(
            name="LeakTold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[("account", "in their account"), ("paper", "on paper")], max_length=10
                    ),
                ),
                ("batch", models.UUIDField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "about",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.resident"
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
                    "notice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="told",
                        to="sharing.leaknotice",
                    ),
                ),
                (
                    "printed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="told_of_leaks",
                        to="residents.resident",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="leak",
            index=models.Index(fields=["neighborhood", "-opened_at"], name="leak_newest"),
        ),
        migrations.AddConstraint(
            model_name="leaknotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at", None), ("sent_by", None)),
                    models.Q(("sent_at__isnull", False), ("sent_by__isnull", False)),
                    _connector="OR",
                ),
                name="leaknotice_sent_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="leakperson",
            constraint=models.UniqueConstraint(fields=("leak", "resident", "reason"), name="leakperson_once"),
        ),
        migrations.AddConstraint(
            model_name="leaksource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("copy", None),
                        ("kind", "look_up"),
                        ("since__isnull", False),
                        ("until__gt", models.F("since")),
                    ),
                    models.Q(
                        ("account", None),
                        ("copy__isnull", False),
                        ("kind", "copy"),
                        ("since", None),
                        ("until", None),
                    ),
                    models.Q(
                        ("account", None),
                        ("copy", None),
                        ("kind", "register"),
                        ("since", None),
                        ("until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="leaksource_says_where",
            ),
        ),
        migrations.AddConstraint(
            model_name="leaksource",
            constraint=models.UniqueConstraint(fields=("leak", "copy"), name="leaksource_copy_once"),
        ),
        migrations.AddIndex(
            model_name="leakstep",
            index=models.Index(fields=["leak", "at"], name="leakstep_in_order"),
        ),
        migrations.AddConstraint(
            model_name="leakstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["found", "done", "closed"]), _negated=True),
                    ("words__regex", "\\S"),
                    _connector="OR",
                ),
                name="leakstep_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="leakstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "supposed"), _negated=True), ("number__isnull", False), _connector="OR"
                ),
                name="leakstep_says_how_many",
            ),
        ),
        migrations.AddIndex(
            model_name="leaktold",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)), fields=["batch"], name="leaktold_sheet"
            ),
        ),
        migrations.AddConstraint(
            model_name="leaktold",
            constraint=models.UniqueConstraint(fields=("notice", "reader", "about"), name="leaktold_once"),
        ),
        migrations.AddConstraint(
            model_name="leaktold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("batch", None), ("printed_by", None), ("way", "account")),
                    models.Q(("batch__isnull", False), ("printed_by__isnull", False), ("way", "paper")),
                    _connector="OR",
                ),
                name="leaktold_on_paper_by_somebody",
            ),
        ),
        migrations.RunSQL(AFFECTED, NO_AFFECTED),
        migrations.RunSQL(WHOLE, NOT_WHOLE),
        migrations.RunSQL(TOLD, NOT_TOLD),
        migrations.RunSQL(BY_NOW, LATER),
        SameNeighborhood("sharing_leak", incident_id="consent_incident"),
        SameNeighborhood("sharing_leakstep", leak_id="sharing_leak"),
        SameNeighborhood("sharing_leaksource", leak_id="sharing_leak", copy_id="sharing_copy"),
        SameNeighborhood("sharing_leaknotice", leak_id="sharing_leak"),
        SameNeighborhood(
            "sharing_leaktold",
            notice_id="sharing_leaknotice",
            reader_id="residents_resident",
            about_id="residents_resident",
        ),
        AppendOnly("sharing_leak"),
        AppendOnly("sharing_leakstep"),
        AppendOnly("sharing_leaksource"),
        AppendOnly("sharing_leakperson"),
        AppendOnly("sharing_leaktold"),
    ]
