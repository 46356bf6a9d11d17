"""The tree as it is kept gives the roots and proofs of the tree as it is defined, at every size."""

from uuid import uuid4

import pytest
from django.db import connection, transaction

from ledger import checkpoints, merkle, sequencing, tree
from ledger.models import Entry, Leaf, Tile, Waiting
from ledger.record import Act, record_many

pytestmark = pytest.mark.django_db


def write(count: int) -> list[Entry]:
    with transaction.atomic():
        return record_many(
            Act(kind="test.made", subject=uuid4(), neighborhood=None, payload={"n": n}) for n in range(count)
        )


def leaves() -> list[bytes]:
    return [bytes(each) for each in Leaf.objects.order_by("index").values_list("hash", flat=True)]


@pytest.mark.parametrize("batch", [1, 7, 300, 1000])
def test_it_is_the_same_tree_whatever_the_batches(batch):
    write(70 if batch == 1 else 600)
    sequencing.run(batch=batch, batches=1000)

    hashes = leaves()
    assert not Waiting.objects.exists()
    assert len(hashes) == tree.size() == Entry.objects.count()
    for size in range(len(hashes) + 1):
        if size < 20 or size % 37 == 0 or size in (255, 256, 257, 511, 512, 513, 600):
            assert tree.root(size) == merkle.root(hashes[:size])
    assert Tile.objects.count() == len(hashes) // 256


def test_it_proves_every_leaf_and_every_older_tree():
    write(530)
    sequencing.run()
    hashes = leaves()
    roots = {size: merkle.root(hashes[:size]) for size in range(len(hashes) + 1)}

    for size in (1, 2, 255, 256, 257, 300, 512, 513, 530):
        for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
            path = tree.inclusion(index=index, size=size)
            assert merkle.includes(leaf=hashes[index], index=index, size=size, path=path, root=roots[size])
        for old in {1, 2, size // 3, size - 1, size} & set(range(1, size + 1)):
            path = tree.consistency(old=old, size=size)
            assert merkle.continues(old=old, size=size, old_root=roots[old], root=roots[size], path=path)


def test_it_refuses_what_it_does_not_have():
    write(3)
    sequencing.run()
    for act in (
        lambda: tree.inclusion(index=3, size=3),
        lambda: tree.inclusion(index=-1, size=3),
        lambda: tree.inclusion(index=0, size=4),
        lambda: tree.consistency(old=0, size=3),
        lambda: tree.consistency(old=4, size=3),
        lambda: tree.consistency(old=3, size=4),
        lambda: tree.tile(level=0, number=0, width=4),
        lambda: tree.tile(level=1, number=0, width=1),
    ):
        with pytest.raises(tree.NotThere):
            act()


def test_the_database_comes_to_the_same_roots():
    write(600)
    sequencing.run()
    hashes = leaves()
    with connection.cursor() as cursor:
        cursor.execute("SELECT n, linmen_tree_root(n) FROM generate_series(1, 600) n")
        for size, root in cursor.fetchall():
            assert bytes(root) == merkle.root(hashes[:size]), size
        cursor.execute("SELECT linmen_tree_root(601)")
        assert cursor.fetchone() == (None,)


@pytest.mark.slow
def test_it_levels_up_at_65536_leaves():
    """Made by the database itself, and checked against this side's arithmetic: two ways to one root."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (kind, commitment)"
            " SELECT 'test.made', sha256(int8send(n)) FROM generate_series(1, 65536 + 300) n"
        )
    assert sequencing.run(batch=33000) == 65836
    hashes = leaves()
    assert Tile.objects.filter(level=1).count() == 1
    assert bytes(Tile.objects.get(level=1).root) == merkle.root(hashes[:65536])
    root = merkle.root(hashes)
    assert tree.root(65836) == root
    assert checkpoints.make().size == 65836  # the database agrees
    for index in (0, 65535, 65536, 65835):
        path = tree.inclusion(index=index, size=65836)
        assert merkle.includes(leaf=hashes[index], index=index, size=65836, path=path, root=root)
    old = tree.consistency(old=65000, size=65836)
    assert merkle.continues(old=65000, size=65836, old_root=merkle.root(hashes[:65000]), root=root, path=old)


def test_a_proof_costs_three_queries_and_an_append_does_not_grow(django_assert_max_num_queries):
    write(2100)
    sequencing.run()
    for size in (10, 300, 2100):
        with django_assert_max_num_queries(3):
            tree.inclusion(index=size // 2, size=size)
        with django_assert_max_num_queries(3):
            tree.consistency(old=size // 2, size=size)
    write(10)
    with django_assert_max_num_queries(8):
        assert sequencing.sequence() == 10
