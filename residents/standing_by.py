"""Guardians of children and helpers of adults: who stands by somebody, from when, and until when.

A guardian decides for a child until the fourteenth birthday, by the neighborhood's calendar and whether or not any task
runs. A helper is named by an adult and may report a lost card for them; a helper says no yes and sees no entries, and
there is no function here that would let one.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from ledger.record import record
from residents import ages, effects
from residents.ages import today_in
from residents.leaving import todays
from residents.models import Guardianship, Helper, Resident, User
from residents.one_person import is_one_person
from residents.scope import may

MOST_HELPERS = 5


class StandingByRefused(Exception):
    """Nothing was written. `reason` is one of: self, minor, not_a_child, already, elsewhere, left, too_many, barred, party,
    words, same_person, not_barred."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def verify_guardian(
    *, child: Resident, guardian: Resident, verified: Guardianship.Verified, by: User, at: datetime
) -> Guardianship:
    """The staff have seen a paper that says so. No copy and no number of it is kept.

    Raises: StandingByRefused, PermissionDenied
    """
    child = _locked(child)
    today = today_in(child.neighborhood, at)
    if not may(by, "manage_register", child.neighborhood, at):
        raise PermissionDenied
    if child.pk == guardian.pk or by.pk == guardian.user_id:
        raise StandingByRefused("self")
    if not ages.is_under(child, ages.GUARDED, today):
        raise StandingByRefused("not_a_child")
    _check(child, guardian, today_is_adult=not ages.is_under(guardian, ages.MINOR, today))
    if Guardianship.objects.filter(child=child, guardian=guardian, until=None).exists():
        raise StandingByRefused("already")
    if verified != Guardianship.Verified.COURT and is_barred(guardian, child):
        raise StandingByRefused("barred")
    made = Guardianship.objects.create(
        neighborhood_id=child.neighborhood_id,
        child=child,
        guardian=guardian,
        since=today,
        verified=verified,
        verified_by=by,
    )
    _record("guardian.verified", child, made.pk, by)
    return made


@transaction.atomic
def end_guardianship(*, guardianship: Guardianship, by: User, at: datetime) -> bool:
    """By the staff, who have seen a paper. False if it had ended."""
    child = _locked(guardianship.child)
    if not may(by, "manage_register", child.neighborhood, at):
        raise PermissionDenied
    today = today_in(child.neighborhood, at)
    ended = Guardianship.objects.filter(pk=guardianship.pk, until=None).update(until=today)
    if ended:
        _record("guardian.ended", child, guardianship.pk, by)
        effects.call("end_unheld", child=child, at=at)
    return bool(ended)


@transaction.atomic
def bar(*, guardianship: Guardianship, paper: str, by: User, at: datetime) -> Guardianship:
    """A court has taken somebody's power over the child. One of the staff, who has the court's paper in hand, acts at once.

    To wait for a second would leave power and sight with whom a court has just taken them from; a second reads the paper
    afterwards (`read_bar`). What only the barred one had agreed to ends in this same act (ADR 21).

    Raises: StandingByRefused, PermissionDenied
    """
    child = _locked(guardianship.child)
    held = Guardianship.objects.select_for_update(no_key=True, of=("self",)).get(pk=guardianship.pk)
    if not may(by, "manage_register", child.neighborhood, at):
        raise PermissionDenied
    if not paper.strip():
        raise StandingByRefused("words")
    if held.barred_at is not None:
        raise StandingByRefused("already")
    parties = Guardianship.objects.filter(child=child).values("guardian__user")
    if by.pk == child.user_id or parties.filter(guardian__user=by).exists():
        raise StandingByRefused("party")
    # A court bars a person, not a row: verified twice, they lose both.
    others = Guardianship.objects.select_for_update(no_key=True, of=("self",)).filter(
        Q(until=None) | Q(until__gt=today_in(child.neighborhood, at)),
        child=child,
        guardian=held.guardian_id,
        barred_at=None,
    )
    for other in others.exclude(pk=held.pk):
        other.barred_at, other.barred_by, other.bar_paper = at, by, paper.strip()
        other.until = other.until or max(today_in(child.neighborhood, at), other.since)
        other.save()
        _record("guardian.barred", child, other.pk, by)
    held.barred_at, held.barred_by, held.bar_paper = at, by, paper.strip()
    held.until = held.until or max(today_in(child.neighborhood, at), held.since)
    held.save()
    _record("guardian.barred", child, held.pk, by)
    effects.call("end_unheld", child=child, at=at)
    return held


@transaction.atomic
def read_bar(*, guardianship: Guardianship, by: User, at: datetime) -> None:
    """A second of the staff has read the court's paper, and it says so.

    Raises: StandingByRefused, PermissionDenied
    """
    held = Guardianship.objects.select_for_update(no_key=True, of=("self",)).get(pk=guardianship.pk)
    if not may(by, "view_register", held.neighborhood, at):
        raise PermissionDenied
    if held.barred_at is None:
        raise StandingByRefused("not_barred")
    if held.bar_read_at is not None:
        raise StandingByRefused("already")
    if by.pk == held.guardian.user_id or is_one_person(held.barred_by_id, by.pk):
        raise StandingByRefused("same_person")
    Guardianship.objects.filter(pk=held.pk).update(bar_read_at=at, bar_read_by=by)
    _record("guardian.bar_read", held.child, held.pk, by)


def is_barred(guardian: Resident, child: Resident) -> bool:
    """By a court, and no court has let them in again."""
    pair = Guardianship.objects.filter(child=child, guardian=guardian)
    return pair.filter(barred_at__isnull=False).exists()


def guardianship_of(guardian: Resident, child: Resident, at: datetime) -> Guardianship | None:
    """The one that gives power and sight at this moment."""
    today = today_in(child.neighborhood, at)
    return (
        Guardianship.objects.current(today).filter(child=child, guardian=guardian).order_by("since").first()
    )


def wards_of(guardian: Resident, at: datetime) -> list[Resident]:
    """The children they decide for at this moment."""
    today = today_in(guardian.neighborhood, at)
    found = (
        Guardianship.objects.current(today).filter(guardian=guardian).select_related("child__neighborhood")
    )
    return list({each.child: None for each in found.order_by("since", "pk")})


def guardians_of(child: Resident, at: datetime) -> list[Resident]:
    today = today_in(child.neighborhood, at)
    found = Guardianship.objects.current(today).filter(child=child).select_related("guardian")
    return [each.guardian for each in found.order_by("since", "pk")]


def is_helper(helper: Resident, resident: Resident, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    return Helper.objects.current(today).filter(resident=resident, helper=helper).exists()


def is_guardian(guardian: Resident, child: Resident, at: datetime) -> bool:
    today = today_in(child.neighborhood, at)
    return Guardianship.objects.current(today).filter(child=child, guardian=guardian).exists()


@transaction.atomic
def name_helper(*, resident: Resident, helper: Resident, by: User, at: datetime) -> Helper:
    """An adult names somebody to help: by themself in the portal, or at the desk in person.

    Raises: StandingByRefused, PermissionDenied
    """
    resident = _locked(resident)
    today = today_in(resident.neighborhood, at)
    if by.pk != resident.user_id and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    if resident.pk == helper.pk:
        raise StandingByRefused("self")
    if ages.is_under(resident, ages.MINOR, today):
        raise StandingByRefused("minor")
    _check(resident, helper, today_is_adult=not ages.is_under(helper, ages.MINOR, today))
    standing = Helper.objects.filter(resident=resident, until=None)
    if standing.filter(helper=helper).exists():
        raise StandingByRefused("already")
    if standing.count() >= MOST_HELPERS:
        raise StandingByRefused("too_many")
    made = Helper.objects.create(
        neighborhood_id=resident.neighborhood_id, resident=resident, helper=helper, since=today, named_by=by
    )
    _record("helper.named", resident, made.pk, by)
    return made


@transaction.atomic
def end_helper(*, helper: Helper, by: User, at: datetime) -> bool:
    """By either of the two, or at the desk. False if it had ended."""
    resident = _locked(helper.resident)
    theirs = by.pk in (resident.user_id, helper.helper.user_id)
    if not theirs and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    today = today_in(resident.neighborhood, at)
    ended = Helper.objects.filter(pk=helper.pk, until=None).update(until=max(today, helper.since))
    if ended:
        _record("helper.ended", resident, helper.pk, by)
    return bool(ended)


def may_report_lost(helper: Resident, resident: Resident, at: datetime) -> bool:
    """Whether somebody may say that another's card is lost: their helper, or the guardian of a child."""
    return is_helper(helper, resident, at) or is_guardian(helper, resident, at)


def by_number(resident: Resident, number: str) -> Resident | None:
    """Somebody of the same neighborhood, by the number on their page that they tell whom they want to help."""
    wanted = "".join(sign for sign in number.strip().lower() if sign in "0123456789abcdef")
    if len(wanted) != 8:
        return None
    found = Resident.objects.living().filter(
        neighborhood=resident.neighborhood_id, left_at=None, id__gte=f"{wanted}-0000-0000-0000-000000000000"
    )
    return found.filter(id__lte=f"{wanted}-ffff-ffff-ffff-ffffffffffff").first()


def number_of(resident: Resident) -> str:
    return f"{str(resident.pk)[:4]} {str(resident.pk)[4:8]}"


def forget_births(*, at: datetime) -> int:
    """For retention: who has come of age needs no date of birth on the register (obligation 20). How many went."""
    gone = 0
    for neighborhood, today in todays(at):
        of_age = Resident.objects.filter(
            neighborhood=neighborhood, born__lte=ages.years_before(today, ages.MINOR)
        )
        gone += of_age.update(born=None)
    return gone


def _check(resident: Resident, other: Resident, *, today_is_adult: bool) -> None:
    if resident.neighborhood_id != other.neighborhood_id:
        raise StandingByRefused("elsewhere")
    if resident.left_at or other.left_at or resident.erased_at or other.erased_at:
        raise StandingByRefused("left")
    if not today_is_adult:
        raise StandingByRefused("minor")


def _locked(resident: Resident) -> Resident:
    return Resident.objects.held(resident.pk)


def _record(kind: str, resident: Resident, row: object, by: User) -> None:
    record(
        kind=kind,
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"row": row, "by": by.pk},
    )
