"""What acts on an account share, whoever it is of: staff who live nowhere here have one too."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from ledger.record import record
from residents.models import Passkey, Resident, SecondStep, User

# As triggers read it that write down what became of somebody's rights.
ACTING = "linmen.acting"


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


def acting(by: User | None) -> None:
    """Who it is that changes terms and accounts, until the end of this transaction. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [ACTING, str(by.pk) if by else ""])


def end_sessions(user: User) -> None:
    """Every session of this account is over; the caller renews its own."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])


def has_second_step(user: User) -> bool:
    """Codes that are on, or a passkey. Two queries."""
    codes, passkeys = SecondStep.objects.on(), Passkey.objects.standing()
    return codes.filter(user=user).exists() or passkeys.filter(user=user).exists()


def ever_had_second_step(user: User) -> bool:
    """Two queries."""
    codes = SecondStep.objects.filter(user=user, confirmed_at__isnull=False)
    return codes.exists() or Passkey.objects.filter(user=user).exists()


def lose_step(user: User) -> None:
    """Whoever of the staff gets back in by something that others made sets up no second step of their own before somebody has
    vouched for them (`vouching`), even if they never had one."""
    not_yet = Q(vouching_from=None) | Q(vouching_from__gt=Now())
    staff = User.objects.filter(not_yet, Q(is_staff=True) | Q(is_superuser=True), pk=user.pk)
    staff.update(vouching_from=Now())


def note(*, kind: str, user: User, **also: Any) -> None:
    """In the record of the person; of staff who live nowhere here, under the number of their account."""
    resident = Resident.objects.of(user).first()
    record(
        kind=kind,
        subject=resident.pk if resident else None,
        neighborhood=resident.neighborhood_id if resident else None,
        payload=also if resident else {**also, "account": user.pk},
    )
