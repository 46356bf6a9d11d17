"""A lost card, reported at the desk or by phone by whoever it is: blocked always, a secret told only to the resident.

Somebody may ring to have another's card blocked, or to be told a PIN. The first does little harm: the way in that is lent
for it waits at the desk and in the guard's hut, for the person themself. The second is what `known_by` is for. Either
stands in the resident's record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from access import cards, losing, pins
from access.models import Credential
from consent.decisions import one_at_a_time
from residents import deskwork
from residents.models import DeskAct, Resident, User
from residents.scope import may

KnownBy = DeskAct.KnownBy
_ROUTES = {
    KnownBy.IN_PERSON: losing.Route.DESK,
    KnownBy.HELPER: losing.Route.HELPER,
}
PERM = "manage_access"


class NotRecognised(ValueError):
    """A PIN is told to the person themself, and to nobody whose voice or face is not known."""


class NothingWaits(ValueError):
    """They have a card, or a PIN of their own, so nothing is lent."""


@dataclass(frozen=True)
class Reported:
    lost: losing.Lost
    lent: pins.Lent | None  # to be told or printed, this once
    waits: bool  # a way in was lent that nobody knows yet: they come for it in person


@transaction.atomic
def report(
    *,
    resident: Resident,
    known_by: DeskAct.KnownBy,
    by: User,
    at: datetime,
    card: Credential | None = None,
    spare: str = "",
) -> Reported:
    """Block the card, or all of theirs. `spare` is what the desk reader said; it is handed over in person only.

    Raises: losing.NotTheirs, NotRecognised for a spare that nobody stands there to take, PermissionDenied
    """
    if spare.strip() and known_by != KnownBy.IN_PERSON:
        raise NotRecognised
    _note(resident, DeskAct.Act.CARD_LOST, known_by, by, at)
    lost = losing.report_lost(
        resident=resident,
        card=card,
        spare=spare,
        by=by,
        at=at,
        route=_ROUTES.get(known_by, losing.Route.PHONE),
    )
    if _has_own(resident) or not _waiting(resident):
        return Reported(lost, None, waits=False)
    if not deskwork.is_recognised(resident, known_by):
        return Reported(lost, None, waits=True)
    _note(resident, DeskAct.Act.PIN_LENT, known_by, by, at)
    # One that was lent before may never have been told to anybody.
    return Reported(lost, lost.lent or pins.lend(resident=resident, at=at), waits=False)


@transaction.atomic
def hand_out(*, resident: Resident, known_by: DeskAct.KnownBy, by: User, at: datetime) -> pins.Lent:
    """The PIN that waits for somebody, drawn anew as they stand there: nobody has seen the one before.

    Raises: NotRecognised, NothingWaits, cards.GoneAway, PermissionDenied
    """
    if not deskwork.is_recognised(resident, known_by):
        raise NotRecognised
    _note(resident, DeskAct.Act.PIN_LENT, known_by, by, at)
    resident = one_at_a_time(resident)
    if resident.left_at is not None:
        raise cards.GoneAway
    if _has_own(resident):
        raise NothingWaits
    return pins.lend(resident=resident, at=at)


def may_be_lent(resident: Resident) -> bool:
    """Whether a PIN waits for them, or they have nothing at all that needs no phone."""
    return not _has_own(resident)


def _has_own(resident: Resident) -> bool:
    lent_pins = {"kind": Credential.Kind.PIN, "temporary": True}
    return Credential.objects.active().plain().filter(resident=resident).exclude(**lent_pins).exists()


def _waiting(resident: Resident) -> bool:
    return (
        Credential.objects.active()
        .filter(resident=resident, kind=Credential.Kind.PIN, temporary=True)
        .exists()
    )


def _note(resident: Resident, act: DeskAct.Act, known_by: DeskAct.KnownBy, by: User, at: datetime) -> None:
    if not may(by, PERM, resident.neighborhood, at):
        raise PermissionDenied
    deskwork.note(resident=resident, act=act, known_by=known_by, by=by, perm=PERM, at=at)
