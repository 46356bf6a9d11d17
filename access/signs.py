"""Signs beside readers that look at faces (obligation 24): without one, a reader is sent no face and opens by none.

Cards, PINs and codes never notice. Taking a sign down calls the faces back from its gate, as taking faces off the gate
would; putting another in its place does not.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from access.feed import lock_counter, refresh, tell_faces_again
from access.models import Device, Gate, Sign
from consent.models import Modality
from ledger.record import record
from residents.models import Neighborhood, User


class LooksAtNobody(Exception):
    """The device was revoked, or its gate opens by no face: a sign there would say what is not so."""


class NoSuchSign(Exception):
    """It does not hang there any more."""


def unsigned(neighborhood: Neighborhood) -> QuerySet[Device]:
    """The devices here that look at faces and have no sign beside them."""
    hanging = Sign.objects.hanging().filter(device=OuterRef("pk"))
    return (
        Device.objects.trusted()
        .filter(~Exists(hanging), neighborhood=neighborhood, gate__by_face=True)
        .select_related("gate")
        .order_by("gate__name", "pk")
    )


def unsigned_readers(*, neighborhood: Neighborhood, modality: str) -> list[str]:
    """The gates, by name, at which something looks without a sign. Who lays on a finger sees what for. One query."""
    if modality != Modality.FACE:
        return []
    return sorted({str(device.gate) for device in unsigned(neighborhood)})


@transaction.atomic
def post(*, device: Device, hangs: str, purpose: str, by: User, at: datetime) -> Sign:
    """Write down that a sign hangs beside the device. One that hung there is taken down in the same act.

    Raises: LooksAtNobody
    """
    lock_counter(device.neighborhood_id)  # before the sign: whoever says yes holds a share of it
    device = Device.objects.select_related("gate").get(pk=device.pk)
    if device.revoked_at is not None or not device.gate.by_face:
        raise LooksAtNobody
    replaced = Sign.objects.hanging().filter(device=device).update(taken_down_by=by, taken_down_at=at)
    sign = Sign.objects.create(
        neighborhood_id=device.neighborhood_id,
        device=device,
        hangs=hangs,
        purpose=purpose,
        posted_by=by,
        posted_at=at,
    )
    _record("sign.posted", sign, by=by, at=at)
    refresh(gate=device.gate, at=at)
    if not replaced:
        # It has been told of them without what it needs to know them.
        tell_faces_again(gate=device.gate, at=at)
    return sign


@transaction.atomic
def take_down(*, sign: Sign, by: User, at: datetime) -> None:
    """Record that it hangs there no more. Its reader is sent no face from now on; where no other reader of the gate has a
    sign, what the gate has of faces is called back.

    Raises: NoSuchSign
    """
    lock_counter(sign.neighborhood_id)
    if not Sign.objects.hanging().filter(pk=sign.pk).update(taken_down_by=by, taken_down_at=at):
        raise NoSuchSign
    _record("sign.taken_down", sign, by=by, at=at)
    refresh(gate=Gate.objects.get(devices=sign.device_id), at=at)


def _record(kind: str, sign: Sign, *, by: User, at: datetime) -> None:
    record(
        kind=kind,
        subject=sign.pk,
        neighborhood=sign.neighborhood_id,
        payload={"device": sign.device_id, "by": by.pk, "at": at},
    )
