"""Biometrics of children under fourteen are off unless a neighborhood has justified them of their own (obligations 15, 17)."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from consent.models import Purpose
from residents import ages
from residents.models import Resident


def are_off(resident: Resident, purpose: Purpose, at: datetime) -> bool:
    """Whether this child may not be measured here, whatever a guardian says. Of whoever is fourteen: never by this rule.

    What justifies it is written by the committee (`consent.enabling`); where nothing can say so, they are off.
    """
    if not ages.is_under(resident, ages.GUARDED, ages.today_in(resident.neighborhood, at)):
        return False
    if find_spec("consent.enabling") is None:
        return True
    enabling = import_module("consent.enabling")
    try:
        enabling.insist(neighborhood=resident.neighborhood, purpose=purpose, at=at, for_minors=True)
    except enabling.NotEnabled:
        return True
    return False
