"""Whoever waits for news of a gate is woken by the database, in the transaction that made them: raw SQL rings too, and what is
rolled back rings for nobody. It says the gate's id and nothing else. Without a listener it costs next to nothing; what is
lost on the way costs a waiting device the rest of its wait (see access.bell).

Once a statement and gate, not once a row: a refresh of a hundred thousand rows rings a gate once."""

from django.db import migrations

RING = """
CREATE FUNCTION access_ring_for_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('linmen_feed', changed.gate_id::text) FROM (SELECT DISTINCT gate_id FROM changed) changed;
    RETURN NULL;
END
$$;
CREATE FUNCTION access_ring_for_a_gate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('linmen_feed', NEW.id::text);
    RETURN NULL;
END
$$;
CREATE FUNCTION access_ring_for_a_device() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('linmen_feed', NEW.gate_id::text);
    RETURN NULL;
END
$$;
CREATE FUNCTION access_ring_for_a_sign() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('linmen_feed', d.gate_id::text) FROM public.access_device d WHERE d.id = NEW.device_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER access_new_rows_ring AFTER INSERT ON access_feedrow REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION access_ring_for_rows();
CREATE TRIGGER access_changed_rows_ring AFTER UPDATE ON access_feedrow REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION access_ring_for_rows();
CREATE TRIGGER access_a_changed_gate_rings AFTER UPDATE ON access_gate
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION access_ring_for_a_gate();
CREATE TRIGGER access_a_device_with_other_keys_rings AFTER UPDATE ON access_device
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.public_key IS DISTINCT FROM NEW.public_key)
    EXECUTE FUNCTION access_ring_for_a_device();
CREATE TRIGGER access_a_sign_rings AFTER INSERT OR UPDATE ON access_sign
    FOR EACH ROW EXECUTE FUNCTION access_ring_for_a_sign();
"""
SILENCE = """
DROP TRIGGER access_new_rows_ring ON access_feedrow;
DROP TRIGGER access_changed_rows_ring ON access_feedrow;
DROP TRIGGER access_a_changed_gate_rings ON access_gate;
DROP TRIGGER access_a_device_with_other_keys_rings ON access_device;
DROP TRIGGER access_a_sign_rings ON access_sign;
DROP FUNCTION access_ring_for_rows();
DROP FUNCTION access_ring_for_a_gate();
DROP FUNCTION access_ring_for_a_device();
DROP FUNCTION access_ring_for_a_sign();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0028_what_gates_were_told_leaves_no_bytes")]

    operations = [migrations.RunSQL(RING, SILENCE)]
