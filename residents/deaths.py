"""A death: recorded by one, confirmed by another, and put right at once where it was a mistake.

The access of the dead ends with them, and nobody else's: each who lived with them has an occupancy of their own. Their
account is closed to sign-in. For ninety days nothing but ways in and consents is erased; near relatives may ask in that
time, as far as the dead did not decide otherwise (obligation 34: `relatives`).
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import ages, last_days, leaving
from residents.ages import today_in
from residents.leaving import WayIn
from residents.models import Death, MoveOut, Occupancy, Resident, User
from residents.scope import may


class DeathRefused(Exception):
    """Nothing was written. `reason` is one of: recorded, own, words, same_person, not_of_the_household, undone, erased."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def report(*, resident: Resident, document: Death.Document, kept_where: str, by: User, at: datetime) -> Death:
    """One of the staff has a document in hand. Nothing changes before somebody else confirms.

    Raises: DeathRefused, PermissionDenied
    """
    resident = _locked(resident)
    _insist(by, resident, "manage_register", at)
    if resident.erased_at:
        raise DeathRefused("erased")
    if resident.user_id == by.pk:
        raise DeathRefused("own")
    if not kept_where.strip():
        raise DeathRefused("words")
    if Death.objects.filter(resident=resident, undone_at=None).exists():
        raise DeathRefused("recorded")
    death = Death.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        document=document,
        kept_where=kept_where.strip(),
        reported_by=by,
        reported_at=at,
    )
    _record(death, "reported", by)
    return death


@transaction.atomic
def confirm(*, death: Death, by: User, at: datetime, told_by: Resident | None = None) -> list[MoveOut]:
    """A second of the staff has seen the document; or the same one, with an adult of the household at the desk.

    Raises: DeathRefused, PermissionDenied
    """
    resident = _locked(death.resident)
    death = Death.objects.get(pk=death.pk)
    _insist(by, resident, "manage_register" if told_by else "view_register", at)
    if by.pk == resident.user_id:
        raise DeathRefused("own")
    if told_by is None and by.pk == death.reported_by_id:
        raise DeathRefused("same_person")
    if told_by is not None and told_by.user_id in (by.pk, death.reported_by_id):
        raise DeathRefused("same_person")
    if told_by is not None and not _of_the_household(told_by, resident, at):
        raise DeathRefused("not_of_the_household")
    to_confirm = Death.objects.filter(pk=death.pk, confirmed_at=None, undone_at=None)
    if not to_confirm.update(confirmed_at=at, confirmed_by=by, told_by=told_by):
        raise DeathRefused("recorded")
    death.refresh_from_db()
    _record(death, "confirmed", by)
    return last_days.end_by_death(death=death, at=at)


@transaction.atomic
def undo(*, death: Death, by: User, at: datetime) -> WayIn:
    """They live. Back to where they lived, at once, with the cards they had.

    Raises: DeathRefused, PermissionDenied
    """
    resident = _locked(death.resident)
    _insist(by, resident, "manage_register", at)
    if resident.erased_at:
        raise DeathRefused("erased")
    if not Death.objects.filter(pk=death.pk, undone_at=None).update(undone_at=at, undone_by=by):
        raise DeathRefused("undone")
    death = Death.objects.get(pk=death.pk)
    _record(death, "undone", by)
    if death.confirmed_at is None:
        return WayIn()
    if resident.left_at is not None and resident.left_at < death.confirmed_at:
        # They had moved out before, and that they still have.
        Resident.objects.filter(pk=resident.pk).update(left_because=Resident.Left.MOVED_OUT)
        return WayIn()
    ends = MoveOut.objects.filter(death=death).select_related("occupancy")
    return leaving.come_back(resident=resident, ends=list(ends), at=at)


def _of_the_household(other: Resident, resident: Resident, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    homes = Occupancy.objects.current(today).filter(resident=resident).values("unit")
    shares = Occupancy.objects.current(today).filter(resident=other, unit__in=homes)
    return other.pk != resident.pk and not ages.is_under(other, ages.MINOR, today) and shares.exists()


def _locked(resident: Resident) -> Resident:
    return Resident.objects.held(resident.pk)


def _insist(by: User, resident: Resident, perm: str, at: datetime) -> None:
    if not may(by, perm, resident.neighborhood, at):
        raise PermissionDenied


def _record(death: Death, kind: str, by: User) -> None:
    record(
        kind=f"death.{kind}",
        subject=death.resident_id,
        neighborhood=death.neighborhood_id,
        payload={"death": death.pk, "by": by.pk},
    )
