"""Tap to add: the next unknown card shown at a gate within two minutes is this person's.

They stand at the gate, and staff have said so. What the gate reports is the card's digest, never its number. A card
that is somebody's already is never given to another, and what came of it stands in the resident's record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from access import cards
from access.models import Device, Gate, TapRequest
from ledger.record import record
from residents.models import Resident, User

WINDOW = timedelta(minutes=2)
# A gate's clock follows the site's; and what it saw in time may come with its next poll.
CLOCK_SLACK = timedelta(seconds=5)
LATE = timedelta(minutes=1)
# How long a resident finds in their record that staff waited for a card of theirs.
KEPT = timedelta(days=180)
BATCH = 10_000

Outcome = TapRequest.Outcome


class TapRefused(ValueError):
    """No card is awaited at that gate because of this."""


class NotPresent(TapRefused):
    """Nobody said that the person is there."""


class AnotherWaits(TapRefused):
    """Somebody else's card is awaited at this gate."""


class Elsewhere(TapRefused):
    """The gate and the person are not of one neighborhood."""


class GoneAway(TapRefused):
    """They live here no more."""


class NoReader(TapRefused):
    """No reader at this gate could see a card."""


@dataclass(frozen=True)
class Shown:
    """An unknown card, by the gate's account."""

    digest: bytes
    at: datetime


@transaction.atomic
def ask(
    *, gate: Gate, resident: Resident, present: bool, by: User, capacity: str, at: datetime
) -> TapRequest:
    """Await the resident's card at this gate. `present` is what staff confirmed.

    Raises: NotPresent, AnotherWaits, Elsewhere, GoneAway, NoReader
    """
    if not present:
        raise NotPresent
    if gate.neighborhood_id != resident.neighborhood_id or resident.erased_at is not None:
        raise Elsewhere
    if resident.left_at is not None:
        raise GoneAway
    if not Device.objects.trusted().filter(gate=gate).exists():
        raise NoReader
    TapRequest.objects.filter(gate=gate, closed_at=None, until__lte=at).update(
        closed_at=at, outcome=Outcome.OVER
    )
    try:
        with transaction.atomic():
            request = TapRequest.objects.create(
                neighborhood_id=gate.neighborhood_id,
                gate=gate,
                resident=resident,
                by=by,
                capacity=capacity,
                made_at=at,
                until=at + WINDOW,
            )
    except IntegrityError as error:
        if "tap_request_one_at_a_gate" in str(error):
            raise AnotherWaits from error
        raise
    record(
        kind="card.awaited",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"request": request.pk, "gate": gate.pk, "by": by.pk, "until": request.until.isoformat()},
    )
    return request


def cancel(*, request: TapRequest, at: datetime) -> bool:
    """False if it was closed already."""
    still = TapRequest.objects.filter(pk=request.pk, closed_at=None)
    return bool(still.update(closed_at=at, outcome=Outcome.CANCELLED))


@transaction.atomic
def take(*, gate: UUID, shown: Iterable[Shown], at: datetime) -> TapRequest | None:
    """The gate saw unknown cards: the first of them in time goes to whoever waits there. None if nobody does."""
    waits = (
        TapRequest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("resident")
        .filter(gate=gate, closed_at=None, until__gt=at - LATE)
        .first()
    )
    if waits is None:
        return None
    in_time = [each for each in shown if waits.made_at - CLOCK_SLACK <= each.at <= waits.until + CLOCK_SLACK]
    if not in_time or waits.resident.erased_at is not None:
        return None
    first = min(in_time, key=lambda each: each.at)
    try:
        with transaction.atomic():
            waits.credential = cards.issue_digest(resident=waits.resident, digest=first.digest, at=at)
        waits.outcome = Outcome.ADDED
    except cards.CardTaken:
        waits.outcome = Outcome.TAKEN
    except cards.GoneAway:  # they moved out in these two minutes
        waits.outcome = Outcome.CANCELLED
    waits.closed_at = at
    waits.save(update_fields=["credential", "outcome", "closed_at"])
    record(
        kind="card.shown",
        subject=waits.resident_id,
        neighborhood=waits.neighborhood_id,
        payload={"request": waits.pk, "outcome": str(waits.outcome)},
    )
    return waits


def close_old(*, at: datetime) -> int:
    """For the sweep: requests whose time is over."""
    over = TapRequest.objects.filter(closed_at=None, until__lte=at - LATE)
    return over.update(closed_at=at, outcome=Outcome.OVER)
