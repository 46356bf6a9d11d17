"""Who owns a dwelling. It opens no gate and closes none, and gives no word about who lives there: it counts for votes, and
keeps a person on the register for as long as they own something here."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import ages
from residents.ages import today_in
from residents.models import Ownership, Resident, Unit, User
from residents.scope import may


class OwningRefused(Exception):
    """Nothing was written. `reason` is one of: minor, elsewhere, already, too_far, closed, erased."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def own(*, resident: Resident, unit: Unit, since: date, by: User, at: datetime) -> Ownership:
    """The staff have seen the deed; nothing of it is kept. Several may own one dwelling.

    Raises: OwningRefused, PermissionDenied
    """
    resident = _locked(resident, by, at)
    today = today_in(resident.neighborhood, at)
    if resident.erased_at:
        raise OwningRefused("erased")
    if unit.neighborhood_id != resident.neighborhood_id:
        raise OwningRefused("elsewhere")
    if since > today:
        raise OwningRefused("too_far")
    if Ownership.objects.filter(resident=resident, unit=unit).exclude(until__lte=since).exists():
        raise OwningRefused("already")
    if ages.is_under(resident, ages.MINOR, today):
        raise OwningRefused("minor")
    made = Ownership.objects.create(
        neighborhood_id=resident.neighborhood_id, resident=resident, unit=unit, since=since
    )
    _record("ownership.began", made, by)
    return made


@transaction.atomic
def end(*, ownership: Ownership, by: User, at: datetime) -> None:
    """Sold or given away: ends today. Where they live is not touched by it.

    Raises: OwningRefused, PermissionDenied
    """
    resident = _locked(ownership.resident, by, at)
    today = today_in(resident.neighborhood, at)
    if ownership.since >= today:
        raise OwningRefused("too_far")
    if not Ownership.objects.filter(pk=ownership.pk, until=None).update(until=today):
        raise OwningRefused("closed")
    _record("ownership.ended", ownership, by)


def _locked(resident: Resident, by: User, at: datetime) -> Resident:
    found = Resident.objects.held(resident.pk)
    if not may(by, "manage_register", found.neighborhood, at):
        raise PermissionDenied
    return found


def _record(kind: str, ownership: Ownership, by: User) -> None:
    record(
        kind=kind,
        subject=ownership.resident_id,
        neighborhood=ownership.neighborhood_id,
        payload={"ownership": ownership.pk, "unit": ownership.unit_id, "by": by.pk},
    )
