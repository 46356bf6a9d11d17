"""Receipts: a device says that it erased a credential and read back that nothing is left.

Believed only for what is no longer meant to be there, and only for the latest word on it: a receipt for an earlier
erasure proves nothing about a copy that was sent afterwards (law 12).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from access.models import Device, FeedRow, SealedCopy
from residents.erasure import mark_gone
from residents.models import ErasurePlace


@dataclass(frozen=True)
class Receipt:
    credential: UUID
    version: int
    erased_at: datetime  # by the device's clock


@dataclass(frozen=True)
class Taken:
    """Distinct credentials, by what became of their receipts."""

    accepted: list[UUID]
    unknown: list[UUID]  # this gate was never told of it
    stale: list[UUID]  # it should be there, or was sent again since


@transaction.atomic
def take(*, device: Device, receipts: Iterable[Receipt], at: datetime) -> Taken:
    """Safe to repeat. Of several receipts for one credential the latest counts."""
    latest: dict[UUID, Receipt] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.version):
        latest[receipt.credential] = receipt
    # First the copies, which a withdrawal locks as well: either it finds none, or its places are there to be answered.
    copies = list(
        SealedCopy.objects.select_for_update(no_key=True)
        .filter(device=device, credential__in=latest)
        .order_by("credential_id")
    )
    rows = {
        row.credential_id: row for row in FeedRow.objects.filter(gate=device.gate_id, credential__in=latest)
    }
    # In one order: two devices that confirm the same orders must not wait for each other.
    places = list(
        ErasurePlace.objects.open()
        .filter(kind=ErasurePlace.Kind.DEVICE, device=device.pk, target__in=latest)
        .order_by("order_id")
    )
    awaited = {place.target for place in places}
    taken = Taken([], [], [])
    for credential, receipt in latest.items():
        row = rows.get(credential)
        if row is None:
            (taken.accepted if credential in awaited else taken.unknown).append(credential)
        elif row.present or receipt.version < row.version:
            taken.stale.append(credential)
        else:
            taken.accepted.append(credential)
    accepted = set(taken.accepted)
    gone = [
        copy.pk
        for copy in copies
        if copy.credential_id in accepted and copy.version <= latest[copy.credential_id].version
    ]
    SealedCopy.objects.filter(pk__in=gone).delete()
    for place in places:
        if place.target in accepted:
            mark_gone(place=place.pk, evidence=_evidence(latest[place.target], at), at=at)
    return taken


def _evidence(receipt: Receipt, at: datetime) -> dict[str, str | int]:
    return {
        "version": receipt.version,
        "erased_at": receipt.erased_at.isoformat(),
        "received_at": at.isoformat(),
    }
