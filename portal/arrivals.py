"""Somebody new at the desk: on the register, at home, and with a way in, in one act (A4, laws 2 and 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from residents import deskwork, finding, moving, register
from residents.leaving import WayIn
from residents.models import DeskAct, Occupancy, Resident, Unit, User
from residents.scope import may


class LivesThereAlready(ValueError):
    """Somebody of that very name lives in that dwelling: it would be the same person twice."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    resident: Resident
    occupancy: Occupancy
    way_in: WayIn  # a PIN on it is said or printed this once


@transaction.atomic
def arrive(
    *,
    unit: Unit,
    name: str,
    tenure: Occupancy.Tenure,
    since: date,
    by: User,
    at: datetime,
    card: str = "",
    born: date | None = None,
) -> Arrival:
    """Without a card a PIN is lent until there is one. No phone, no photo, no identity number is asked for.

    `card` is what the desk reader says. `born` is of minors only.

    Raises: LivesThereAlready, moving.MovingRefused, PermissionDenied
    """
    for perm in ("manage_register", "manage_access"):
        if not may(by, perm, unit.neighborhood, at):
            raise PermissionDenied
    # Two desks that take in one person at once take turns at the dwelling.
    Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    there = [each.resident for each in unit.occupancies.current(since).select_related("resident")]
    resident = register.register(neighborhood=unit.neighborhood, name=name, born=born)
    moved = moving.move_in(
        resident=resident, unit=unit, since=since, tenure=tenure, card=card, tapped=True, by=by, at=at
    )
    # Last, when everything else is in order: what cannot come to pass anyhow must not answer whether a name was guessed.
    if finding.of_this_name(there, name):
        raise LivesThereAlready
    deskwork.note(
        resident=resident,
        act=DeskAct.Act.MOVED_IN,
        known_by=DeskAct.KnownBy.IN_PERSON,
        by=by,
        perm="manage_register",
        at=at,
    )
    return Arrival(resident=resident, occupancy=moved.occupancy, way_in=moved.way_in)
