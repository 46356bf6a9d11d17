"""Consents end when somebody lives here no more: nobody withdraws for them, so it is the clock's decision (law 4)."""

from __future__ import annotations

from datetime import datetime

from consent import stopping, withdrawal
from consent.models import SERVES, Standing
from residents.models import ErasureOrder, Resident


def end_consents(*, resident: Resident, cause: ErasureOrder.Cause, at: datetime) -> list[ErasureOrder]:
    """The effect of that name, inside the act that ends the residence. What serves another ends with it."""
    stopping.stop_all(resident=resident, at=at)
    purposes = set(Standing.objects.filter(resident=resident).values_list("purpose", flat=True))
    first = sorted(purposes, key=lambda each: (each in SERVES, each))
    orders = [
        withdrawal.end_for_good(resident=resident, purpose=purpose, cause=cause, at=at) for purpose in first
    ]
    return [order for order in orders if order is not None]
