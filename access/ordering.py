"""What all orders to gates share: who may give one, and what a refusal of the database means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from access.feed import lock_counter
from ledger.record import record
from residents.models import Neighborhood, User
from residents.scope import may

PERM = "manage_access"


class OrderRefused(Exception):
    """`code` says why; nothing was changed. Words for it are at the edge."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# What the database says when somebody was faster, or a screen was gone round.
REFUSALS = {
    "LM170": "closed",
    "LM171": "same_person",
    "LM172": "too_late",
    "LM173": "one_at_a_time",
    "LM174": "locked_down",
    "LM175": "day_has_come",
    "special_day_once": "day_taken",
    "emergency_has_an_end": "too_long",
    "lockdown_asked_for_two_hours": "too_long",
}


def insist(by: User, neighborhood: Neighborhood, at: datetime) -> None:
    """Raises: PermissionDenied"""
    if not may(by, PERM, neighborhood, at):
        raise PermissionDenied


@contextmanager
def in_codes() -> Iterator[None]:
    """What the database refuses, by its code; that statement alone is rolled back.

    Raises: OrderRefused
    """
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        said = f"{getattr(error.__cause__, 'sqlstate', '')} {error}"
        for sign, code in REFUSALS.items():
            if sign in said:
                raise OrderRefused(code) from error
        raise


@contextmanager
def told_to_gates(neighborhood: UUID) -> Iterator[None]:
    """The counter first, as every act that changes what gates are told: their rows change with the order itself."""
    with transaction.atomic():
        lock_counter(neighborhood)
        yield


def note(kind: str, neighborhood: UUID, **payload: object) -> None:
    """In the ledger: what was ordered, and who of the staff did it. No resident is in it."""
    record(kind=f"gates.{kind}", subject=None, neighborhood=neighborhood, payload=payload)
