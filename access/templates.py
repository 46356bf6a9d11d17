"""Templates at rest: encrypted under the key of the consent they hang on, bound to their credential."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from access.models import Credential, Template
from consent.models import Standing
from vault import keys, sealing


def seal(*, standing: Standing, credential: UUID, packed: bytes) -> bytes:
    """What goes into the row. Raises `vault.keys.KeyDestroyed` where consent has just ended."""
    keys.ensure(id=standing.key, subject=standing.resident_id, purpose=standing.purpose)
    return sealing.encrypt(key=standing.key, plaintext=packed, context=_context(credential))


def open_many(templates: Iterable[Template]) -> dict[UUID, bytes]:
    """Packed templates by credential, with one query to the vault; those whose key is gone are left out.

    Read the rows with `select_related("standing")`.
    """
    rows = list(templates)
    opened = sealing.decrypt_many(
        sealing.Sealed(row.standing.key, bytes(row.ciphertext), _context(row.credential_id)) for row in rows
    )
    return {row.credential_id: packed for row, packed in zip(rows, opened, strict=True) if packed is not None}


def retire(*, credential: Credential, at: datetime) -> None:
    """End a face credential. Call `refresh` afterwards: the gates hear of it there.

    Sealed copies stay on record until the gates confirm, so that a later withdrawal still knows of them.
    """
    Template.objects.filter(credential=credential).delete()
    Credential.objects.active().filter(pk=credential.pk).update(ended_at=at)


def _context(credential: UUID) -> str:
    return f"access.template|{credential}"
