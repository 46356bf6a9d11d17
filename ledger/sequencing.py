"""Entries take their places in the tree: afterwards, in batches, by one writer at a time.

An entry is written in the transaction of its act, without a lock and without a number, so no request ever waits for
another. The database notes with each entry that it waits (`Waiting`), and lets it go only for a leaf. So nothing needs to
be remembered between two runs: a crash anywhere leaves entries waiting, and an entry whose transaction commits late, with
a lower id than others that have their places, simply waits from then on and takes the next place.
"""

from __future__ import annotations

from django.db import connection, transaction

from ledger import tree
from ledger.leaves import hash_of
from ledger.models import Waiting

BATCH = 1000
# So many batches in one run; the rest waits for the next.
BATCHES = 50
# Any number, and always the same one: who holds it is the one writer.
LOCK = 6962_9162


def run(*, batch: int = BATCH, batches: int = BATCHES) -> int:
    """Give every waiting entry its place, as far as the batches go. How many took one."""
    took = 0
    for _ in range(batches):
        now = sequence(batch=batch)
        took += now
        if now < batch:
            break
    return took


@transaction.atomic(durable=True)
def sequence(*, batch: int = BATCH) -> int:
    """One batch, in a transaction of its own. Nothing where another process is at it: that one sees to it."""
    if not hold():
        return 0
    waiting = list(
        Waiting.objects.order_by("entry_id").values_list("entry_id", "entry__commitment", "entry__at")[:batch]
    )
    if not waiting:
        return 0
    tree.append([(entry, hash_of(commitment=bytes(sealed), at=at)) for entry, sealed, at in waiting])
    Waiting.objects.filter(pk__in=[entry for entry, _, _ in waiting]).delete()
    return len(waiting)


def hold() -> bool:
    """Be the one writer until this transaction ends; False where somebody else is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])
