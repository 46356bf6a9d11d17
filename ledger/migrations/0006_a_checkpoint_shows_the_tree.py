"""A checkpoint says the size and the root of the tree that stands here, and of no other: a second history cannot be signed
into this database (F17)."""

from django.db import migrations

# The subtrees at the right edge, the smallest first: of each level of tiles, what its last tile holds so far.
ROOT = r"""
CREATE FUNCTION linmen_tree_root(size bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    height int := 0;
    till bigint := size;
    beyond bigint;
    hashes bytea;
    root bytea;
    part bytea;
BEGIN
    WHILE till > 0 LOOP
        beyond := till >> 8 << 8;
        IF height = 0 THEN
            SELECT string_agg(l.hash, '' ORDER BY l.index) INTO hashes FROM public.ledger_leaf l
                WHERE l.index >= beyond AND l.index < till;
        ELSE
            SELECT string_agg(t.root, '' ORDER BY t.number) INTO hashes FROM public.ledger_tile t
                WHERE t.level = height - 1 AND t.number >= beyond AND t.number < till;
        END IF;
        IF coalesce(length(hashes), 0) <> (till - beyond) * 32 THEN
            RETURN NULL;
        END IF;
        FOR power IN 0..7 LOOP
            IF (till - beyond) >> power & 1 = 1 THEN
                part := public.linmen_tile_root(substring(hashes FROM length(hashes) - (32 << power) + 1));
                hashes := substring(hashes FOR length(hashes) - (32 << power));
                root := CASE WHEN root IS NULL THEN part ELSE sha256('\x01'::bytea || part || root) END;
            END IF;
        END LOOP;
        till := till >> 8;
        height := height + 1;
    END LOOP;
    RETURN root;
END
$$;

CREATE FUNCTION linmen_checkpoint_shows_the_tree() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.root IS DISTINCT FROM public.linmen_tree_root(NEW.size)
        OR split_part(NEW.note, E'\n', 2) <> NEW.size::text
        OR split_part(NEW.note, E'\n', 3) <> encode(NEW.root, 'base64') THEN
        RAISE EXCEPTION 'a checkpoint of % is not of this tree', NEW.size USING ERRCODE = 'LM065';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_checkpoint_shows_the_tree BEFORE INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION linmen_checkpoint_shows_the_tree();
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER ledger_checkpoint_shows_the_tree
"""
NO_ROOT = """
DROP TRIGGER ledger_checkpoint_shows_the_tree ON ledger_checkpoint;
DROP FUNCTION linmen_checkpoint_shows_the_tree();
DROP FUNCTION linmen_tree_root(bigint)
"""


class Migration(migrations.Migration):
    dependencies = (("ledger", "0005_no_two_entries_are_one_leaf"),)

    operations = (migrations.RunSQL(ROOT, NO_ROOT),)
