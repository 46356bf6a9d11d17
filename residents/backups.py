"""Sets of backups as the register knows them, and whether this database may serve.

How a set is made and read is `portal/backups.py`; here is what an erasure waits for (law 12) and what a restore must have
finished (law 11). The database holds both (migration 0034).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from residents.models import Backup, Restoration

IDENTITY = """
    SELECT s.system_identifier || '/' || d.oid || '/' || c.timeline_id || '/' || to_regclass(%s)::oid
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""
LONGEST = timedelta(days=92)  # as the database has it
LANDMARKS = {"default": "public.residents_restoration", "vault": "public.vault_key"}


class NotFinished(Exception):
    """This database was put back from a backup, and what was erased since is not erased again yet."""


class Elsewhere(NotFinished):
    """This database is a copy of another one: put back by hand, or recovered to a point in time."""


@transaction.atomic(durable=True)
def begin(
    *,
    kind: Backup.Kind,
    made_at: datetime,
    expires_at: datetime,
    declared: bool = False,
    id: UUID | None = None,
) -> Backup:
    """Write a set down before it is made. From the commit on every order of erasure lists it; waits for those being opened."""
    known = {} if id is None else {"id": id}
    return Backup.objects.create(
        **known,
        kind=kind,
        made_at=made_at,
        expires_at=expires_at,
        declared=declared,
        state=Backup.State.KEPT if declared else Backup.State.MAKING,
    )


def keep(*, backup: UUID, sha256: str, size: int) -> bool:
    """It is whole, and lies where it belongs."""
    making = Backup.objects.filter(pk=backup, state=Backup.State.MAKING)
    return bool(making.update(state=Backup.State.KEPT, sha256=sha256, size=size))


def seen_gone(*, backup: UUID, evidence: dict[str, Any], at: datetime) -> bool:
    """Its time is up, or it was never whole, and no file of it is there. False if that was said before."""
    there = Backup.objects.there().filter(pk=backup)
    return bool(there.update(state=Backup.State.GONE, gone_at=at, evidence=evidence))


def identity(alias: str = "default") -> str:
    """Which database this is: of which cluster, which of its databases, on which timeline, made as which table of it (as
    `linmen_identity()` says)."""
    with connections[alias].cursor() as cursor:
        cursor.execute(IDENTITY, [LANDMARKS[alias]])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def settle() -> None:
    """A database that was made here is itself. By `migrate`, as the owner; safe to repeat, and nothing where there is a row."""
    if not Restoration.objects.exists():
        now = Restoration(vault_identity=identity("vault"))
        now.finished_at = now.began_at = _database_clock()
        now.save(force_insert=True)


def insist_on_serving() -> None:
    """Raises: Elsewhere, NotFinished"""
    newest = Restoration.objects.order_by("-began_at").first()
    if newest is None or newest.identity != identity() or newest.vault_identity != identity("vault"):
        raise Elsewhere
    if newest.finished_at is None:
        raise NotFinished


def _database_clock() -> datetime:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    found: datetime = row[0]
    return found
