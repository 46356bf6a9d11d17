"""The canary: one known value under the wrapping key, so that another key is noticed before it is used.

Without it a start with the wrong key would look well: old data would not open, and new keys would quietly be made
under a second secret. `manage.py migrate` plants it, every start opens it, no epoch is opened by a wrapping key that does
not open it, and the database lets no key into the vault but under the newest epoch (migration 0004).
"""

from __future__ import annotations

from django.db import connections, router

from vault.keys import unwrapped
from vault.models import Canary, Key
from vault.wrapping import WrappedKeyDamaged, Wrapper, root

KNOWN = b"linmen: the key that wrapped this opens it"
_ROW = b"linmen canary v1"


class NoCanary(Exception):
    """The vault has no canary yet: it was never migrated with its wrapping key at hand."""


def plant() -> None:
    """Store the canary, or see that the one there opens. Safe to repeat.

    Raises `WrappingKeyMissing` where the key at hand is not the one that wrapped what is there.
    """
    found = _stored()
    if found is None:
        _open_some_key()
        Canary.objects.bulk_create([Canary(wrapped=root().wrap(KNOWN, aad=_ROW))], ignore_conflicts=True)
    opens()


def opens(using: Wrapper | None = None) -> None:
    """Returns where the key at hand (or that of `using`) wrapped what is in the vault.

    Raises `NoCanary`, `WrappingKeyMissing` (another key) or `WrappedKeyDamaged`.
    """
    found = _stored()
    if found is None:
        raise NoCanary("The vault holds no canary.")
    if (using or root()).unwrap(found, aad=_ROW) != KNOWN:
        raise WrappedKeyDamaged("The canary is not what it was.")


def _stored() -> bytes | None:
    """None where it was not planted, or where the vault was not migrated so far."""
    with connections[router.db_for_read(Canary)].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.vault_canary') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return None
    row = Canary.objects.values_list("wrapped").first()
    return None if row is None else bytes(row[0])


def _open_some_key() -> None:
    """A vault older than its canary: its newest living key must be ours, or there would be two secrets from now on."""
    newest = Key.objects.exclude(wrapped=None).order_by("-created_at").values_list("id", flat=True).first()
    if newest is not None:
        unwrapped([newest])
