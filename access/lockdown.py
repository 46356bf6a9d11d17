"""Lock-down: visitors' passes and opening from afar stop. Residents' ways in never do, and nobody is kept inside (law 13).

One of the staff asks for it, another confirms within a quarter of an hour, and it ends by itself after two hours at most.
Residents read it on their first page from the moment it stands. To go on takes two people again. The database holds all of
it (LM170 to LM174).
"""

from __future__ import annotations

from datetime import datetime

from access.models import Lockdown
from access.models.orders import LONGEST_LOCKDOWN
from access.ordering import OrderRefused, in_codes, insist, note, told_to_gates
from residents.models import Neighborhood, User
from residents.one_person import is_one_person

USUAL_MINUTES = 60


def ask(
    *, neighborhood: Neighborhood, why: Lockdown.Why, by: User, at: datetime, minutes: int = USUAL_MINUTES
) -> Lockdown:
    """Nothing happens yet.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, neighborhood, at)
    if not 1 <= minutes <= LONGEST_LOCKDOWN:
        raise OrderRefused("too_long")
    with told_to_gates(neighborhood.pk), in_codes():
        asked = Lockdown.objects.create(
            neighborhood=neighborhood, why=why, minutes=minutes, asked_by=by, asked_at=at
        )
        _note("lockdown_asked", asked, by, why=why)
    asked.refresh_from_db()
    return asked


def confirm(*, lockdown: Lockdown, by: User, at: datetime) -> Lockdown:
    """By the second person: from now on it stands, and gates hear of it with their next answer.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, lockdown.neighborhood, at)
    if is_one_person(lockdown.asked_by_id, by.pk):
        raise OrderRefused("same_person")
    with told_to_gates(lockdown.neighborhood_id), in_codes():
        waiting = Lockdown.objects.filter(pk=lockdown.pk, began_at=None, lifted_at=None)
        # Both times are the database's to write.
        if not waiting.update(confirmed_by=by, began_at=at, until=at):
            raise OrderRefused("closed")
        lockdown.refresh_from_db()
        _note("lockdown_began", lockdown, by, until=lockdown.until)
    return lockdown


def lift(*, lockdown: Lockdown, by: User, at: datetime) -> Lockdown:
    """One person is enough to end it, or to take back what was asked for.

    Raises: OrderRefused, PermissionDenied
    """
    insist(by, lockdown.neighborhood, at)
    with told_to_gates(lockdown.neighborhood_id), in_codes():
        if not Lockdown.objects.filter(pk=lockdown.pk, lifted_at=None).update(lifted_by=by, lifted_at=at):
            raise OrderRefused("closed")
        _note("lockdown_lifted", lockdown, by)
    lockdown.refresh_from_db()
    return lockdown


def standing(neighborhood: Neighborhood, at: datetime) -> Lockdown | None:
    return Lockdown.objects.standing(at).filter(neighborhood=neighborhood).first()


def _note(kind: str, lockdown: Lockdown, by: User, **also: object) -> None:
    note(kind, lockdown.neighborhood_id, order=lockdown.pk, by=by.pk, **also)
