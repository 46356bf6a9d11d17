"""The certificate of a deletion: of each place what that place itself has said, signed with the log's key (law 12).

    {"schema": "linmen-certificate/1", "certificate": …, "number": 2, "replaces": …, "person": …, "neighborhood": …,
     "order": …, "made": …,
     "orders": [{"order": …, "purpose": "face_at_gate", "cause": "withdrawn", "opened": …,
                 "places": [{"place": …, "kind": "device", "device": …, "state": "waiting", "since": …, "seen": {…}, …}]}],
     "signature": {…}, "proof": {…}}

No name is in it, only numbers that lead to nobody without the register, so it may outlive its person. Nothing in it says
'complete': it is, when every place in it is gone, and whoever reads it can count. The database takes no certificate that
says anything else than the places (LM154). Whatever is known besides of a place that is not gone, or not gone for good,
comes from the rooms that know it: `portal.certifying`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from ledger import bundles, signing
from ledger.jcs import spelled
from ledger.models import Entry
from ledger.record import record
from residents.models import ErasureCertificate, ErasureOrder, ErasurePlace, Resident, User

SCHEMA, TAG, KIND = "linmen-certificate/1", b"linmen certificate v1\0", "erasure.certified"
Json = dict[str, Any]
# What else is known of a place, under names of its own: `{"expired": {…}}`, `{"final": …}`.
Further = Callable[[list[ErasurePlace], datetime], Mapping[UUID, Json]]


class NothingToCertify(Exception):
    """Nothing of theirs was deleted, or nothing that had a place."""


class NotInLedger(LookupError):
    """Its entry says nothing any more: the time of both is over."""


@transaction.atomic
def issue(
    *, resident: Resident, order: ErasureOrder | None, further: Further, by: User | None, at: datetime
) -> ErasureCertificate:
    """Of this order, or of all of theirs. Where nothing is otherwise than in the newest one, that one.

    Raises: NothingToCertify
    """
    places = _held(resident, order)
    if not places:
        raise NothingToCertify
    said = _orders(places, further(places, at))
    before = newest(resident=resident, order=order)
    if before is not None and before.document["orders"] == said:
        return before
    number = 1 + (before.number if before else 0)
    made = uuid4()
    document: Json = {
        "schema": SCHEMA,
        "certificate": str(made),
        "number": number,
        "replaces": str(before.pk) if before else None,
        "person": str(resident.pk),
        "neighborhood": str(resident.neighborhood_id),
        "order": str(order.pk) if order else None,
        "made": moment(at),
        "orders": said,
    }
    certificate = ErasureCertificate.objects.create(
        pk=made,
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        order=order,
        number=number,
        document=document,
    )
    states = [place.state for place in places]
    record(
        kind=KIND,
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "certificate": made,
            "order": order.pk if order else None,
            "number": number,
            "sha": digest(document),
            "places": len(states),
            "gone": states.count(ErasurePlace.State.GONE),
            "closed": states.count(ErasurePlace.State.CLOSED),
            "by": by.pk if by else None,
        },
    )
    return certificate


def newest(*, resident: Resident, order: ErasureOrder | None) -> ErasureCertificate | None:
    return ErasureCertificate.objects.filter(resident=resident, order=order).order_by("-number").first()


def is_replaced(certificate: ErasureCertificate) -> bool:
    same = ErasureCertificate.objects.filter(resident=certificate.resident_id, order=certificate.order_id)
    return same.filter(number__gt=certificate.number).exists()


def signed(certificate: ErasureCertificate) -> Json:
    """The file that `ledger/verify.py` checks, without us and for years. The proof in it grows with the log.

    Raises: NotInLedger
    """
    document = dict(certificate.document)
    found = Entry.objects.filter(kind=KIND, subject=certificate.resident_id)
    entry = found.filter(opening__payload__certificate=str(certificate.pk)).first()
    if entry is None:
        raise NotInLedger
    return {**document, "signature": signing.signature(document), "proof": bundles.bundle(entry)}


def digest(document: Mapping[str, Any]) -> str:
    """What the entry in the ledger commits to."""
    return hashlib.sha256(TAG + spelled(document)).hexdigest()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _held(resident: Resident, order: ErasureOrder | None) -> list[ErasurePlace]:
    """Orders, then places, as whoever moves a place takes them: until this is written, none of them says anything else."""
    orders = ErasureOrder.objects.filter(resident=resident)
    if order is not None:
        orders = orders.filter(pk=order.pk)
    held = list(
        orders.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True)
    )
    places = ErasurePlace.objects.filter(order__in=held).select_for_update(of=("self",), no_key=True)
    return list(places.select_related("order").order_by("order_id", "pk"))


def _orders(places: list[ErasurePlace], also: Mapping[UUID, Json]) -> list[Json]:
    orders = {place.order_id: place.order for place in places}
    return [
        {
            "order": str(order.pk),
            "purpose": order.purpose,
            "cause": order.cause,
            "opened": moment(order.opened_at),
            "places": [_place(each, also.get(each.pk, {})) for each in places if each.order_id == order.pk],
        }
        for order in sorted(orders.values(), key=lambda order: (order.opened_at, order.pk))
    ]


def _place(place: ErasurePlace, also: Json) -> Json:
    said: Json = {
        "place": str(place.pk),
        "kind": place.kind,
        "state": place.state,
        "since": moment(place.changed_at),
        "seen": place.evidence,
    }
    if place.device is not None:
        said["device"] = str(place.device)
    return said | also
