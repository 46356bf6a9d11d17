"""A device signs with one key and is sealed to by another. They are replaced together, or whoever holds the one that was left
behind still reads what is sent; and of a device that was revoked neither is ever replaced: it would come back under a new key
(F20)."""

from django.db import migrations

LAW = """
CREATE FUNCTION access_keys_change_together() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'the keys of a revoked device are not replaced' USING ERRCODE = 'LM165';
    END IF;
    IF OLD.public_key = NEW.public_key OR OLD.sealing_key = NEW.sealing_key THEN
        RAISE EXCEPTION 'the keys of a device are replaced together' USING ERRCODE = 'LM166';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_device_keys_change_together BEFORE UPDATE ON access_device
    FOR EACH ROW WHEN (OLD.public_key IS DISTINCT FROM NEW.public_key OR OLD.sealing_key IS DISTINCT FROM NEW.sealing_key)
    EXECUTE FUNCTION access_keys_change_together();
ALTER TABLE access_device ENABLE ALWAYS TRIGGER access_device_keys_change_together;
"""
LAWLESS = """
DROP TRIGGER access_device_keys_change_together ON access_device;
DROP FUNCTION access_keys_change_together();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0029_a_change_rings_at_its_gate")]

    operations = [migrations.RunSQL(LAW, LAWLESS)]
