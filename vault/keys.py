"""The life of a key: made once, destroyed once, never back."""

import enum
import secrets
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db import connections, router, transaction

from vault import epochs
from vault.models import Key
from vault.salts import SaltMissing
from vault.wrapping import KEY_BYTES

# One statement, so that no `ensure` can slip between looking and writing. A key that nobody made yet gets its
# tombstone all the same: a worker that comes late finds it and stops.
DESTROY = """
    INSERT INTO vault_key AS k (id, subject, purpose, wrapped, created_at, destroyed_at)
    SELECT each, NULL, '', NULL, statement_timestamp(), statement_timestamp() FROM unnest(%s::uuid[]) AS each
    ON CONFLICT (id) DO UPDATE SET wrapped = NULL, destroyed_at = statement_timestamp()
        WHERE k.destroyed_at IS NULL
    RETURNING k.subject IS NOT NULL
"""


class KeyDestroyed(Exception):
    """The key was destroyed: what it sealed cannot be read, and nothing more can be sealed with it."""


class KeyMissing(Exception):
    """There is no such key, and none was destroyed either."""


class KeyTaken(ValueError):
    """The id names a key of another subject or purpose."""


class State(enum.StrEnum):
    LIVE = "live"
    DESTROYED = "destroyed"
    ABSENT = "absent"


def ensure(*, id: UUID, subject: UUID, purpose: str) -> None:
    """Make the key if it does not exist yet. Safe to repeat and to race.

    Raises `KeyDestroyed` where it has ended, before or meanwhile.
    """
    if not purpose:
        raise ValueError("A key serves one purpose, by name.")
    row = Key.objects.filter(id=id).values_list("subject", "purpose", "destroyed_at").first()
    if row is None:
        _make({id: subject}, purpose)
        row = Key.objects.values_list("subject", "purpose", "destroyed_at").get(id=id)
    if row[2] is not None:
        raise KeyDestroyed(f"key {id}")
    if (row[0], row[1]) != (subject, purpose):
        raise KeyTaken(f"key {id} is another's")


def ensure_many(*, subjects: Mapping[UUID, UUID], purpose: str) -> None:
    """Make the keys that do not exist yet, by id, each for its subject: `ensure` in three queries at most.

    Raises `KeyDestroyed` where one of them has ended; those that were missing are made all the same.
    """
    if not purpose:
        raise ValueError("A key serves one purpose, by name.")
    found = _names(subjects)
    missing = [id for id in subjects if id not in found]
    if missing:
        _make({id: subjects[id] for id in missing}, purpose)
        found |= _names(missing)
    for id, (subject, of, destroyed_at) in found.items():
        if destroyed_at is not None:
            raise KeyDestroyed(f"key {id}")
        if (subject, of) != (subjects[id], purpose):
            raise KeyTaken(f"key {id} is another's")


def _make(subjects: Mapping[UUID, UUID], purpose: str) -> None:
    with transaction.atomic(using=router.db_for_write(Key), savepoint=False):
        wrap = epochs.newest().wrap
        # Whoever comes second keeps the first one's key: a second would lose what the first has sealed.
        Key.objects.bulk_create(
            [
                Key(
                    id=id,
                    subject=subject,
                    purpose=purpose,
                    wrapped=wrap(
                        secrets.token_bytes(KEY_BYTES),
                        aad=row_name(id=id, subject=subject, purpose=purpose),
                    ),
                )
                for id, subject in subjects.items()
            ],
            ignore_conflicts=True,
        )


def _names(ids: Iterable[UUID]) -> dict[UUID, tuple[UUID | None, str, object]]:
    rows = Key.objects.filter(id__in=list(ids)).values_list("id", "subject", "purpose", "destroyed_at")
    return {id: (subject, purpose, destroyed_at) for id, subject, purpose, destroyed_at in rows}


def destroy(*, id: UUID) -> bool:
    """End the key for good; true when a live key ended by this very call. Safe to repeat.

    The row no longer holds the bytes; the table's file may, until `vault.rewrite.rewrite_keys` has said true.
    """
    return destroy_many(ids=[id]) == 1


def destroy_many(*, ids: Collection[UUID]) -> int:
    """End these keys for good, in one statement; how many ended by this very call. See `destroy`."""
    if not ids:
        return 0
    with connections[router.db_for_write(Key)].cursor() as cursor:
        # In one order: two calls that name the same keys must not wait for each other.
        cursor.execute(DESTROY, [sorted(set(ids))])
        return sum(ended for (ended,) in cursor.fetchall())


def state(id: UUID) -> State:
    destroyed = Key.objects.filter(id=id).values_list("destroyed_at").first()
    if destroyed is None:
        return State.ABSENT
    return State.LIVE if destroyed[0] is None else State.DESTROYED


def unwrapped(ids: Iterable[UUID]) -> dict[UUID, bytes | None]:
    """The plain keys, by id, in one query; None for a destroyed one; absent ones are left out.

    For `vault.sealing` alone, which lets go of them when it returns.
    """
    wanted = set(ids)
    try:
        return _unwrapped(wanted)
    except SaltMissing:
        # Its epoch may have ended between the look at the row and the look at the salt. The row knows the new one.
        return _unwrapped(wanted)


def _unwrapped(ids: Collection[UUID]) -> dict[UUID, bytes | None]:
    opener = epochs.Openers()
    return {
        id: None
        if wrapped is None or subject is None
        else opener.unwrap(bytes(wrapped), aad=row_name(id=id, subject=subject, purpose=purpose))
        for id, subject, purpose, wrapped in Key.objects.filter(id__in=ids).values_list(
            "id", "subject", "purpose", "wrapped"
        )
    }


def row_name(*, id: UUID, subject: UUID, purpose: str) -> bytes:
    """What the wrapped bytes are bound to, so that they open in their own row only."""
    return b"linmen key v1|" + id.bytes + subject.bytes + purpose.encode()
