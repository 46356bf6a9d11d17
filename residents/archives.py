"""A copy of one's own data, as an archive: ordered with the password, made by a worker, fetched by its owner once (obligation 33).

The row is the job. A message only saves waiting; a worker that dies loses its lease, and the next begins anew. What it wrote
counts only under its own attempt, so two at once make one. `portal.archiving` knows what is in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet

from residents import contact, effects, rights
from residents.models import Archive, Resident, User
from vault import keys, sealing

LEASE = timedelta(seconds=120)
# Whoever orders one waits for it. Left lying, it goes.
LIFE = timedelta(days=1)


def of(resident: Resident) -> Archive | None:
    return Archive.objects.filter(resident=resident).defer("sealed").first()


@transaction.atomic
def order(
    *, resident: Resident, by: User, proven_at: datetime | None, language: str, at: datetime
) -> Archive:
    """The one that there is, or another. It is a request for a copy, and is on record as one.

    Raises: rights.RequestRefused, PermissionDenied
    """
    if resident.user_id != by.pk:
        raise PermissionDenied
    rights.take_along(resident=resident, by=by, proven_at=proven_at, at=at)
    found = of(resident)
    if found is not None and not found.failed:
        return found
    if found is not None:
        found.delete()
    made = Archive.objects.create(
        neighborhood_id=resident.neighborhood_id, resident=resident, language=language
    )
    transaction.on_commit(partial(effects.call, "archive_soon", archive=made.pk), robust=True)
    return made


def begin(*, archive: UUID, at: datetime) -> Archive | None:
    """A new attempt, if nobody is at it."""
    idle = Archive.objects.idle(at).filter(pk=archive)
    if not idle.update(leased_until=at + LEASE, attempt=F("attempt") + 1, done=0):
        return None
    return Archive.objects.select_related("resident__neighborhood").filter(pk=archive).first()


def go_on(attempt: Archive, *, done: int, parts: int, until: datetime) -> bool:
    """How far it is, and a longer lease. False: somebody else has taken it up, or it is wanted no more."""
    return bool(_mine(attempt).update(done=done, parts=parts, leased_until=until))


def give_back(attempt: Archive) -> None:
    """It failed. The next sweep tries again, and so often only."""
    _mine(attempt).update(leased_until=None)


@transaction.atomic
def finish(attempt: Archive, content: bytes, *, at: datetime) -> bool:
    """Seal it. False where whoever it is of is gone, or another attempt was faster."""
    resident = Resident.objects.held(attempt.resident_id)
    if resident.erased_at is not None:
        return False
    keys.ensure(id=resident.contact_key, subject=resident.pk, purpose=contact.PURPOSE)
    sealed = sealing.encrypt(key=resident.contact_key, plaintext=content, context=_context(attempt))
    return bool(_mine(attempt).update(sealed=sealed, ready_at=at, leased_until=None))


@transaction.atomic
def fetch(*, resident: Resident, by: User, proven_at: datetime | None, at: datetime) -> bytes | None:
    """It, once: with this it is gone from here. None where none is ready.

    Raises: rights.RequestRefused, PermissionDenied
    """
    resident = Resident.objects.held(resident.pk)
    if resident.user_id != by.pk:
        raise PermissionDenied
    if proven_at is None or not proven_at <= at < proven_at + rights.proven_for():
        raise rights.RequestRefused("unproven")
    ready = Archive.objects.filter(resident=resident, ready_at__isnull=False, at__gt=at - LIFE)
    found = ready.select_for_update(of=("self",)).first()
    if found is None or found.sealed is None:
        return None
    content = sealing.decrypt(
        key=resident.contact_key, ciphertext=bytes(found.sealed), context=_context(found)
    )
    found.delete()
    return content


def due(*, at: datetime) -> list[UUID]:
    """For the sweep: those that nobody works on."""
    return list(Archive.objects.idle(at).order_by("at").values_list("pk", flat=True))


def _mine(attempt: Archive) -> QuerySet[Archive]:
    return Archive.objects.filter(pk=attempt.pk, attempt=attempt.attempt, ready_at=None)


def _context(archive: Archive) -> str:
    return f"residents.archive|{archive.pk}"
