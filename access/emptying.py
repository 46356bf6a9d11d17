"""What faces left at a gate that takes them no more: erased, with an order for each person that lists every place (11).

Where another gate of theirs goes on taking faces, only this gate's copies go. Where none does, the face data goes
everywhere; and where no gate of the neighborhood does, the forms end too, and with them, one by one, each consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from access import events
from access.feed import refresh
from access.models import Credential, Device, FeedRow, Gate, SealedCopy, Template
from access.templates import retire
from consent import publishing
from consent.models import Purpose
from residents import effects
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace, Neighborhood, User

# Every consent that only serves getting in by face.
FACES = (Purpose.TEMPLATE_ON_SERVER, Purpose.PHOTO_OVER_INTERNET, Purpose.FACE_AT_GATE)
Places = ErasurePlace.Kind


@dataclass(frozen=True)
class Held:
    """Locked: the copies that the gate's readers may have, and the faces that it was told of."""

    copies: Sequence[SealedCopy]
    faces: Sequence[Credential]


NOTHING = Held((), ())


def hold(gate: Gate) -> Held:
    """Readers, copies, templates, credentials: as a withdrawal and a receipt take them. Inside a transaction, before the
    feed's counter."""
    readers = Device.objects.filter(gate=gate).order_by("pk")
    held = list(readers.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    copies = list(
        SealedCopy.objects.filter(device__in=held)
        .select_for_update(of=("self",), no_key=True)
        .select_related("device__gate")
        .order_by("credential_id", "device_id")
    )
    told = FeedRow.objects.filter(gate=gate, present=True, credential__kind=Credential.Kind.FACE)
    known = {copy.credential_id for copy in copies} | set(told.values_list("credential_id", flat=True))
    list(Template.objects.filter(credential__in=known).select_for_update(of=("self",)).order_by("pk"))
    faces = Credential.objects.filter(pk__in=known).select_for_update(of=("self",), no_key=True)
    return Held(copies, list(faces.select_related("resident").order_by("pk")))


def holds_all(held: Held, gate: Gate) -> bool:
    """Under the counter: whether the gate was told of no face after `hold` looked. Its rows cannot be locked any more then,
    since a withdrawal takes them first and waits for the counter."""
    told = FeedRow.objects.filter(gate=gate, present=True, credential__kind=Credential.Kind.FACE)
    return not told.exclude(credential__in=[face.pk for face in held.faces]).exists()


def empty(held: Held, *, gate: Gate, at: datetime) -> list[ErasureOrder]:
    """After the gate was saved without faces. The readers have been told; each is asked to say that it has forgotten."""
    if not held.faces:
        return []
    elsewhere = set(
        FeedRow.objects.filter(credential__in=[face.pk for face in held.faces], present=True)
        .exclude(gate=gate)
        .values_list("credential_id", flat=True)
    )
    useless = [face for face in held.faces if face.pk not in elsewhere]
    places: dict[UUID, list[Place]] = defaultdict(list)
    for copy in held.copies:
        places[copy.credential_id].append(_reader(copy))
    for face in useless:
        places[face.pk] += _of_the_face(face)
        retire(credential=face, at=at)
    SealedCopy.objects.filter(
        Q(pk__in=[copy.pk for copy in held.copies]) | Q(credential__in=useless)
    ).delete()
    events.forget_credentials(useless)
    refresh(credentials=useless, at=at)
    return [order for theirs in _by_person(held.faces) if (order := _order(theirs, places, at))]


def empty_again(*, faces: Sequence[Credential], at: datetime) -> None:
    """Of a restore: these faces had ended after the backup. The order that they ended by lists the readers."""
    for face in faces:
        retire(credential=face, at=at)
    SealedCopy.objects.filter(credential__in=faces).delete()
    events.forget_credentials(faces)
    refresh(credentials=faces, at=at)


def give_up_forms_of_no_gate(neighborhood: Neighborhood, *, by: User, at: datetime) -> bool:
    """No gate here takes faces: nobody can say yes any more, and the sweep ends each consent with an order of its own.

    False if a gate still does, or no form asked. The feed's counter must be held.
    """
    if Gate.objects.filter(neighborhood=neighborhood, by_face=True).exists():
        return False
    ended = [publishing.retire(neighborhood=neighborhood, purpose=each, by=by, at=at) for each in FACES]
    return any(ended)


def _of_the_face(face: Credential) -> list[Place]:
    copies = SealedCopy.objects.filter(credential=face).select_related("device__gate")
    return [
        Place(kind=Places.ROWS, target=face.pk),
        Place(kind=Places.PAGES, target=face.pk),
        # One that was called back from another gate before, and has not confirmed it.
        *(_reader(copy) for copy in copies),
    ]


def _reader(copy: SealedCopy) -> Place:
    return Place(
        kind=Places.DEVICE,
        target=copy.credential_id,
        device=copy.device_id,
        label=copy.device.gate.name,
        lost=copy.device.revoked_at is not None,
    )


def _by_person(faces: Iterable[Credential]) -> list[list[Credential]]:
    found: dict[UUID, list[Credential]] = defaultdict(list)
    for face in faces:
        found[face.resident_id].append(face)
    return list(found.values())


def _order(
    theirs: Sequence[Credential], places: dict[UUID, list[Place]], at: datetime
) -> ErasureOrder | None:
    found = [place for face in theirs for place in places.get(face.pk, ())]
    if not found:
        return None  # no reader ever had it, and another gate of theirs does
    order = open_order(
        resident=theirs[0].resident,
        purpose=Purpose.FACE_AT_GATE,
        cause=ErasureOrder.Cause.RETIRED,
        places=found,
        at=at,
    )
    transaction.on_commit(lambda: effects.call("erase_soon", order=order.pk), robust=True)
    return order
