"""What the journal has and the backup lacks, put back as it was.

Between a backup's rows and its laws there is a moment in which no trigger stands yet: pg_restore makes them last. In that
moment entries of the ledger come back with the time at which they were made, which the database would set anew at any other,
and people who had left have left. Nobody needs a way round a law for that, and the laws are then made over all of it: a key
that stands twice, or a row that points to nothing, does not pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from ledger import sequencing, tree
from ledger.leaves import hash_of
from ledger.models import Checkpoint, Leaf, Waiting
from portal.journal import JournalRefused, Line

AT_ONCE = 1000
# Put right as a mistake, or moved in again within the days of grace.
CAME_BACK = ("residence.put_right", "residence.began")

STAGE = """
    CREATE TEMP TABLE put_back (
        id bigint, neighborhood uuid, kind text, subject uuid, commitment bytea, at timestamptz
    ) ON COMMIT DROP
"""
ANOTHER = """
    SELECT count(*) FROM put_back p JOIN public.ledger_entry e ON e.id = p.id
    WHERE (e.commitment, e.at, e.kind) IS DISTINCT FROM (p.commitment, p.at, p.kind)
"""
ENTRIES = """
    INSERT INTO public.ledger_entry (id, neighborhood, kind, subject, commitment, at)
    SELECT p.* FROM put_back p WHERE NOT EXISTS (SELECT FROM public.ledger_entry e WHERE e.id = p.id)
"""
WAITING = """
    INSERT INTO public.ledger_waiting (entry_id) SELECT p.id FROM put_back p
    WHERE NOT EXISTS (SELECT FROM public.ledger_leaf l WHERE l.entry_id = p.id)
      AND NOT EXISTS (SELECT FROM public.ledger_waiting w WHERE w.entry_id = p.id)
"""
NUMBERS = """
    SELECT setval(pg_get_serial_sequence('public.ledger_entry', 'id'), max(id)) FROM public.ledger_entry HAVING max(id) > 0
"""
LEFT = (
    """
    UPDATE public.residents_resident SET left_at = %(left_at)s, left_because = %(because)s
    WHERE id = %(who)s AND erased_at IS NULL
    """,
    """
    UPDATE public.residents_occupancy SET until = greatest(since, %(left_at)s::date)
    WHERE resident_id = %(who)s AND (until IS NULL OR until > %(left_at)s::date)
    """,
    """
    UPDATE public.residents_departure SET state = 'dropped', closed_at = %(opened_at)s
    WHERE resident_id = %(who)s AND closed_at IS NULL
    """,
)
# Who was erased owned nothing here by then.
OWNED = (
    "UPDATE public.residents_ownership SET until = greatest(since, %(opened_at)s::date)"
    " WHERE resident_id = %(who)s AND (until IS NULL OR until > %(opened_at)s::date)"
)


def before_the_laws(lines: list[Line]) -> None:
    """In one transaction, in a database with rows and without laws. Raises: JournalRefused"""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(STAGE)
        for batch in _batches(entries(lines)):
            cursor.executemany("INSERT INTO put_back VALUES (%s, %s, %s, %s, %s, %s)", batch)
        cursor.execute(ANOTHER)
        if cursor.fetchone() != (0,):
            raise JournalRefused(
                "The journal and the backup tell of different entries under the same number."
            )
        for statement in (ENTRIES, WAITING, NUMBERS):
            cursor.execute(statement)
        cursor.execute("SELECT id::text FROM public.residents_erasureorder")
        known = {row[0] for row in cursor.fetchall()}
        for line in departed(lines):
            if line["id"] in known:
                continue  # what it ended had ended when the backup was made
            facts = {
                "who": line["resident"],
                "left_at": line["left_at"],
                "because": line["left_because"],
                "opened_at": line["opened_at"],
            }
            for statement in (*LEFT, *([OWNED] if line["purpose"] == "person" else [])):
                cursor.execute(statement, facts)


def entries(lines: Iterable[Line]) -> Iterator[tuple[Any, ...]]:
    """Once each, in the order of their leaves."""
    for _index, entry in _leaves(lines):
        id, neighborhood, kind, subject, commitment, at = entry
        yield id, neighborhood, kind, subject, bytes.fromhex(commitment), datetime.fromisoformat(at)


def departed(lines: list[Line]) -> list[Line]:
    """Orders by which somebody left, and did not come back afterwards; the last of each person."""
    back: dict[str, datetime] = {}
    for _index, (_id, _where, kind, subject, _commitment, at) in _leaves(lines):
        if kind in CAME_BACK and subject:
            back[subject] = max(datetime.fromisoformat(at), back.get(subject, datetime.fromisoformat(at)))
    found: dict[str, Line] = {}
    for line in lines:
        if line["kind"] == "order" and line["left_at"]:
            returned = back.get(line["resident"])
            if returned is None or returned < datetime.fromisoformat(line["opened_at"]):
                found[line["resident"]] = line
    return list(found.values())


def grow(lines: list[Line], *, at: datetime) -> None:
    """Leaves and checkpoints, by the ledger's own code and under its laws. Raises: JournalRefused"""
    for batch in _batches(_leaves(lines)):
        _append(batch)
    for line in lines:
        if line["kind"] == "checkpoint":
            _sign_again(line)


@transaction.atomic
def _append(batch: list[tuple[int, Any]]) -> None:
    if not sequencing.hold():
        raise JournalRefused("Something else writes to the ledger.")
    size = tree.size()
    hashes = {
        index: hash_of(commitment=bytes.fromhex(entry[4]), at=datetime.fromisoformat(entry[5]))
        for index, entry in batch
    }
    there = dict(
        Leaf.objects.filter(index__in=[index for index in hashes if index < size]).values_list(
            "index", "hash"
        )
    )
    if any(bytes(hash) != hashes[index] for index, hash in there.items()):
        raise JournalRefused("The journal and the backup tell of different leaves of the ledger.")
    new = [(index, entry) for index, entry in batch if index >= size]
    if new and new[0][0] != size:
        raise JournalRefused(f"Leaf {size} of the ledger is in neither the backup nor the journal.")
    tree.append([(entry[0], hashes[index]) for index, entry in new])
    Waiting.objects.filter(pk__in=[entry[0] for _, entry in new]).delete()


def _sign_again(line: Line) -> None:
    """As it was signed then. The database looks whether the tree that stands here is the one it speaks of."""
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    if line["size"] > newest:
        Checkpoint.objects.create(size=line["size"], root=tree.root(line["size"]), note=line["note"])


def _leaves(lines: Iterable[Line]) -> Iterator[tuple[int, Any]]:
    told = 0
    for line in lines:
        if line["kind"] == "leaves":
            for place, entry in enumerate(line["entries"]):
                index = line["first"] + place
                if index >= told:  # a batch that was written twice is read once
                    told = index + 1
                    yield index, entry


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def ids(lines: Iterable[Line], kind: str) -> list[UUID]:
    return [UUID(each) for line in lines if line["kind"] == kind for each in line["ids"]]
