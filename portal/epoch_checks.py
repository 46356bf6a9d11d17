"""What a start refuses about wrapping epochs: where their salts lie, and whether those at hand open this vault."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections

from portal import owner
from vault import epochs, wrapping
from vault.models import Epoch


@register(Tags.security)
def check_salt_folders(**kwargs: Any) -> Iterator[CheckMessage]:
    """Two folders, neither in the other, and for this user alone."""
    if not settings.EPOCHS or not settings.EPOCHS_COPY:
        yield Error(
            "There is no second place for the salts of wrapping epochs.",
            hint="Set EPOCHS_COPY to a folder on another disk or stick. If one place is lost, the other has them.",
            id="linmen.E051",
        )
        return
    folders = [Path(settings.EPOCHS), Path(settings.EPOCHS_COPY)]
    one, other = (folder.resolve() for folder in folders)
    if one == other or one in other.parents or other in one.parents:
        yield Error(
            "EPOCHS and EPOCHS_COPY are one place.",
            hint="What spoils one must not spoil the other: two folders, on two media.",
            id="linmen.E052",
        )
        return
    for path in _seen(folders):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Error(
                f"Others on this machine can read or change the salts of wrapping epochs: {path}",
                hint=f"chmod {'700' if path.is_dir() else '600'} {path}",
                id="linmen.E053",
            )
    if settings.PRODUCTION and len({path.stat().st_dev for path in folders if os.access(path, os.F_OK)}) == 1:
        yield Warning(
            "The salts of wrapping epochs and their second copy are on one disk.",
            hint="Mount another disk or a stick at EPOCHS_COPY: a disk that fails takes every key of the vault along.",
            id="linmen.W054",
        )


def _seen(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if os.access(folder, os.R_OK | os.X_OK) and folder.is_dir():
            yield folder
            yield from sorted(folder.glob("*"))


@register(Tags.database)
def check_epochs(
    databases: Sequence[str] | None = None, *, opened: bool = False, **kwargs: Any
) -> Iterator[CheckMessage]:
    """Every epoch under which there may be keys has its salt. `opened`: there must be one, as for whoever serves."""
    if "vault" not in (databases or ()) or not settings.WRAPPING_KEY or owner.reads_no_salt():
        return  # a missing key is named by check_secrets; who migrates reads no salt
    try:
        living = list(_living())
    except DatabaseError as error:
        yield Error(f"The vault does not answer: {type(error).__name__}", id="linmen.E010")
        return
    if not living and opened:
        yield Error(
            "The vault has no wrapping epoch yet.", hint="Run `manage.py epochs open`.", id="linmen.E055"
        )
    for epoch in living:
        try:
            epochs.keeper().wrapper(bytes(epoch.name))
        except wrapping.WrappingKeyMissing as missing:
            yield Error(
                f"Keys of wrapping epoch {epoch.number} cannot be opened. {missing}",
                hint=(
                    "Put the salts back from their second copy, and do not open a new epoch. If this vault comes from a"
                    " backup, that backup is too old: its epoch has ended, and what it holds is gone for good."
                ),
                id="linmen.E056",
            )
        except OSError as error:
            yield Error(
                f"The salt of wrapping epoch {epoch.number} cannot be read: {error.strerror}.",
                hint="Both folders of salts belong to the user that the site runs as, and to nobody else.",
                id="linmen.E056",
            )


def _living() -> Iterator[Epoch]:
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.vault_epoch') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return
    yield from Epoch.objects.filter(number__gt=0, cleared_at=None).order_by("number")
