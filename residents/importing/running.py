"""How a list's lines are worked on: in batches, each one transaction, by whichever worker has the lease.

A worker killed at any point leaves whole batches done and the rest as they were; when its lease runs out, the sweep lets
another go on. Two workers never do one batch: the second waits for the import's row and then finds the first one's claim
gone. What a batch makes has ids that follow from the line, so that a batch done again makes the same and not more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from residents import effects
from residents.importing import applying, undoing
from residents.models import Import

log = logging.getLogger(__name__)

ATTEMPTS = 5

Step = Callable[[Import, datetime], bool]


def work(*, imported: UUID, at: datetime) -> bool:
    """Do the next batch of a running import. True when there is more to do. Safe to repeat and to race."""
    source = _claim(imported, at)
    if source is None:
        return False
    if source.attempts > ATTEMPTS:
        _stop(source)
        return False
    try:
        with transaction.atomic():
            source = (
                Import.objects.select_for_update(of=("self",), no_key=True)
                .select_related("neighborhood")
                .get(pk=source.pk, attempts=source.attempts, state=source.state)
            )
            more = _step(source)(source, at)
            Import.objects.filter(pk=source.pk).update(attempts=0, leased_until=None)
    except Import.DoesNotExist:  # somebody else has taken it up meanwhile
        return False
    except DatabaseError as error:
        # By name only: a database's message can hold the row. The lease is given back and the batch tried again, for
        # most likely somebody else wrote what it was about to write.
        log.warning("import %s: %s", source.pk, type(error).__name__)
        Import.objects.running().filter(pk=source.pk, attempts=source.attempts).update(leased_until=None)
        return True
    return more


def work_to_end(*, imported: UUID, at: datetime) -> None:
    """For the worker: each batch sends for the next, so that other work gets its turn in between."""
    if work(imported=imported, at=at):
        effects.call("import_soon", imported=imported)


def waiting(*, at: datetime) -> list[UUID]:
    """For the sweep: running imports that nobody works on."""
    return list(Import.objects.idle(at).values_list("pk", flat=True))


def _claim(imported: UUID, at: datetime) -> Import | None:
    until = at + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)
    claimed = Import.objects.idle(at).filter(pk=imported)
    if not claimed.update(leased_until=until, attempts=F("attempts") + 1):
        return None
    return Import.objects.running().filter(pk=imported).first()


def _step(source: Import) -> Step:
    return applying.batch if source.state == Import.State.APPLYING else undoing.batch


def _stop(source: Import) -> None:
    """It fails each time: better said than tried for ever. What was done stays until it is undone."""
    Import.objects.running().filter(pk=source.pk, attempts=source.attempts).update(
        state=Import.State.STOPPED, leased_until=None, applied_at=Coalesce(F("applied_at"), F("begun_at"))
    )
    log.error("import %s stopped after %s attempts", source.pk, ATTEMPTS)
