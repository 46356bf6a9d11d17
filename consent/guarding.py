"""Guardians: whose power holds at this moment, and what the others said. One no among them holds (obligation 15)."""

from __future__ import annotations

from datetime import datetime

from consent.models import Decision, Purpose
from residents.ages import today_in
from residents.models import Guardianship, Resident


class NoGuardian(Exception):
    """They have no power over this child: it ended, a court took it, or the child is fourteen and decides alone."""


def insist(guardianship: Guardianship, child: Resident, at: datetime) -> None:
    """Raises: NoGuardian"""
    # Taken, so that a court's bar and a decision take turns.
    held = Guardianship.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk=guardianship.pk, child=child
    )
    if not held.current(today_in(child.neighborhood, at)).exists():
        raise NoGuardian


def others_no(guardianship: Guardianship, child: Resident, purpose: Purpose, at: datetime) -> bool:
    """Whether the newest word of any other guardian about this purpose is a no."""
    others = (
        Guardianship.objects.current(today_in(child.neighborhood, at))
        .filter(child=child)
        .exclude(guardian=guardianship.guardian_id)
        .values("guardian")
    )
    newest = (
        Decision.objects.filter(resident=child, purpose=purpose, guardianship__guardian__in=others)
        .order_by("guardianship__guardian", "-at")
        .distinct("guardianship__guardian")
    )
    return any(decision.kind != Decision.Kind.GIVEN for decision in newest)
