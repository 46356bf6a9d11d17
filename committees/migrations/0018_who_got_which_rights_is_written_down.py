"""Who was given which rights, and who lost them, is written down by the database itself, and stays for three years."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from ledger.append_only import AppendOnly

# Whoever acts says so in `linmen.acting`, for this transaction. What is done past the code has no author here, and shows.
WRITTEN = """
CREATE FUNCTION committees_acting() RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT NULLIF(current_setting('linmen.acting', true), '')::uuid $$;

CREATE FUNCTION committees_term_is_written_down() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    term public.committees_term%ROWTYPE;
    happened text;
    office text;
BEGIN
    IF TG_OP = 'DELETE' THEN term := OLD; ELSE term := NEW; END IF;
    IF TG_OP = 'UPDATE' AND (NEW.user_id, NEW.committee_id, NEW.role, NEW.starts, NEW.ends)
        IS NOT DISTINCT FROM (OLD.user_id, OLD.committee_id, OLD.role, OLD.starts, OLD.ends) THEN
        RETURN NULL;
    END IF;
    happened := CASE TG_OP WHEN 'INSERT' THEN 'term.appointed' WHEN 'DELETE' THEN 'term.called_off'
        ELSE CASE WHEN NEW.ends < OLD.ends THEN 'term.ended' ELSE 'term.changed' END END;
    SELECT c.kind || '.' || term.role INTO office FROM public.committees_committee c WHERE c.id = term.committee_id;
    INSERT INTO public.committees_rightschange
            (id, neighborhood_id, user_id, what, capacity, about, starts, ends, by_id)
        VALUES (gen_random_uuid(), term.neighborhood_id, term.user_id, happened, COALESCE(office, ''), term.id,
            term.starts, term.ends, public.committees_acting());
    RETURN NULL;
END
$$;
CREATE TRIGGER committees_term_is_written_down AFTER INSERT OR UPDATE OR DELETE ON committees_term
    FOR EACH ROW EXECUTE FUNCTION committees_term_is_written_down();
ALTER TABLE committees_term ENABLE ALWAYS TRIGGER committees_term_is_written_down;

CREATE FUNCTION committees_account_is_written_down() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.is_superuser OR TG_OP = 'UPDATE' AND NEW.is_superuser <> OLD.is_superuser THEN
        INSERT INTO public.committees_rightschange (id, user_id, what, capacity, by_id)
            VALUES (gen_random_uuid(), NEW.id, CASE WHEN NEW.is_superuser THEN 'operator.made' ELSE 'operator.ended' END,
                'operator', public.committees_acting());
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.is_active <> OLD.is_active THEN
        INSERT INTO public.committees_rightschange (id, neighborhood_id, user_id, what, capacity, by_id)
            SELECT gen_random_uuid(), held.neighborhood_id, NEW.id,
                CASE WHEN NEW.is_active THEN 'account.opened' ELSE 'account.closed' END, '', public.committees_acting()
            FROM (SELECT DISTINCT t.neighborhood_id FROM public.committees_term t
                WHERE t.user_id = NEW.id AND t.ends > CURRENT_DATE) held;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER committees_account_is_written_down AFTER INSERT OR UPDATE OF is_superuser, is_active ON residents_user
    FOR EACH ROW EXECUTE FUNCTION committees_account_is_written_down();
ALTER TABLE residents_user ENABLE ALWAYS TRIGGER committees_account_is_written_down;
"""
NOT_WRITTEN = """
DROP TRIGGER committees_account_is_written_down ON residents_user;
DROP FUNCTION committees_account_is_written_down();
DROP TRIGGER committees_term_is_written_down ON committees_term;
DROP FUNCTION committees_term_is_written_down();
DROP FUNCTION committees_acting();
"""

KEPT = """
CREATE FUNCTION committees_rightschange_is_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.at > clock_timestamp() - interval '1094 days' THEN
        RAISE EXCEPTION 'what became of rights is kept for three years' USING ERRCODE = 'LM203';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER committees_rightschange_is_kept BEFORE DELETE ON committees_rightschange
    FOR EACH ROW EXECUTE FUNCTION committees_rightschange_is_kept();
ALTER TABLE committees_rightschange ENABLE ALWAYS TRIGGER committees_rightschange_is_kept;
"""
NOT_KEPT = """
DROP TRIGGER committees_rightschange_is_kept ON committees_rightschange;
DROP FUNCTION committees_rightschange_is_kept();
"""


def _to(model, **options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model, **options
    )


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0017_handed_over_by_two_sides"),
        ("residents", "0042_a_year_of_minors_data_is_audited"),
    ]

    operations = [
        migrations.CreateModel(
            name="RightsChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("what", models.CharField(max_length=40, verbose_name="what happened")),
                ("capacity", models.CharField(blank=True, max_length=40, verbose_name="which office")),
                ("about", models.UUIDField(null=True)),
                ("starts", models.DateField(null=True)),
                ("ends", models.DateField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("by", _to(settings.AUTH_USER_MODEL, null=True)),
                ("neighborhood", _to("residents.neighborhood", null=True)),
                ("user", _to(settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "change of rights",
                "verbose_name_plural": "changes of rights",
                "indexes": [models.Index(fields=["neighborhood", "-at"], name="rightschange_by_place")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("what", ""), _negated=True), name="rightschange_says_what"
                    )
                ],
            },
        ),
        AppendOnly("committees_rightschange", erasable=True),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.RunSQL(WRITTEN, NOT_WRITTEN),
    ]
