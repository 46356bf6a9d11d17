"""What living here means for ways in: one from the first moment, all of them gone with the last (laws 2 and 13).

These are effects: `residents` calls them by the names in `settings.EFFECTS`, inside the act of moving in or out.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from access import cards, events, pins
from access.feed import lock_counter, refresh, tell_again
from access.models import Credential, Device, FeedRow, Gate, Pass, Rule, TapRequest
from residents.ages import today_in
from residents.erasure import Place
from residents.leaving import WayIn
from residents.models import ErasurePlace, Occupancy, Resident
from residents.moving import CardNeeded, CardRefused

Kind = ErasurePlace.Kind
MOVED_OUT = Credential.Ended.MOVED_OUT


def way_in(*, resident: Resident, card: str, at: datetime, tapped: bool = False) -> WayIn:
    """This card; else the one, or the PIN, that they have; else a PIN lent until there is a card.

    Raises: CardRefused, CardNeeded
    """
    if card.strip():
        try:
            return WayIn(credential=cards.issue(resident=resident, number=card, tapped=tapped, at=at).pk)
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


def has_way_in(*, resident: Resident) -> bool:
    """A card or a PIN of theirs opens, so nothing that they say about a face changes whether they get in (law 1)."""
    return Credential.objects.active().plain().filter(resident=resident).exists()


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
    # From here on no rule that somebody changes at this moment tells a reader anything that is not seen below.
    lock_counter(resident.neighborhood_id)
    told = _told_of(resident)
    tell_again([row for row, _ in told if not row.present], at=at)
    refresh(residents=[resident], at=at)
    return [Place(kind=Kind.ROWS, target=each.pk) for each in ending] + [
        Place(
            kind=Kind.DEVICE,
            target=row.credential_id,
            device=device.pk,
            label=device.gate.name,
            lost=device.revoked_at is not None,
        )
        for row, device in told
    ]


def end_again(*, credentials: Collection[UUID], resident: Resident, at: datetime) -> None:
    """Of a restore: these ways in had ended after the backup, and the person has come back since. They have others, or get one."""
    ending = Credential.objects.active().filter(resident=resident, pk__in=credentials)
    if ending.exists():
        found = list(ending.values_list("pk", flat=True))
        others = Credential.objects.active().plain().filter(resident=resident).exclude(pk__in=found)
        if not others.exists():
            pins.lend(resident=resident, at=at)
        Credential.objects.filter(pk__in=found).update(ended_at=at, ended_because=MOVED_OUT)
        refresh(residents=[resident], at=at)


def restore_ways(*, resident: Resident, left_at: datetime, at: datetime) -> WayIn:
    """A mistake is put right: the cards and the PIN that ended with it open again at once; if none can, a PIN is lent.
    What ended stays ended: these are new rows for the same cards."""
    ended = Credential.objects.filter(
        resident=resident, ended_at=left_at, ended_because=MOVED_OUT, kind__in=Credential.PLAIN
    )
    again = [new for old in ended if (new := _again(old, at)) is not None]
    refresh(residents=[resident], at=at)
    if again or Credential.objects.active().plain().filter(resident=resident).exists():
        return WayIn(credential=again[0].pk if again else None)
    # Putting right is never refused, not even where no gate has a keypad: there the guard opens until there is a card.
    lent = pins.lend(resident=resident, at=at)
    return WayIn(credential=lent.credential.pk, number=lent.number, pin=lent.pin)


def forget_ways(*, resident: Resident, at: datetime) -> list[Place]:
    """A tombstone's credentials stay, as the tombstones that gates hold on to; the card's digest and the PIN do not, nor
    when they had visitors or stood at a gate with a card."""
    TapRequest.objects.filter(resident=resident).delete()
    Pass.objects.of(resident).delete()
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


def _told_of(resident: Resident) -> list[tuple[FeedRow, Device]]:
    """Which readers may hold something of theirs: what is there to this moment, and what was to be forgotten before (a PIN
    that was changed, a gate that is not theirs any more) by a reader that has not heard of it yet (law 12).

    Faces have their own order, with the consent they stood on.
    """
    rows: dict[UUID, list[FeedRow]] = {}
    theirs = FeedRow.objects.filter(credential__resident=resident).exclude(
        credential__kind=Credential.Kind.FACE
    )
    for row in theirs.select_related("credential").order_by("credential_id"):
        rows.setdefault(row.gate_id, []).append(row)
    devices = Device.objects.filter(gate__in=list(rows)).select_related("gate").order_by("pk")
    return [(row, device) for device in devices for row in rows[device.gate_id] if _may_hold(device, row)]


def _may_hold(device: Device, row: FeedRow) -> bool:
    if row.present:
        # A reader that was taken down before it could have heard of it holds nothing.
        return device.revoked_at is None or device.acknowledged >= row.version
    # Nor does one that came after it was called back, or went before it was made.
    came, went = device.paired_at, device.revoked_at
    if came > row.changed_at or (went is not None and went < row.credential.created_at):
        return False
    return device.acknowledged < row.version
