"""Acts that staff do for somebody, written down with how they knew whom they had before them (law 6)."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied

from residents import effects
from residents.models import DeskAct, Resident, User
from residents.scope import may


def note(
    *,
    resident: Resident,
    act: DeskAct.Act,
    known_by: DeskAct.KnownBy,
    by: User,
    perm: str,
    at: datetime,
) -> DeskAct:
    """`perm` is the right by which it is done. Inside the transaction of the act itself; the resident reads it.

    Raises: PermissionDenied
    """
    if not may(by, perm, resident.neighborhood, at):
        raise PermissionDenied
    return DeskAct.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        act=act,
        known_by=known_by,
        by=by,
        capacity=effects.call("capacity", user=by, neighborhood=resident.neighborhood, perm=perm, at=at),
        at=at,
    )


def is_recognised(resident: Resident, known_by: DeskAct.KnownBy) -> bool:
    """Whether a secret may be told: by phone to a voice that is known or a number that is kept, never on a name alone.

    Nobody was rung back of whom no number is kept, whatever is chosen."""
    if known_by == DeskAct.KnownBy.RANG_BACK and resident.phone_sealed is None:
        return False
    return known_by in DeskAct.RECOGNISED
