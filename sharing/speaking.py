"""Who may act here: somebody in office today, and where two are asked for, another person.

Who runs the system holds no office and neither puts, reads nor releases anything. Whoever is refused because they have no
office, or are one person where two are asked for, is written down: here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import alarms, effects
from residents.models import Alarm, Neighborhood, User

P = ParamSpec("P")
R = TypeVar("R")


class OutOfOffice(PermissionDenied):
    """No term in force today gives this right: none ever did, or it is over."""


class Refusal(Exception):
    """What somebody asked for is refused; `reason` is a code."""

    # What is written down beside the refusal itself: one who would have been two, or a door that is shut.
    TOLD = frozenset({"own_draft", "same_reader", "two_readers", "own_contract", "contract"})

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Row(Protocol):
    pk: UUID
    neighborhood_id: UUID


def insist(*, by: User, perm: str, neighborhood: Neighborhood, at: datetime) -> dict[str, str]:
    """For which bodies they act here now, each with the capacity they do it in.

    Raises: OutOfOffice
    """
    bodies: dict[str, str] = {}
    if by.is_active and not neighborhood.practice:
        bodies = effects.call("speaks_for", user=by, neighborhood=neighborhood, perm=perm, at=at)
    if not bodies:
        raise OutOfOffice
    return bodies


def watched(act: str, on: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """One transaction, and whoever is refused is written down after it was rolled back. `on` names the argument that it is
    about; all of them are named, and `by` is among them."""

    def wrap(does: Callable[P, R]) -> Callable[P, R]:
        @wraps(does)
        def doing(*args: P.args, **given: P.kwargs) -> R:
            try:
                with transaction.atomic():
                    return does(*args, **given)
            except (OutOfOffice, Refusal) as refused:
                reason = refused.reason if isinstance(refused, Refusal) else "office"
                if isinstance(refused, OutOfOffice) or reason in refused.TOLD:
                    at, by = cast(datetime, given["at"]), cast(User, given["by"])
                    refusal(act=act, reason=reason, by=by, on=cast(_Row, given[on]), at=at)
                raise

        return doing

    return wrap


@transaction.atomic
def refusal(*, act: str, reason: str, by: User, on: _Row, at: datetime) -> None:
    """The one place where such a refusal is kept, and the auditor hears of it."""
    alarms.sound(
        kind=Alarm.Kind.SHARING_REFUSED_REVIEWER,
        neighborhood=Neighborhood.objects.get(pk=on.neighborhood_id),
        by=by,
        subject=on.pk,
        at=at,
    )
    record(
        kind="sharing.refused",
        subject=on.pk,
        neighborhood=on.neighborhood_id,
        payload={"act": act, "reason": reason, "by": by.pk},
    )
