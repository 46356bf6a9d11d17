"""The laws of letters where nobody can get round them.

One open letter for a person and purpose. A letter never becomes another; used, replaced and expired are final; delivered
goes forward. None opens an account that is open, and none goes into the mailbox of somebody whose mail is read by others.
A used one stands for a month at least, so that nobody gets into another's account without a trace.
"""

import django.db.models.deletion
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.same_neighborhood import SameNeighborhood

LETTER = """
CREATE FUNCTION residents_letter_law() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who public.residents_resident%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT * INTO who FROM public.residents_resident WHERE id = OLD.resident_id;
        IF who.erased_at IS NOT NULL THEN
            RETURN OLD;
        END IF;
        IF OLD.used_at > clock_timestamp() - interval '30 days' THEN
            RAISE EXCEPTION 'a used letter stands for thirty days' USING ERRCODE = 'LM020';
        END IF;
        IF OLD.used_at IS NULL AND OLD.replaced_at IS NULL AND OLD.expires_at > clock_timestamp() THEN
            RAISE EXCEPTION 'an open letter is ended first' USING ERRCODE = 'LM020';
        END IF;
        RETURN OLD;
    END IF;
    -- Two acts on one person come one after the other.
    SELECT * INTO who FROM public.residents_resident WHERE id = NEW.resident_id FOR SHARE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NEW.replaced_at IS NOT NULL
            OR (NEW.delivered_at IS NOT NULL) <> (NEW.goes = 'slip') THEN
            RAISE EXCEPTION 'a letter begins open' USING ERRCODE = 'LM020';
        END IF;
        IF who.erased_at IS NOT NULL OR (who.user_id IS NULL) <> (NEW.purpose = 'open') THEN
            RAISE EXCEPTION 'no such letter for this person' USING ERRCODE = 'LM020';
        END IF;
    ELSE
        IF (NEW.id, NEW.neighborhood_id, NEW.resident_id, NEW.batch_id, NEW.purpose, NEW.digest, NEW.made_by_id,
            NEW.capacity, NEW.made_at, NEW.expires_at) IS DISTINCT FROM
            (OLD.id, OLD.neighborhood_id, OLD.resident_id, OLD.batch_id, OLD.purpose, OLD.digest, OLD.made_by_id,
            OLD.capacity, OLD.made_at, OLD.expires_at) THEN
            RAISE EXCEPTION 'a letter never becomes another' USING ERRCODE = 'LM020';
        END IF;
        IF OLD.used_at IS NOT NULL OR OLD.replaced_at IS NOT NULL THEN
            RAISE EXCEPTION 'a used or replaced letter is final' USING ERRCODE = 'LM020';
        END IF;
        IF OLD.delivered_at IS NOT NULL AND
            (NEW.goes, NEW.delivered_at, NEW.delivered_by_id, NEW.delivered_how, NEW.seen) IS DISTINCT FROM
            (OLD.goes, OLD.delivered_at, OLD.delivered_by_id, OLD.delivered_how, OLD.seen) THEN
            RAISE EXCEPTION 'delivered is not taken back' USING ERRCODE = 'LM020';
        END IF;
        IF NEW.goes <> OLD.goes AND NOT (OLD.goes = 'mailbox' AND NEW.goes = 'desk') THEN
            RAISE EXCEPTION 'what is kept at the desk stays there' USING ERRCODE = 'LM020';
        END IF;
        IF NEW.used_at IS NOT NULL THEN
            IF OLD.expires_at <= clock_timestamp() THEN
                RAISE EXCEPTION 'an expired letter is final' USING ERRCODE = 'LM020';
            END IF;
            IF (who.user_id IS NULL) <> (NEW.purpose = 'open') THEN
                RAISE EXCEPTION 'no letter opens an account that is open' USING ERRCODE = 'LM020';
            END IF;
        END IF;
    END IF;
    IF who.keep_at_desk AND NEW.goes = 'mailbox' AND NEW.used_at IS NULL AND NEW.replaced_at IS NULL
        AND (TG_OP = 'INSERT' OR OLD.delivered_at IS NULL) THEN
        RAISE EXCEPTION 'this person''s letters stay at the desk' USING ERRCODE = 'LM020';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER residents_letter_law BEFORE INSERT OR UPDATE OR DELETE ON residents_letter
    FOR EACH ROW EXECUTE FUNCTION residents_letter_law();
ALTER TABLE residents_letter ENABLE ALWAYS TRIGGER residents_letter_law;

CREATE FUNCTION residents_letter_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.residents_letter l WHERE l.resident_id = NEW.id AND l.goes = 'mailbox'
               AND l.delivered_at IS NULL AND l.used_at IS NULL AND l.replaced_at IS NULL) THEN
        RAISE EXCEPTION 'a letter is on its way to the mailbox' USING ERRCODE = 'LM020',
            HINT = 'Keep it at the desk in the same act.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER residents_letter_kept AFTER UPDATE OF keep_at_desk ON residents_resident
    FOR EACH ROW WHEN (NEW.keep_at_desk) EXECUTE FUNCTION residents_letter_kept();
ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_letter_kept;
"""

NO_LAW = """
DROP TRIGGER residents_letter_kept ON residents_resident;
DROP FUNCTION residents_letter_kept();
DROP TRIGGER residents_letter_law ON residents_letter;
DROP FUNCTION residents_letter_law();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0007_a_claim_code_is_a_letter")]

    operations = [
        migrations.AlterField(
            "letter",
            "neighborhood",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AlterModelOptions(
            "letter", options={"verbose_name": "letter", "verbose_name_plural": "letters"}
        ),
        migrations.AddIndex(
            "letter", models.Index(fields=["resident", "-made_at"], name="letter_by_resident")
        ),
        migrations.AddIndex(
            "letter", models.Index(fields=["neighborhood", "expires_at"], name="letter_by_neighborhood")
        ),
        migrations.AddConstraint(
            "letter",
            models.UniqueConstraint(
                fields=["resident", "purpose"],
                condition=models.Q(("replaced_at", None), ("used_at", None)),
                name="letter_one_open",
            ),
        ),
        migrations.AddConstraint(
            "letter",
            models.CheckConstraint(
                condition=models.Q(("used_at", None))
                | models.Q(("replaced_at", None), ("used_at__lt", models.F("expires_at"))),
                name="letter_used_in_its_time",
            ),
        ),
        migrations.AddConstraint(
            "letter",
            models.CheckConstraint(
                condition=models.Q(
                    ("delivered_at", None), ("delivered_by", None), ("delivered_how", ""), ("seen", "")
                )
                | models.Q(
                    ("delivered_at__gte", models.F("made_at")),
                    ("delivered_at__lt", models.F("expires_at")),
                    ("delivered_by__isnull", False),
                )
                & (
                    models.Q(("delivered_how", "mailbox"), ("goes", "mailbox"), ("seen", ""))
                    | models.Q(("delivered_how", "by_hand"), ("seen__gt", ""))
                ),
                name="letter_delivered_in_one_way",
            ),
        ),
        migrations.AddConstraint(
            "letter",
            models.CheckConstraint(
                condition=~models.Q(("goes", "slip"))
                | models.Q(("delivered_how", "by_hand"), ("purpose", "recover")),
                name="letter_slip_is_handed_over",
            ),
        ),
        migrations.AddConstraint(
            "letter",
            models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("made_at"))), name="letter_has_its_time"
            ),
        ),
        migrations.AddConstraint(
            "resident",
            models.CheckConstraint(
                condition=models.Q(("erased_at", None)) | models.Q(("keep_at_desk", False)),
                name="erased_says_nothing_of_the_mail",
            ),
        ),
        AppendOnly("residents_letterbatch", erasable=True),
        SameNeighborhood(
            "residents_letterbatch", building_id="residents_building", again_id="residents_letterbatch"
        ),
        SameNeighborhood(
            "residents_letter", resident_id="residents_resident", batch_id="residents_letterbatch"
        ),
        migrations.RunSQL(LETTER, NO_LAW),
    ]
