"""What this room deletes when a consent ends, and what is then to be asked of whom (laws 3, 4, 10 and 12).

The three `end_…` functions are effects: `consent` calls them inside the transaction that ends the standing, by the names
in `settings.EFFECTS`. They delete rows, queue the drops at the gates, and return the places an erasure order must hear
from before it is complete. Files, keys and pages follow after commit (`portal/erasure.py`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from access import events
from access.feed import refresh
from access.models import Credential, Device, Enrolment, SealedCopy, Template
from consent.models import Standing
from residents.erasure import Place
from residents.models import ErasurePlace

Kind = ErasurePlace.Kind

# Tables that hold ciphertext of a face: what is deleted there stays in the file until it is rewritten.
CIPHERTEXT = (Template._meta.db_table,)


def end_face(*, standing: Standing, at: datetime) -> list[Place]:
    """No face opens a gate for this person any more; cards and rules are not touched (law 2)."""
    held = SealedCopy.objects.filter(standing=standing)
    # Readers, then copies, each locked in one order: a revocation or a receipt comes wholly before this or after it.
    readers = Device.objects.filter(pk__in=held.values("device"))
    list(readers.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    copies = list(
        held.select_for_update(of=("self",), no_key=True)
        .select_related("device__gate")
        .order_by("credential_id", "device_id")
    )
    faces = list(
        Credential.objects.active().filter(resident_id=standing.resident_id, kind=Credential.Kind.FACE)
    )
    places = [_device(copy) for copy in copies]
    held.delete()
    Template.objects.filter(standing=standing).delete()
    _enrolments(standing).delete()
    for face in faces:
        retire(credential=face, at=at)
    events.forget_credentials(faces)
    refresh(credentials=faces, at=at)
    return [*places, *_under_its_key(standing)]


def end_photos_over_internet(*, standing: Standing, at: datetime) -> list[Place]:
    """Photos on their way stop here. A face that was enrolled before rests on a consent of its own."""
    _enrolments(standing).delete()
    return _under_its_key(standing)


def end_template_on_server(*, standing: Standing, at: datetime) -> list[Place]:
    """The server's template goes now; a gate that already has its own copy goes on opening by it.

    No key goes with it: templates are under the key of the face's consent, and that one goes when that consent ends.
    """
    templates = Template.objects.filter(resident_id=standing.resident_id)
    targets = [standing.pk, *templates.values_list("credential_id", flat=True)]
    templates.delete()
    return [Place(kind=Kind.ROWS, target=target) for target in targets]


def retire(*, credential: Credential, at: datetime) -> None:
    """End a face credential. Call `refresh` afterwards: the gates hear of it there.

    Sealed copies stay on record until the gates confirm, so that a later withdrawal still knows of them.
    """
    Template.objects.filter(credential=credential).delete()
    Credential.objects.active().filter(pk=credential.pk).update(ended_at=at)


def rows_left(target: UUID) -> int:
    """Rows that still hold, or stand for, biometric data under this standing or credential, or a way in that ended."""
    return (
        Template.objects.filter(Q(standing_id=target) | Q(credential_id=target)).count()
        + SealedCopy.objects.filter(standing_id=target).count()
        + Enrolment.objects.filter(Q(standing_id=target) | Q(photo_standing_id=target)).count()
        + Standing.objects.filter(pk=target).count()
        + Credential.objects.active().exclude(kind=Credential.Kind.FACE).filter(pk=target).count()
    )


def _enrolments(standing: Standing) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(Q(standing=standing) | Q(photo_standing=standing))


def _under_its_key(standing: Standing) -> list[Place]:
    return [
        Place(kind=Kind.ROWS, target=standing.pk),
        # One folder holds every photo that came under this consent: see `photos`.
        Place(kind=Kind.PHOTOS, target=standing.pk),
        # Photos and templates were sealed with it, and would be again.
        Place(kind=Kind.KEY, target=standing.key),
    ]


def _device(copy: SealedCopy) -> Place:
    return Place(
        kind=Kind.DEVICE,
        target=copy.credential_id,
        device=copy.device_id,
        label=copy.device.gate.name,
        lost=copy.device.revoked_at is not None,
    )
