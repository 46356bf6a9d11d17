"""Correcting what the register says of a person, without anybody having to see what it said before."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import contact, effects
from residents.models import Resident, User
from residents.scope import may


class NothingToCorrect(ValueError):
    """Neither a name nor a phone was given."""


@transaction.atomic
def correct(*, resident: Resident, name: str, phone: str | None, by: User, at: datetime) -> Resident:
    """Write a new name, unless empty, and a new phone, unless None; an empty phone removes it.

    Raises: NothingToCorrect, PermissionDenied, contact.PhoneRefused
    """
    resident = Resident.objects.held(resident.pk)
    if not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    changed = []
    if name.strip():
        resident.name = name.strip()
        changed.append("name")
    if phone is not None:
        contact.set_phone(resident, phone)
        changed.append("phone")
    if not changed:
        raise NothingToCorrect
    resident.save()
    effects.call("ask_back_corrected", resident=resident, fields=changed, at=at)
    record(
        kind="register.corrected",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"fields": changed, "by": by.pk},
    )
    return resident
