"""A guardian's power over a child: until the fourteenth birthday, and not a moment longer than a court lets them (obligation 15)."""

from __future__ import annotations

from datetime import datetime

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
