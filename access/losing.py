"""A card is lost: blocked at once, and nobody is left without a way in by it (laws 1, 2 and 13).

One act, whoever reports it and however. It is never refused: a spare card that cannot be lent is answered by a PIN that
can. A blocked card that turns up stays blocked; its number may be issued anew, as a new card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Exists, OuterRef

from access import cards, pins, rules
from access.feed import refresh
from access.models import Credential, Gate
from consent.decisions import one_at_a_time
from ledger.record import record
from residents.models import Neighborhood, Resident, User

Kind, Ended = Credential.Kind, Credential.Ended


class NotTheirs(cards.CardRefused):
    """That card is not this resident's, so nothing was done about either of them."""


class Route(StrEnum):
    """How the report came; kept with the act."""

    DESK = "desk"
    PHONE = "phone"
    GUARD = "guard"
    HELPER = "helper"
    PORTAL = "portal"


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What was done, and the way in that remains. The PIN in `lent` is said or printed this once."""

    blocked: Sequence[Credential]
    remain: Sequence[Credential]  # cards and PINs that work, what was lent in this act left out
    spare: Credential | None = None
    spare_refused: cards.CardRefused | None = None
    lent: pins.Lent | None = None
    keypads: Sequence[Gate] = field(default_factory=list)  # gates of theirs where a PIN opens
    without_keypad: Sequence[Gate] = field(default_factory=list)  # there: ring the guard
    beside: Sequence[Gate] = field(
        default_factory=list
    )  # the old controller opens these: block it there as well
    guard_phone: str = ""


@transaction.atomic
def report_lost(
    *,
    resident: Resident,
    card: Credential | None = None,
    spare: str = "",
    tapped: bool = True,
    by: User | None,
    at: datetime,
    route: Route = Route.DESK,
) -> Lost:
    """Block the card, or every card of theirs if nobody knows which; lend a spare card, or a PIN if no plain way is left.

    `spare` is the number of the spare card, off the desk reader unless `tapped` is False. Safe to repeat.

    Raises: NotTheirs
    """
    if card is not None and (card.resident_id != resident.pk or card.kind != Kind.CARD):
        raise NotTheirs
    resident = one_at_a_time(resident)
    blocked = _block(resident, card, at)
    remain = list(
        Credential.objects.active().plain().filter(resident=resident).order_by("kind", "created_at")
    )
    lent_card, refused = _lend_card(resident, spare, tapped, by, at)
    gates = rules.gates_of(resident=resident, at=at)
    lent = None
    belongs = resident.left_at is None and (gates or cards.lives_here(resident, at, or_will=True))
    if not remain and lent_card is None and belongs:
        lent = pins.lend(resident=resident, at=at)
    if blocked or lent_card or lent:  # what was said before is on record already
        record(
            kind="card.lost",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={
                "cards": [each.pk for each in blocked],
                "spare": lent_card.pk if lent_card else None,
                "pin": lent.credential.pk if lent else None,
                "by": by.pk if by else None,
                "route": str(route),
            },
        )
    refresh(credentials=blocked, at=at)
    return Lost(
        blocked=blocked,
        remain=remain,
        spare=lent_card,
        spare_refused=refused,
        lent=lent,
        keypads=[gate for gate in gates if gate.in_service and gate.by_pin],
        without_keypad=[gate for gate in gates if gate.in_service and not gate.by_pin],
        beside=[gate for gate in gates if gate.beside_since is not None],
        guard_phone=Neighborhood.objects.values_list("guard_phone", flat=True).get(
            pk=resident.neighborhood_id
        ),
    )


@transaction.atomic
def give_back(*, card: Credential, by: User | None, at: datetime) -> bool:
    """A card or a spare comes back over the counter. False if it had ended before: a blocked card stays blocked.

    Raises: cards.LastCard
    """
    ended = cards.end(card=card, at=at)
    if ended:
        record(
            kind="card.returned",
            subject=card.resident_id,
            neighborhood=card.neighborhood_id,
            payload={"card": card.pk, "by": by.pk if by else None},
        )
    return ended


@dataclass(frozen=True)
class Loan:
    """A spare card or a PIN that is out."""

    credential: Credential
    age: timedelta
    asked_back: bool  # they have a card of their own again


def loans(neighborhood: Neighborhood, *, at: datetime) -> list[Loan]:
    """The oldest first. One query."""
    own = Credential.objects.active().filter(resident=OuterRef("resident"), kind=Kind.CARD, temporary=False)
    out = (
        Credential.objects.active()
        .filter(neighborhood=neighborhood, temporary=True)
        .annotate(has_own=Exists(own))
        .select_related("resident")
        .order_by("created_at", "pk")
    )
    return [Loan(each, at - each.created_at, vars(each)["has_own"]) for each in out]


def _block(resident: Resident, card: Credential | None, at: datetime) -> list[Credential]:
    theirs = Credential.objects.active().filter(resident=resident, kind=Kind.CARD)
    if card is not None:
        theirs = theirs.filter(pk=card.pk)
    found = list(theirs.order_by("created_at", "pk"))
    Credential.objects.filter(pk__in=[each.pk for each in found]).update(
        ended_at=at, ended_because=Ended.LOST
    )
    return found


def _lend_card(
    resident: Resident, spare: str, tapped: bool, by: User | None, at: datetime
) -> tuple[Credential | None, cards.CardRefused | None]:
    if not spare.strip():
        return None, None
    try:
        issued = cards.issue(resident=resident, number=spare, tapped=tapped, temporary=True, by=by, at=at)
        return issued, None
    except cards.CardRefused as refused:
        return None, refused
