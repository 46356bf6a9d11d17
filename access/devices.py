"""Devices: found when they call, noted when they poll, revoked when they are lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from access.models import Device, FeedCounter, SealedCopy, Sign
from residents.erasure import mark_lost

# An idle device polls every few seconds; that it did is written down less often.
POLL_NOTED_EVERY = timedelta(seconds=5)


@dataclass(frozen=True)
class Caller:
    """A device that calls, with its gate and neighborhood, as one query found them."""

    device: Device
    last_version: int  # of its neighborhood's feed
    owes_acknowledgement: bool  # of a sealed copy sent to it
    signed: bool  # a sign hangs beside it


def find(device: UUID) -> Caller | None:
    """One query; revoked devices too, so that they can be told."""
    counter = FeedCounter.objects.filter(neighborhood=OuterRef("neighborhood_id")).values("last")
    unheard = SealedCopy.objects.filter(device=OuterRef("pk"), acknowledged=False)
    sign = Sign.objects.hanging().filter(device=OuterRef("pk"))
    found = (
        Device.objects.select_related("gate", "neighborhood")
        .annotate(last_version=Coalesce(Subquery(counter), 0), unheard=Exists(unheard), signed=Exists(sign))
        .filter(pk=device)
        .first()
    )
    if found is None:
        return None
    also = vars(found)
    return Caller(found, also["last_version"], also["unheard"], also["signed"])


def note_poll(*, caller: Caller, holds: int | None, at: datetime) -> None:
    """The device called; `holds` is the version up to which it says it holds everything. Nothing is written twice."""
    device = caller.device
    version = device.acknowledged if holds is None else holds
    recent = at - POLL_NOTED_EVERY
    if version > device.acknowledged or device.last_poll_at is None or device.last_poll_at < recent:
        Device.objects.filter(pk=device.pk).filter(
            Q(acknowledged__lt=version) | Q(last_poll_at=None) | Q(last_poll_at__lt=recent)
        ).update(acknowledged=Greatest("acknowledged", version), last_poll_at=at)
    if holds is not None and caller.owes_acknowledgement:
        SealedCopy.objects.filter(device=device, acknowledged=False, version__lte=holds).update(
            acknowledged=True
        )


@transaction.atomic
def revoke(*, device: Device, at: datetime) -> bool:
    """The device is lost or taken down. It is refused from now on and told to erase itself, should it call.

    What it had not confirmed as erased is shown as lost, never as gone (law 12). False if it was revoked before.
    """
    revoked = Device.objects.trusted().filter(pk=device.pk).update(revoked_at=at)
    if revoked:
        mark_lost(device=device.pk, at=at)
    return bool(revoked)
