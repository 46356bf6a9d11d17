"""Writing to the ledger, and checking what was written.

The commitment of an entry is SHA-256 over six parts, each preceded by its length in eight bytes, big-endian,
so that no two different acts can spell the same bytes:

1. ``linmen ledger entry v1`` (what this hash is for, and the version of this very rule)
2. the salt: 32 random bytes
3. the kind, in ASCII
4. the subject: 16 bytes of the UUID, or nothing
5. the neighborhood: 16 bytes of the UUID, or nothing
6. the payload, spelled as `ledger.canonical` says

Kind, subject and neighborhood stand openly in the entry and are covered all the same, so that an opening
proves the whole row. The salt keeps a small payload (a yes or a no) from being guessed once the opening is
erased.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import router, transaction

from ledger.canonical import canonical, plain
from ledger.models import Entry, Opening

TAG = b"linmen ledger entry v1"
SALT_BYTES = 32
KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


class OutsideAct(RuntimeError):
    """Recorded outside a transaction: the act and its entry could part."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing to record, for `record_many`."""

    kind: str
    subject: UUID | None
    neighborhood: UUID | None
    payload: Mapping[str, object]


def record(
    *, kind: str, subject: UUID | None, neighborhood: UUID | None, payload: Mapping[str, object]
) -> Entry:
    """Record one act, in the same transaction as the act itself. Two inserts.

    `payload` holds opaque ids, codes, numbers and times only (`PayloadRefused` otherwise).
    """
    _insist_on_transaction()
    entry, opening = _prepare(Act(kind=kind, subject=subject, neighborhood=neighborhood, payload=payload))
    entry.save(force_insert=True)
    opening.entry = entry
    opening.save(force_insert=True)
    return entry


def record_many(acts: Iterable[Act]) -> list[Entry]:
    """Record many acts in two inserts, in the order given."""
    _insist_on_transaction()
    prepared = [_prepare(act) for act in acts]
    entries = Entry.objects.bulk_create([entry for entry, _ in prepared])
    for entry, (_, opening) in zip(entries, prepared, strict=True):
        opening.entry = entry
    Opening.objects.bulk_create([opening for _, opening in prepared])
    return entries


def verify(entry: Entry, opening: Opening) -> bool:
    """Whether this opening is what the entry committed to."""
    expected = commitment(
        salt=bytes(opening.salt),
        kind=entry.kind,
        subject=entry.subject,
        neighborhood=entry.neighborhood,
        payload=opening.payload,
    )
    return hmac.compare_digest(expected, bytes(entry.commitment))


def commitment(
    *,
    salt: bytes,
    kind: str,
    subject: UUID | None,
    neighborhood: UUID | None,
    payload: Mapping[str, object],
) -> bytes:
    """The 32 bytes that an entry keeps. The rule is at the head of this module."""
    digest = hashlib.sha256()
    for part in (
        TAG,
        salt,
        kind.encode("ascii"),
        subject.bytes if subject else b"",
        neighborhood.bytes if neighborhood else b"",
        canonical(payload),
    ):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _prepare(act: Act) -> tuple[Entry, Opening]:
    if not KIND.fullmatch(act.kind):
        raise ValueError(f"{act.kind!r} is no kind of act: small letters, digits, dots and dashes")
    payload = plain(act.payload)
    salt = secrets.token_bytes(SALT_BYTES)
    entry = Entry(
        kind=act.kind,
        subject=act.subject,
        neighborhood=act.neighborhood,
        commitment=commitment(
            salt=salt,
            kind=act.kind,
            subject=act.subject,
            neighborhood=act.neighborhood,
            payload=payload,
        ),
    )
    return entry, Opening(salt=salt, payload=payload)


def _insist_on_transaction() -> None:
    if not transaction.get_connection(router.db_for_write(Entry)).in_atomic_block:
        raise OutsideAct("An act and its entry commit together: record inside transaction.atomic().")
