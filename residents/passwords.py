"""A password chosen anew by somebody who is signed in, and the end of their other sessions: residents, and staff."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from residents import accounts, letters
from residents.models import Resident, User


def change(*, user: User, password: str, at: datetime) -> None:
    """Whoever calls has asked for the old one. Every other session ends, and so does a letter to get back in.

    Raises: accounts.Changed
    """
    hashed = make_password(password)  # slow, so before any lock
    with transaction.atomic():
        # The person first, as `claiming` does.
        if resident := Resident.objects.of(user).first():
            letters.end_ways_back(resident=resident, at=at)
        accounts.hold(user)
        user.password = hashed
        user.save(update_fields=["password"])
        accounts.note(kind="account.password_changed", user=user)


@transaction.atomic
def end_sessions(*, user: User) -> None:
    """Every session of this account is over; the caller renews its own.

    Raises: accounts.Changed
    """
    accounts.hold(user)
    accounts.end_sessions(user)
    accounts.note(kind="account.sessions_ended", user=user)
