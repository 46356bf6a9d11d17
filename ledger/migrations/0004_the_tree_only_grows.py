"""Every entry waits for its place until it has one; a leaf comes next in line and is its entry's own; a tile is what its
hashes are made of; a checkpoint only grows. None of it changes, goes, or begins anew.

Growing takes no lock here. Two writers at once meet at the primary key of the leaves, and one of them fails.
"""

from django.db import migrations

from ledger.append_only import AppendOnly, if_role_exists

# As its owner: the application waits for nobody's entry but those that it writes.
WAIT = """
CREATE FUNCTION linmen_entry_waits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.ledger_waiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entry_waits AFTER INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION linmen_entry_waits();
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_waits;
INSERT INTO ledger_waiting (entry_id) SELECT id FROM ledger_entry;

CREATE FUNCTION linmen_waiting_until_a_leaf() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM public.ledger_leaf l WHERE l.entry_id = OLD.entry_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'an entry waits until it is a leaf: % refused', TG_OP USING ERRCODE = 'LM060';
END
$$;
CREATE TRIGGER ledger_waiting_until_a_leaf BEFORE UPDATE OR DELETE ON ledger_waiting
    FOR EACH ROW EXECUTE FUNCTION linmen_waiting_until_a_leaf();
CREATE TRIGGER ledger_waiting_no_truncate BEFORE TRUNCATE ON ledger_waiting
    FOR EACH STATEMENT EXECUTE FUNCTION linmen_refuse_change();
ALTER TABLE ledger_waiting ENABLE ALWAYS TRIGGER ledger_waiting_until_a_leaf;
ALTER TABLE ledger_waiting ENABLE ALWAYS TRIGGER ledger_waiting_no_truncate
"""
UNWAIT = """
DROP TRIGGER ledger_waiting_no_truncate ON ledger_waiting;
DROP TRIGGER ledger_waiting_until_a_leaf ON ledger_waiting;
DROP FUNCTION linmen_waiting_until_a_leaf();
DROP TRIGGER ledger_entry_waits ON ledger_entry;
DROP FUNCTION linmen_entry_waits()
"""

# The same bytes as ledger/leaves.py: a rule that never changes.
LEAF = r"""
CREATE FUNCTION linmen_leaf_hash(commitment bytea, at timestamptz) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256('\x00'::bytea || convert_to(E'linmen ledger leaf v1\n', 'UTF8') || commitment
        || int8send((extract(epoch FROM at) * 1000000)::bigint))
$$;

CREATE FUNCTION linmen_leaf_next_in_line() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.index <> coalesce((SELECT max(l.index) FROM public.ledger_leaf l), -1) + 1 THEN
        RAISE EXCEPTION 'leaf % is not the next in line', NEW.index USING ERRCODE = 'LM061';
    END IF;
    IF NEW.hash IS DISTINCT FROM (SELECT public.linmen_leaf_hash(e.commitment, e.at)
                                  FROM public.ledger_entry e WHERE e.id = NEW.entry_id) THEN
        RAISE EXCEPTION 'leaf % is not its entry''s', NEW.index USING ERRCODE = 'LM062';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_leaf_next_in_line BEFORE INSERT ON ledger_leaf
    FOR EACH ROW EXECUTE FUNCTION linmen_leaf_next_in_line();
ALTER TABLE ledger_leaf ENABLE ALWAYS TRIGGER ledger_leaf_next_in_line
"""
UNLEAF = """
DROP TRIGGER ledger_leaf_next_in_line ON ledger_leaf;
DROP FUNCTION linmen_leaf_next_in_line();
DROP FUNCTION linmen_leaf_hash(bytea, timestamptz)
"""

# Hashes are read by the slice, so they lie uncompressed beside the row.
TILE = r"""
ALTER TABLE ledger_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION linmen_tile_root(hashes bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WHILE length(hashes) > 32 LOOP
        hashes := (SELECT string_agg(sha256('\x01'::bytea || substring(hashes FROM i * 64 + 1 FOR 64)), '' ORDER BY i)
                   FROM generate_series(0, length(hashes) / 64 - 1) i);
    END LOOP;
    RETURN hashes;
END
$$;

CREATE FUNCTION linmen_tile_is_its_hashes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    below bytea;
BEGIN
    IF NEW.level = 0 THEN
        SELECT string_agg(l.hash, '' ORDER BY l.index) INTO below FROM public.ledger_leaf l
            WHERE l.index >= NEW.number * 256 AND l.index < (NEW.number + 1) * 256;
    ELSE
        SELECT string_agg(t.root, '' ORDER BY t.number) INTO below FROM public.ledger_tile t
            WHERE t.level = NEW.level - 1 AND t.number >= NEW.number * 256 AND t.number < (NEW.number + 1) * 256;
    END IF;
    IF length(below) IS DISTINCT FROM 8192 OR below <> NEW.hashes
        OR NEW.root <> public.linmen_tile_root(below) THEN
        RAISE EXCEPTION 'tile %/% is not its hashes', NEW.level, NEW.number USING ERRCODE = 'LM063';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_tile_is_its_hashes BEFORE INSERT ON ledger_tile
    FOR EACH ROW EXECUTE FUNCTION linmen_tile_is_its_hashes();
ALTER TABLE ledger_tile ENABLE ALWAYS TRIGGER ledger_tile_is_its_hashes
"""
UNTILE = """
DROP TRIGGER ledger_tile_is_its_hashes ON ledger_tile;
DROP FUNCTION linmen_tile_is_its_hashes();
DROP FUNCTION linmen_tile_root(bytea)
"""

CHECKPOINT = """
CREATE FUNCTION linmen_checkpoint_only_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.size <= coalesce((SELECT max(c.size) FROM public.ledger_checkpoint c), 0) THEN
        RAISE EXCEPTION 'a checkpoint of % does not grow', NEW.size USING ERRCODE = 'LM064';
    END IF;
    IF NEW.size > coalesce((SELECT max(l.index) FROM public.ledger_leaf l), -1) + 1 THEN
        RAISE EXCEPTION 'a checkpoint of % is larger than the tree', NEW.size USING ERRCODE = 'LM064';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_checkpoint_only_grows BEFORE INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION linmen_checkpoint_only_grows();
CREATE TRIGGER ledger_checkpoint_clock BEFORE INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION linmen_entry_clock();
CREATE TRIGGER ledger_cosignature_clock BEFORE INSERT ON ledger_cosignature
    FOR EACH ROW EXECUTE FUNCTION linmen_entry_clock();
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER ledger_checkpoint_only_grows;
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER ledger_checkpoint_clock;
ALTER TABLE ledger_cosignature ENABLE ALWAYS TRIGGER ledger_cosignature_clock
"""
UNCHECKPOINT = """
DROP TRIGGER ledger_cosignature_clock ON ledger_cosignature;
DROP TRIGGER ledger_checkpoint_clock ON ledger_checkpoint;
DROP TRIGGER ledger_checkpoint_only_grows ON ledger_checkpoint;
DROP FUNCTION linmen_checkpoint_only_grows()
"""


class Migration(migrations.Migration):
    dependencies = (("ledger", "0003_a_tree_over_the_entries"),)

    operations = (
        AppendOnly("ledger_leaf"),
        AppendOnly("ledger_tile"),
        AppendOnly("ledger_checkpoint"),
        AppendOnly("ledger_witness"),
        AppendOnly("ledger_cosignature"),
        migrations.RunSQL(WAIT, UNWAIT),
        migrations.RunSQL(
            if_role_exists("REVOKE INSERT, UPDATE, TRUNCATE ON ledger_waiting FROM linmen_app"),
            if_role_exists("GRANT INSERT, UPDATE ON ledger_waiting TO linmen_app"),
        ),
        migrations.RunSQL(LEAF, UNLEAF),
        migrations.RunSQL(TILE, UNTILE),
        migrations.RunSQL(CHECKPOINT, UNCHECKPOINT),
    )
