"""What a proof and an append cost in logs of 10,000, 100,000 and 1,000,000 entries.

Three databases of one scratch cluster hold the three logs. They are built by the database itself (one statement for the
entries, one for the leaves, one for each level of tiles), with the triggers put aside until they are there; then every
trigger stands again, and the root is checked against one that is made here from all leaves. Proofs and appends are measured
in turn, one log after the other, round after round; what is compared are medians of one run.

Rivals: a proof against making the same proof from all leaves; an append (a batch of entries given their places, and the
new root) against hashing the root anew from all leaves.

Limits: a proof grows no faster than log n, times PROOF_SLACK; an append in the largest log costs no more than
APPEND_SLACK times one in the smallest.
"""

from __future__ import annotations

import io
import math
import os
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.report import Result, held

BASE = Path(__file__).resolve().parent.parent
# A process that measures something beside is told whose place it works in.
VAR = Path(os.environ.get("BENCH_VAR") or BASE / "var" / f"bench-{os.getpid()}")
SIZES = tuple(int(each) for each in os.environ.get("BENCH_SIZES", "10000,100000,1000000").split(","))
ROUNDS = 60
RIVAL_ROUNDS = 2
BATCH = 256  # entries in one append: each completes a tile, at every size
PROOF_SLACK = 1.5
APPEND_SLACK = 1.6
# A crash of the machine may eat a scratch database.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}

ENTRIES = """
INSERT INTO ledger_entry (kind, commitment)
SELECT 'bench.made', sha256(int8send(n)) FROM generate_series(1, %s) n
"""
LEAVES = """
INSERT INTO ledger_leaf (index, entry_id, hash)
SELECT row_number() OVER (ORDER BY id) - 1, id, linmen_leaf_hash(commitment, at) FROM ledger_entry ORDER BY id
"""
TILES = """
INSERT INTO ledger_tile (level, number, root, hashes)
SELECT {level}, number, linmen_tile_root(hashes), hashes FROM (
    SELECT {place} / 256 AS number, string_agg({hash}, '' ORDER BY {place}) AS hashes FROM {below}
    GROUP BY {place} / 256 HAVING count(*) = 256
) made ORDER BY number
"""


@contextmanager
def scratch() -> Iterator[None]:
    """An embedded cluster with a migrated database, both gone afterwards."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "LINMEN_MODE": "test", "LINMEN_VAR": str(VAR)}
    for name in (
        "DATABASE_URL",
        "VAULT_DATABASE_URL",
        "DATABASE_OWNER_URL",
        "VAULT_DATABASE_OWNER_URL",
        "REDIS_URL",
    ):
        os.environ.pop(name, None)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from portal import embedded

    try:
        with embedded.serve(VAR, settings=FAST):
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            call_command("epochs", "open", stdout=io.StringIO())
            connections.close_all()
            yield
            connections.close_all()
    finally:
        shutil.rmtree(VAR, ignore_errors=True)


def name_of(size: int) -> str:
    return f"linmen_bench_{size}"


def point_at(size: int) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name_of(size)


def build(size: int) -> float:
    """A log of this size in a database of its own; the seconds that it took."""
    from portal import embedded, roles

    began = time.perf_counter()
    with embedded.connect(VAR) as cluster:
        roles.create_database(cluster, name_of(size), template=embedded.DATABASES["default"])
    with embedded.connect(VAR, name_of(size)) as session:
        session.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
        with put_aside(session):
            session.execute(ENTRIES, [size])
            session.execute(LEAVES)
            session.execute(TILES.format(level=0, place="index", hash="hash", below="ledger_leaf"))
            level = 1
            while size >= 256 ** (level + 1):
                below = f"ledger_tile WHERE level = {level - 1}"
                session.execute(TILES.format(level=level, place="number", hash="root", below=below))
                level += 1
        session.execute("ANALYZE")
    return time.perf_counter() - began


@contextmanager
def put_aside(session: psycopg.Connection, *tables: str) -> Iterator[None]:
    """Our triggers on these tables, until what is measured is built. Here and nowhere else: nobody's word is in it."""
    named = list(tables or ("ledger_entry", "ledger_leaf", "ledger_tile"))
    ours = session.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgrelid = ANY (SELECT n::regclass FROM unnest(%s::text[]) n)",
        [named],
    ).fetchall()
    for table, trigger in ours:
        session.execute(
            sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(
                sql.Identifier(table), sql.Identifier(trigger)
            )
        )
    yield
    for table, trigger in ours:
        session.execute(
            sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(
                sql.Identifier(table), sql.Identifier(trigger)
            )
        )


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def prove(size: int) -> float:
    from ledger import tree

    index = random.randrange(size)  # noqa: S311  (a place in a table, not a secret)
    return timed(lambda: (tree.inclusion(index=index, size=size), tree.consistency(old=index + 1, size=size)))


def append() -> float:
    from django.db import connection

    from ledger import sequencing, tree

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (kind, commitment)"
            " SELECT 'bench.made', sha256(uuid_send(gen_random_uuid())) FROM generate_series(1, %s)",
            [BATCH],
        )
    return timed(lambda: (sequencing.sequence(batch=BATCH), tree.root(tree.size())))


def all_leaves() -> list[bytes]:
    from ledger.models import Leaf

    return [bytes(each) for each in Leaf.objects.order_by("index").values_list("hash", flat=True)]


def prove_from_leaves(size: int) -> float:
    """The same two proofs, from nothing but the leaves."""
    from ledger import merkle

    def act() -> None:
        hashes = all_leaves()[:size]
        for plan in (merkle.inclusion(size // 3, size), merkle.consistency(size // 3, size)):
            found = {
                (level, index): merkle.root(hashes[index << level : (index + 1) << level])
                for level, index in merkle.wanted(plan)
            }
            merkle.path(plan, found)

    return timed(act)


def root_from_leaves() -> float:
    from ledger import merkle

    return timed(lambda: merkle.root(all_leaves()))


def measured() -> dict[str, dict[int, float]]:
    """Medians in milliseconds. Every round goes through all sizes, so that what slows the machine slows all of them."""
    from ledger import merkle, tree

    raw: dict[str, dict[int, list[float]]] = {
        each: {size: [] for size in SIZES} for each in ("prove", "append", "prove'", "root'")
    }
    for size in SIZES:  # what is measured is right, and warm
        point_at(size)
        assert tree.root(size) == merkle.root(all_leaves()[:size]), "the log is not the tree of its leaves"
        prove(size)
    for turn in range(ROUNDS):
        for size in SIZES:
            point_at(size)
            tree.size()  # connects
            raw["prove"][size].append(statistics.median(prove(size) for _ in range(5)))
            raw["append"][size].append(append())
            if turn < RIVAL_ROUNDS:
                raw["prove'"][size].append(prove_from_leaves(size))
                raw["root'"][size].append(root_from_leaves())
    return {name: {size: statistics.median(found) for size, found in by.items()} for name, by in raw.items()}


def report(found: dict[str, dict[int, float]], built: dict[int, float]) -> bool:
    smallest, largest = SIZES[0], SIZES[-1]
    say = sys.stdout.write
    say(
        f"\n{'entries':>10} {'proof':>10} {'from leaves':>12} {'ratio':>7} {'append':>10} {'from leaves':>12} {'ratio':>7} {'built':>8}\n"
    )
    for size in SIZES:
        one, rival, more, anew = (found[name][size] for name in ("prove", "prove'", "append", "root'"))
        say(
            f"{size:>10,} {one:>7.2f} ms {rival:>9.1f} ms {rival / one:>6.0f}x"
            f" {more:>7.1f} ms {anew:>9.1f} ms {anew / more:>6.1f}x {built[size]:>6.1f} s\n"
        )
    say(
        f"\nA proof is an inclusion and a consistency proof; an append is {BATCH} entries and the new root.\n"
    )
    grows = found["prove"][largest] / found["prove"][smallest]
    may = math.log2(largest) / math.log2(smallest)
    flat = found["append"][largest] / found["append"][smallest]
    proof = {size: found["prove"][size] / 1000 for size in (smallest, largest)}
    add = {size: found["append"][size] / 1000 for size in (smallest, largest)}
    return held(
        Result(
            f"a proof in a log of {largest:,}, beside {smallest:,} (log n grows {may:.2f}x)",
            proof[largest],
            proof[smallest],
            grows,
            may * PROOF_SLACK,
        ),
        Result(
            f"an append to a log of {largest:,}, beside {smallest:,}",
            add[largest],
            add[smallest],
            flat,
            APPEND_SLACK,
        ),
    )


def main() -> int:
    with scratch():
        built = {}
        for size in SIZES:
            built[size] = build(size)
            sys.stdout.write(f"a log of {size:,} entries is there after {built[size]:.1f} s\n")
            sys.stdout.flush()
        return 0 if report(measured(), built) else 1


if __name__ == "__main__":
    sys.exit(main())
