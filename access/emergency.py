"""Open in an emergency: one person, one press, one gate or all of them, the barriers for vehicles included.

It opens at once and asks nothing first; it ends by itself. Afterwards another of the staff says what it was, within three
days, and the desk sees what is overdue. It is no fire release: that is wired into the lock and needs no computer.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from access.models import EmergencyOpening, EntryEvent, Gate
from access.models.orders import LONGEST_EMERGENCY
from access.ordering import OrderRefused, in_codes, insist, note, told_to_gates
from residents.models import Neighborhood, User
from residents.one_person import is_one_person

USUAL_MINUTES = 30


def open_now(
    *,
    neighborhood: Neighborhood,
    by: User,
    at: datetime,
    gate: Gate | None = None,
    minutes: int = USUAL_MINUTES,
) -> EmergencyOpening:
    """`gate` None: every gate of the neighborhood. They hear of it with their next answer.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, neighborhood, at)
    if not 1 <= minutes <= LONGEST_EMERGENCY:
        raise OrderRefused("too_long")
    with told_to_gates(neighborhood.pk), in_codes():
        opened = EmergencyOpening.objects.create(
            neighborhood=neighborhood,
            gate=gate,
            minutes=minutes,
            opened_by=by,
            opened_at=at,
            until=at,
        )
        opened.refresh_from_db()
        _note("emergency_opened", opened, by, until=opened.until)
    return opened


def end(*, opening: EmergencyOpening, by: User, at: datetime) -> EmergencyOpening:
    """Before its time.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, opening.neighborhood, at)
    with told_to_gates(opening.neighborhood_id), in_codes():
        standing = EmergencyOpening.objects.filter(pk=opening.pk, ended_at=None)
        if not standing.update(ended_by=by, ended_at=at):
            raise OrderRefused("closed")
        _note("emergency_ended", opening, by)
    opening.refresh_from_db()
    return opening


@transaction.atomic
def review(
    *, opening: EmergencyOpening, finding: EmergencyOpening.Finding, by: User, at: datetime
) -> EmergencyOpening:
    """By another person than the one who pressed, when it is over.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, opening.neighborhood, at)
    if is_one_person(opening.opened_by_id, by.pk):
        raise OrderRefused("same_person")
    with in_codes():
        waiting = EmergencyOpening.objects.filter(pk=opening.pk, reviewed_at=None)
        if not waiting.update(reviewed_by=by, reviewed_at=at, finding=finding):
            raise OrderRefused("closed")
    opening.refresh_from_db()
    _note("emergency_reviewed", opening, by, finding=opening.finding)
    return opening


def heard_by(opening: EmergencyOpening) -> int:
    """How many gates have said that they stand open for it."""
    said = EntryEvent.objects.filter(
        neighborhood=opening.neighborhood_id, kind="emergency", credential=opening.pk
    )
    return said.values("gate").distinct().count()


def _note(kind: str, opening: EmergencyOpening, by: User, **also: object) -> None:
    note(kind, opening.neighborhood_id, order=opening.pk, gate=opening.gate_id, by=by.pk, **also)
