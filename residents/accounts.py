"""What acts on an account share, whoever it is of: staff who live nowhere here have one too."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet

from ledger.record import record
from residents.models import Resident, User


class Changed(PermissionDenied):
    """Another password, or every session ended, since this account was looked at: whoever acts is signed in no more."""


def hold(user: User) -> None:
    """Two acts on one account come one after the other, and the second sees what the first did.

    Raises: Changed
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=user.pk)
    if list(held.values_list("password", "sessions_ended")) != [(user.password, user.sessions_ended)]:
        raise Changed


def hold_all(users: QuerySet[Any, Any]) -> None:
    """The same for several, in one order."""
    found = User.objects.select_for_update(no_key=True).filter(pk__in=users).order_by("pk")
    list(found.values_list("pk"))


def end_sessions(user: User) -> None:
    """Every session of this account is over; the caller renews its own."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])


def note(*, kind: str, user: User, **also: Any) -> None:
    """In the record of the person; of staff who live nowhere here, under the number of their account."""
    resident = Resident.objects.of(user).first()
    record(
        kind=kind,
        subject=resident.pk if resident else None,
        neighborhood=resident.neighborhood_id if resident else None,
        payload=also if resident else {**also, "account": user.pk},
    )
