"""A password chosen anew by somebody who is signed in, and the end of their other sessions."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F

from ledger.record import record
from residents import letters
from residents.models import Resident, User


def change(*, resident: Resident, user: User, password: str, at: datetime) -> None:
    """Whoever calls has asked for the old one. Every other session ends, and so does a letter to get back in."""
    hashed = make_password(password)  # slow, so before any lock
    with transaction.atomic():
        letters.end_ways_back(resident=resident, at=at)
        user.password = hashed
        user.save(update_fields=["password"])
        _record("account.password_changed", resident)


@transaction.atomic
def end_sessions(*, resident: Resident, user: User) -> None:
    """Every session of this account is over; the caller renews its own."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    _record("account.sessions_ended", resident)


def _record(kind: str, resident: Resident) -> None:
    record(kind=kind, subject=resident.pk, neighborhood=resident.neighborhood_id, payload={})
