"""Laws 1, 2 and 13 where nobody can get round them: who lives here keeps a way in that needs no phone and no face.

The trigger is asked at commit, so that one act may end a card and give the next in either order. It takes the resident
first, as every act on their ways in does: of two desks that end two cards at once, the second sees what the first did.
"""

from django.db import migrations

LAST_WAY = """
CREATE FUNCTION access_credential_last_way() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date;
BEGIN
    PERFORM FROM public.residents_resident WHERE id = OLD.resident_id FOR NO KEY UPDATE;
    SELECT (now() AT TIME ZONE n.time_zone)::date INTO today
        FROM public.residents_neighborhood n WHERE n.id = OLD.neighborhood_id;
    IF EXISTS (SELECT FROM public.residents_occupancy o
               WHERE o.resident_id = OLD.resident_id AND o.since <= today
                 AND (o.until IS NULL OR o.until > today))
        AND NOT EXISTS (SELECT FROM public.access_credential c
                        WHERE c.resident_id = OLD.resident_id AND c.kind IN ('card', 'pin') AND c.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'nobody who lives here is left without a way in' USING ERRCODE = 'LM011',
            HINT = 'Give another card or lend a PIN in the same act.';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER access_credential_last_way AFTER UPDATE OF ended_at ON access_credential
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND OLD.kind IN ('card', 'pin'))
    EXECUTE FUNCTION access_credential_last_way();
CREATE CONSTRAINT TRIGGER access_credential_last_way_deleted AFTER DELETE ON access_credential
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND OLD.kind IN ('card', 'pin'))
    EXECUTE FUNCTION access_credential_last_way();
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_credential_last_way;
ALTER TABLE access_credential ENABLE ALWAYS TRIGGER access_credential_last_way_deleted;
"""

NO_LAST_WAY = """
DROP TRIGGER access_credential_last_way_deleted ON access_credential;
DROP TRIGGER access_credential_last_way ON access_credential;
DROP FUNCTION access_credential_last_way();
"""

# What goes to a gate grows by a keypad number and the PIN under a slow hash; still no name, phone or identity number.
KEYS = (
    "ALTER TABLE access_feedrow ADD CONSTRAINT feed_row_says_no_more CHECK (body - ARRAY[{}] = '{{}}'::jsonb)"
)
DROP = "ALTER TABLE access_feedrow DROP CONSTRAINT feed_row_says_no_more"
NOW = KEYS.format("'kind', 'digest', 'windows', 'number', 'verifier', 'once'")
BEFORE = KEYS.format("'kind', 'digest', 'windows'")

# ANALYZE would copy verifiers into pg_statistic.
NO_STATISTICS = "ALTER TABLE access_credential ALTER COLUMN verifier SET STATISTICS 0"
STATISTICS = "ALTER TABLE access_credential ALTER COLUMN verifier SET STATISTICS -1"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0008_pins_qr_codes_and_passes"),
        ("residents", "0005_who_owns_and_as_what_people_live"),
    ]

    operations = [
        migrations.RunSQL([DROP, NOW], [DROP, BEFORE]),
        migrations.RunSQL(NO_STATISTICS, STATISTICS),
        migrations.RunSQL(LAST_WAY, NO_LAST_WAY),
    ]
