"""What living here means for ways in: one from the first moment, all of them gone with the last (laws 2 and 13).

These are effects: `residents` calls them by the names in `settings.EFFECTS`, inside the act of moving in or out.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from access import cards, events, pins
from access.feed import refresh
from access.models import Credential, Device, FeedRow, Gate, Rule
from residents.ages import today_in
from residents.erasure import Place
from residents.leaving import WayIn
from residents.models import ErasurePlace, Occupancy, Resident
from residents.moving import CardNeeded, CardRefused

Kind = ErasurePlace.Kind
MOVED_OUT = Credential.Ended.MOVED_OUT


def way_in(*, resident: Resident, card: str, at: datetime) -> WayIn:
    """This card; else the one, or the PIN, that they have; else a PIN lent until there is a card.

    Raises: CardRefused, CardNeeded
    """
    if card.strip():
        try:
            return WayIn(credential=cards.issue(resident=resident, number=card, at=at).pk)
        except cards.NumberRefused as refused:
            raise CardRefused("number") from refused
        except cards.CardTaken as refused:
            raise CardRefused("taken") from refused
    if Credential.objects.active().plain().filter(resident=resident).exists():
        return WayIn()
    gates = _gates_of(resident, at)
    if gates and not any(gate.by_pin for gate in gates):
        raise CardNeeded  # a PIN that no gate takes is no way in
    lent = pins.lend(resident=resident, at=at)
    return WayIn(credential=lent.credential.pk, number=lent.number, pin=lent.pin)


def end_ways(*, resident: Resident, at: datetime) -> list[Place]:
    """They live nowhere here: every card, PIN, code and pass ends, and rules that name them go. Each reader that was
    told of one is asked to say that it has forgotten it."""
    theirs = Credential.objects.active().filter(resident=resident)
    ending = list(theirs.select_for_update(no_key=True).order_by("pk"))
    Credential.objects.filter(pk__in=[each.pk for each in ending]).update(
        ended_at=at, ended_because=MOVED_OUT
    )
    Rule.objects.filter(resident=resident).delete()
    events.forget_credentials(Credential.objects.filter(resident=resident))
    places = [Place(kind=Kind.ROWS, target=each.pk) for each in ending] + _readers_told_of(ending)
    refresh(residents=[resident], at=at)
    return places


def restore_ways(*, resident: Resident, left_at: datetime, at: datetime) -> WayIn:
    """A mistake is put right: the cards and the PIN that ended with it open again at once; if none can, a PIN is lent.
    What ended stays ended: these are new rows for the same cards."""
    ended = Credential.objects.filter(
        resident=resident, ended_at=left_at, ended_because=MOVED_OUT, kind__in=Credential.PLAIN
    )
    again = [new for old in ended if (new := _again(old, at)) is not None]
    refresh(residents=[resident], at=at)
    return WayIn(credential=again[0].pk) if again else way_in(resident=resident, card="", at=at)


def forget_ways(*, resident: Resident, at: datetime) -> list[Place]:
    """A tombstone's credentials stay, as the tombstones that gates hold on to; the card's digest and the PIN do not."""
    for each in Credential.objects.filter(resident=resident):
        if each.kind == Credential.Kind.CARD:
            each.digest = secrets.token_bytes(32)
        elif each.number is not None:
            each.number, each.verifier = "00000", "-"
        each.save(update_fields=["digest", "number", "verifier"])
    return []


def _again(old: Credential, at: datetime) -> Credential | None:
    number = old.number
    if number is not None and _taken(old):
        number = pins.draw_number()
    try:
        with transaction.atomic():
            return Credential.objects.create(
                neighborhood_id=old.neighborhood_id,
                resident_id=old.resident_id,
                kind=old.kind,
                digest=old.digest,
                number=number,
                verifier=old.verifier,
                temporary=old.temporary,
                created_at=at,
            )
    except IntegrityError:  # the card was given to somebody else meanwhile
        return None


def _taken(old: Credential) -> bool:
    live = Credential.objects.active().filter(neighborhood=old.neighborhood_id)
    return live.filter(number=old.number).exists()


def _gates_of(resident: Resident, at: datetime) -> list[Gate]:
    today = today_in(resident.neighborhood, at)
    homes = Occupancy.objects.standing(today).filter(resident=resident).values("unit")
    rules = Rule.objects.filter(Q(resident=resident) | Q(unit__in=homes))
    return list(Gate.objects.filter(in_service=True, pk__in=rules.values("gate")))


def _readers_told_of(ending: list[Credential]) -> list[Place]:
    """Faces have their own order, with the consent they stood on."""
    told = FeedRow.objects.filter(credential__in=ending, present=True).exclude(
        credential__kind=Credential.Kind.FACE
    )
    gates: dict[UUID, list[FeedRow]] = {}
    for row in told:
        gates.setdefault(row.gate_id, []).append(row)
    devices = Device.objects.filter(gate__in=list(gates)).select_related("gate").order_by("pk")
    return [
        Place(
            kind=Kind.DEVICE,
            target=row.credential_id,
            device=device.pk,
            label=device.gate.name,
            lost=device.revoked_at is not None,
        )
        for device in devices
        for row in gates[device.gate_id]
        # A reader that was taken down before it could have heard of it holds nothing.
        if device.revoked_at is None or device.acknowledged >= row.version
    ]
