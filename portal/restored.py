"""What a start refuses about backups: a database that was put back and not brought to its end, and folders that are shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from residents import backups


def check_restored() -> Iterator[CheckMessage]:
    """Law 11, for whoever serves: a database that was put back does so only when all that was erased since is erased again."""
    try:
        backups.insist_on_serving()
    except backups.Elsewhere:
        yield Error(
            "This database was put back by hand, or recovered to a point in time: whoever was erased since may be in it.",
            hint="Put it back with `manage.py restore`, which follows the erasure journal.",
            id="linmen.E038",
        )
    except backups.NotFinished:
        yield Error(
            "A restore is not finished: not all that was erased since the backup is erased again.",
            hint="Run the same `manage.py restore` again; it goes on until all is done.",
            id="linmen.E039",
        )
    except DatabaseError as error:
        yield Error(f"The database does not answer: {type(error).__name__}", id="linmen.E010")


@register(Tags.security)
def check_backups(**kwargs: Any) -> Iterator[CheckMessage]:
    """Data, vault and journal are three folders, and none lies in another: what erases must not be in what it erases from."""
    folders = [*settings.BACKUP_FOLDERS.values(), settings.JOURNAL]
    for one in folders:
        for other in folders:
            if one is not other and (one == other or one in other.parents):
                yield Error(
                    "Backups of the data, those of the vault, and the erasure journal share a folder.",
                    hint="Set BACKUP_DATA, BACKUP_VAULT and JOURNAL to three folders, none in another; best on three disks.",
                    id="linmen.E040",
                )
                return
