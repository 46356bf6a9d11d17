"""Writing the register: who is on it, and who lives where."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from residents import contact, effects
from residents.models import Neighborhood, Occupancy, Resident, Unit


@transaction.atomic
def register(*, neighborhood: Neighborhood, name: str, phone: str = "", born: date | None = None) -> Resident:
    """Put a person on the register. A name is enough: no phone, no identity number, no biometrics (A4).

    Raises: contact.PhoneRefused
    """
    resident = Resident(neighborhood=neighborhood, name=name.strip(), born=born)
    contact.set_phone(resident, phone)
    resident.save(force_insert=True)
    return resident


@transaction.atomic
def move_in(
    *,
    resident: Resident,
    unit: Unit,
    since: date,
    at: datetime,
    until: date | None = None,
    tenure: Occupancy.Tenure = Occupancy.Tenure.FAMILY,
) -> Occupancy:
    """Say that somebody lives in a dwelling. The dwelling's gates open for their credentials from then on."""
    # Who comes back within the days of grace has not left.
    Resident.objects.filter(pk=resident.pk, left_at__isnull=False).update(left_at=None, left_because="")
    resident.left_at, resident.left_because = None, ""
    occupancy = Occupancy.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        unit=unit,
        tenure=tenure,
        since=since,
        until=until,
    )
    effects.call("access_changed", resident=resident, at=at)
    return occupancy
