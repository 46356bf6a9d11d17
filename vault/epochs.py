"""Which wrapping key wraps now, which one wrapped these bytes, and from when on a destroyed key is gone for good.

A destroyed key's row holds nothing any more, but a backup or a log may: the key wrapped, as it was. That is noise from the
day on which its epoch's wrapping key is destroyed too (`vault.rotation`), and only then is the end of the key final.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router

from vault import wrapping
from vault.models import Epoch, Key
from vault.salts import SaltFiles
from vault.wrapping import Keeper, Wrapper

ROOT = 0

# Waits for nobody but one who opens the next epoch, and then finds nothing: asked again, it finds the new one. Whoever
# opens one waits in turn until every key that is being made has its row.
NEWEST = """
    SELECT name FROM vault_epoch WHERE number > 0 AND retire_after IS NULL ORDER BY number DESC LIMIT 1 FOR SHARE
"""


_TRIES = 3


class NoEpoch(ImproperlyConfigured):
    """No wrapping epoch was ever opened in this vault: `manage.py epochs open`."""


@dataclass(frozen=True, kw_only=True)
class Final:
    """Until when copies of a destroyed key may still open, somewhere."""

    # Under which epoch it was wrapped at last; None: nobody ever made it, or none had been opened yet.
    epoch: int | None
    # Final since then. Or not yet, and expected on that day.
    since: datetime | None = None
    expected: datetime | None = None
    # The root itself once wrapped it: no epoch's end reaches backups of the vault from before this.
    copies_before: datetime | None = None


def keeper() -> Keeper:
    """The one place that says who keeps what epochs' keys are made of: a key service would stand here."""
    if not settings.EPOCHS or not settings.EPOCHS_COPY:
        raise wrapping.WrappingKeyMissing(
            "Set EPOCHS and EPOCHS_COPY: where the salts of wrapping epochs lie."
        )
    folders = Path(settings.EPOCHS), Path(settings.EPOCHS_COPY)
    return SaltFiles(folders=folders, root=wrapping.secret())


def newest() -> Wrapper:
    """What wraps new keys. In a transaction: until its end no other epoch opens.

    Raises `NoEpoch`, `SaltMissing` or `SaltForeign`.
    """
    with connections[router.db_for_write(Epoch)].cursor() as cursor:
        for _ in range(_TRIES):
            cursor.execute(NEWEST)
            if (row := cursor.fetchone()) is not None:
                return keeper().wrapper(bytes(row[0]))
    raise NoEpoch("This vault has no wrapping epoch. Run `manage.py epochs open`.")


class Openers:
    """Opens what any living epoch, or the root, has wrapped: by the name that the bytes carry, so that a process that was
    started before an epoch opened finds it all the same. For one call's work: it looks each epoch up once.

    Raises `SaltMissing`, `SaltForeign` or `WrappedKeyDamaged`.
    """

    def __init__(self) -> None:
        self._root = wrapping.root()
        self._known: dict[bytes, Wrapper] = {self._root.name: self._root}

    def unwrap(self, wrapped: bytes, *, aad: bytes) -> bytes:
        name = wrapping.named(wrapped)
        if name not in self._known:
            self._known[name] = keeper().wrapper(name)
        return self._known[name].unwrap(wrapped, aad=aad)


def final_on(ids: Iterable[UUID]) -> dict[UUID, Final]:
    """For each destroyed key among these, by id. Living keys and unknown ones are left out. Two queries."""
    rows = list(
        Key.objects.filter(id__in=set(ids), destroyed_at__isnull=False).values_list(
            "id", "subject", "destroyed_at", "epoch", "first_epoch"
        )
    )
    epochs = {epoch.number: epoch for epoch in Epoch.objects.all()} if rows else {}
    return {
        id: _final(epochs, destroyed_at, epoch, first)
        if subject is not None and epoch is not None
        else Final(epoch=None, since=destroyed_at)
        for id, subject, destroyed_at, epoch, first in rows
        if destroyed_at is not None
    }


def _final(epochs: dict[int, Epoch], destroyed_at: datetime, number: int, first: int | None) -> Final:
    if first == ROOT:
        cleared = epochs[ROOT].cleared_at if ROOT in epochs else None
        return Final(epoch=number or None, copies_before=min(cleared or destroyed_at, destroyed_at))
    epoch = epochs[number]
    if epoch.retired_at is not None:
        return Final(epoch=number, since=epoch.retired_at)
    return Final(epoch=number, expected=epoch.retire_after or ends(epoch) + grace())


def ends(epoch: Epoch) -> datetime:
    """When the next one is due."""
    return epoch.opened_at + timedelta(days=settings.EPOCH_DAYS)


def grace() -> timedelta:
    """For how long a wrapping key is kept after another one has taken its place: so old a backup can still be restored."""
    return timedelta(hours=settings.EPOCH_GRACE_HOURS)
