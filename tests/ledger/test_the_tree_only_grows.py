"""What the database itself refuses, by raw SQL, as the application's role and as the owner (F17)."""

from uuid import uuid4

import psycopg
import pytest
from django.db import transaction
from psycopg import errors

from ledger import checkpoints, sequencing
from ledger.append_only import REFUSED
from ledger.models import Checkpoint, Entry, Leaf, Tile, Waiting
from ledger.record import Act, record_many

OWN_HASH = "linmen_leaf_hash(e.commitment, e.at)"
TREE = "linmen_tree_root(4)"
WAITS, NEXT, OWN, TILE, GROWS, SHOWS = "LM060", "LM061", "LM062", "LM063", "LM064", "LM065"


def write(count: int) -> list[Entry]:
    with transaction.atomic():
        return record_many(
            Act(kind="test.made", subject=uuid4(), neighborhood=None, payload={"n": n}) for n in range(count)
        )


@pytest.fixture
def log(committed):
    """Three leaves under a checkpoint, and one entry that waits."""
    write(3)
    sequencing.run()
    checkpoints.make()
    return write(1)[0]


@pytest.fixture(params=["app", "owner"])
def refused(request, log, app_sql, owner_sql):
    """That either role is refused, and with which code."""
    session = app_sql() if request.param == "app" else owner_sql()

    def check(sql: str, *codes: str) -> None:
        with pytest.raises(psycopg.DatabaseError) as error:
            session.execute(sql)
        assert error.value.sqlstate in (*codes, errors.InsufficientPrivilege.sqlstate)

    return check


@pytest.fixture
def full(committed, app_sql):
    """A row in every table of the tree."""
    write(256)
    sequencing.run()
    checkpoints.make()
    app_sql().execute(
        "INSERT INTO ledger_witness (name, public_key) VALUES ('w', decode(repeat('01', 32), 'hex'));"
        "INSERT INTO ledger_cosignature (checkpoint_id, witness_id, timestamp, signature)"
        " SELECT 256, id, 1, decode(repeat('02', 64), 'hex') FROM ledger_witness"
    )


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("leaf", "hash"),
        ("tile", "root"),
        ("checkpoint", "note"),
        ("witness", "name"),
        ("cosignature", "timestamp"),
    ],
)
def test_it_changes_and_deletes_nothing_of_the_tree(full, app_sql, owner_sql, table, column):
    for act in (
        f"UPDATE ledger_{table} SET {column} = {column}",
        f"DELETE FROM ledger_{table}",
        f"TRUNCATE ledger_{table} CASCADE",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            app_sql().execute(act)
        owner = owner_sql()
        with pytest.raises(psycopg.DatabaseError) as error:
            owner.execute(act)
        assert error.value.sqlstate == REFUSED
        assert owner.execute(f"SELECT count(*) FROM ledger_{table}").fetchone() != (0,)


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize("index", [-1, 0, 2, 4, 10**12])
def test_a_leaf_takes_the_next_place_and_no_other(refused, log, index):
    refused(
        f"INSERT INTO ledger_leaf (index, entry_id, hash) SELECT {index}, e.id, {OWN_HASH}"
        f" FROM ledger_entry e WHERE e.id = {log.pk}",
        NEXT,
    )


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize("hash", ["decode(repeat('00', 32), 'hex')", "e.commitment", "sha256(e.commitment)"])
def test_a_leaf_is_its_entrys_own(refused, log, hash):
    refused(
        f"INSERT INTO ledger_leaf (index, entry_id, hash) SELECT 3, e.id, {hash}"
        f" FROM ledger_entry e WHERE e.id = {log.pk}",
        OWN,
    )
    refused(
        f"INSERT INTO ledger_leaf (index, entry_id, hash) SELECT 3, e.id + 1000, {OWN_HASH}"
        f" FROM ledger_entry e WHERE e.id = {log.pk}",
        OWN,
    )


@pytest.mark.obligation("35", "F17")
def test_the_tree_goes_on_after_an_error_and_does_not_begin_anew(log, app_sql):
    """The failure this is named for: a log that starts a new chain when something went wrong."""
    session = app_sql(autocommit=False)
    session.execute(
        f"INSERT INTO ledger_leaf (index, entry_id, hash) SELECT 3, e.id, {OWN_HASH}"
        f" FROM ledger_entry e WHERE e.id = {log.pk}"
    )
    session.rollback()
    with pytest.raises(psycopg.DatabaseError) as error:
        app_sql().execute(
            f"INSERT INTO ledger_leaf (index, entry_id, hash) SELECT 0, e.id, {OWN_HASH}"
            f" FROM ledger_entry e WHERE e.id = {log.pk}"
        )
    assert error.value.sqlstate == NEXT
    assert sequencing.run() == 1
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == [0, 1, 2, 3]


@pytest.mark.obligation("35", "F17")
def test_no_entry_is_left_out(refused, log):
    assert Waiting.objects.get().entry_id == log.pk
    refused("DELETE FROM ledger_waiting", WAITS)
    refused("UPDATE ledger_waiting SET entry_id = entry_id", WAITS)
    refused("TRUNCATE ledger_waiting", REFUSED)
    assert Waiting.objects.get().entry_id == log.pk


@pytest.mark.obligation("F17")
def test_every_entry_waits_whoever_writes_it_and_however(committed, app_sql, owner_sql):
    sql = (
        "INSERT INTO ledger_entry (kind, commitment)"
        " SELECT 'test.made', sha256(uuid_send(gen_random_uuid())) FROM generate_series(1, 3)"
    )
    app_sql().execute(sql)
    owner = owner_sql()
    owner.execute(sql)
    assert Waiting.objects.count() == Entry.objects.count() == 6
    with pytest.raises(errors.InsufficientPrivilege):
        app_sql().execute("INSERT INTO ledger_waiting SELECT id FROM ledger_entry")


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize(
    ("level", "number", "hashes"),
    [
        (0, 0, "repeat('00', 8192)"),  # too few leaves for any tile
        (0, 1, "repeat('00', 8192)"),
        (1, 0, "repeat('00', 8192)"),
        (0, 0, "''"),
    ],
)
def test_a_tile_is_what_its_leaves_make(refused, level, number, hashes):
    refused(
        "INSERT INTO ledger_tile (level, number, root, hashes)"
        f" VALUES ({level}, {number}, decode(repeat('00', 32), 'hex'), decode({hashes}, 'hex'))",
        TILE,
    )


@pytest.mark.obligation("35", "F17")
def test_a_tile_with_one_other_bit_or_another_root_is_refused(committed, owner_sql):
    write(256)
    with transaction.atomic():
        sequencing.hold()
        rows = list(Waiting.objects.order_by("pk").values_list("entry_id", "entry__commitment", "entry__at"))
        from ledger.leaves import hash_of

        Leaf.objects.bulk_create(
            Leaf(index=place, entry_id=entry, hash=hash_of(commitment=bytes(sealed), at=at))
            for place, (entry, sealed, at) in enumerate(rows)
        )
    owner = owner_sql()
    made = (
        "SELECT 0, 0, {root}, {hashes} FROM (SELECT string_agg(hash, '' ORDER BY index) h FROM ledger_leaf) x"
    )
    for root, hashes in (
        ("linmen_tile_root(h)", "set_bit(h, 4711, 1 - get_bit(h, 4711))"),
        ("linmen_tile_root(set_bit(h, 7, 1 - get_bit(h, 7)))", "h"),
        ("sha256(h)", "h"),
    ):
        with pytest.raises(psycopg.DatabaseError) as error:
            owner.execute(
                f"INSERT INTO ledger_tile (level, number, root, hashes) {made.format(root=root, hashes=hashes)}"
            )
        assert error.value.sqlstate == TILE
    owner.execute(
        f"INSERT INTO ledger_tile (level, number, root, hashes) {made.format(root='linmen_tile_root(h)', hashes='h')}"
    )
    assert Tile.objects.count() == 1


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize("size", [-1, 0, 1, 2, 3, 4, 100])
def test_a_checkpoint_only_grows_and_promises_no_more_than_there_is(refused, size):
    refused(
        f"INSERT INTO ledger_checkpoint (size, root, note) VALUES ({size}, decode(repeat('00', 32), 'hex'), 'x')",
        GROWS,
        "23505",
    )
    assert Checkpoint.objects.get().size == 3


@pytest.mark.obligation("35", "F17")
@pytest.mark.parametrize(
    ("root", "note"),
    [
        ("sha256('another history')", "E'x\n4\n' || encode(sha256('another history'), 'base64')"),
        (TREE, f"E'x\n5\n' || encode({TREE}, 'base64')"),
        (TREE, "E'x\n4\n' || encode(sha256('another history'), 'base64')"),
        (TREE, "'x'"),
    ],
    ids=["another root", "a note of another size", "a note of another root", "no note"],
)
def test_a_checkpoint_is_of_the_tree_that_stands_here(refused, log, root, note):
    sequencing.run()
    refused(f"INSERT INTO ledger_checkpoint (size, root, note) SELECT 4, {root}, {note}", SHOWS)
    assert checkpoints.make().size == 4


@pytest.mark.obligation("35")
def test_a_checkpoint_says_when_it_was_made_whoever_says_otherwise(log, owner_sql):
    sequencing.run()
    owner_sql().execute(
        "INSERT INTO ledger_checkpoint (size, root, note, at)"
        f" SELECT 4, {TREE}, E'x\n4\n' || encode({TREE}, 'base64'), '2020-01-01'"
    )
    first, second = Checkpoint.objects.order_by("size")
    assert second.at >= first.at


@pytest.mark.obligation("F17")
@pytest.mark.parametrize("role", ["app", "owner"])
def test_no_two_entries_are_one_leaf(log, app_sql, owner_sql, role):
    """Of two that are, the second could never have a place, and nothing after it would."""
    session = app_sql() if role == "app" else owner_sql()
    again = "INSERT INTO ledger_entry (kind, commitment) SELECT 'test.made', commitment FROM ledger_entry"
    with pytest.raises(errors.UniqueViolation, match="ledger_entry_commitment_once"):
        session.execute(f"{again} WHERE id = {log.pk}")
    assert sequencing.run() == 1
