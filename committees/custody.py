"""Who keeps a half of the wrapping key on paper, and the key of the backups: written by whoever takes it, and seen by another.

The halves are printed and tried by `manage.py custody` (ADR 12); here stands only who has them. Passing one on is two acts: one
takes it, another has seen it, and from then on the one before has it no more.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from committees.models import KeyCustody, Term
from ledger.record import record
from residents.models import Neighborhood, User
from residents.one_person import is_one_person

Thing = KeyCustody.Thing
HALVES = (Thing.HALF_1, Thing.HALF_2)
_AT_WORK = (Term.Role.CHAIR, Term.Role.CLERK)


class CustodyRefused(Exception):
    """Nothing was written. `reason` is one of: office, both_halves, not_waiting, same_person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def held(neighborhood: Neighborhood) -> QuerySet[KeyCustody]:
    """Who keeps what, as seen by another."""
    return KeyCustody.objects.filter(neighborhood=neighborhood, witnessed_at__isnull=False, ended_at=None)


def waiting(neighborhood: Neighborhood) -> QuerySet[KeyCustody]:
    return KeyCustody.objects.filter(neighborhood=neighborhood, witnessed_at=None).order_by("taken_at", "pk")


def left(*, neighborhood: Neighborhood, at: datetime) -> list[KeyCustody]:
    """What is with somebody who holds no office here any more, and does not run the system. One query."""
    terms = Term.objects.filter(
        user=OuterRef("holder"), neighborhood=neighborhood, role__in=_AT_WORK
    ).in_force(at)
    gone = held(neighborhood).exclude(Exists(terms), holder__is_active=True)
    return list(gone.exclude(holder__is_superuser=True, holder__is_active=True).order_by("thing"))


@transaction.atomic
def take(*, neighborhood: Neighborhood, thing: str, by: User, at: datetime) -> KeyCustody:
    """ "I have it now." It counts once another has seen it. Said twice, it is said once.

    Raises: CustodyRefused
    """
    _lock(neighborhood)
    if not may_keep(user=by, neighborhood=neighborhood, at=at):
        raise CustodyRefused("office")
    if thing in HALVES:
        for other in held(neighborhood).filter(thing__in=HALVES).exclude(thing=thing):
            if is_one_person(other.holder_id, by.pk):
                raise CustodyRefused("both_halves")
    mine = KeyCustody.objects.filter(neighborhood=neighborhood, thing=thing, holder=by, ended_at=None)
    if (known := mine.first()) is not None:
        return known
    made = KeyCustody.objects.create(neighborhood=neighborhood, thing=thing, holder=by, taken_at=at)
    _record("custody.taken", made, by=by, at=at)
    return made


@transaction.atomic
def witness(*, custody: KeyCustody, by: User, at: datetime) -> KeyCustody:
    """Another has seen that they have it; whoever had it before has it no more. Raises: CustodyRefused"""
    neighborhood = _lock(custody.neighborhood)
    found = KeyCustody.objects.select_related("holder").get(pk=custody.pk)
    had = held(neighborhood).filter(thing=found.thing).first()
    if not may_keep(user=by, neighborhood=neighborhood, at=at) and not (had and had.holder_id == by.pk):
        raise CustodyRefused("office")
    if found.witnessed_at is not None:
        raise CustodyRefused("not_waiting")
    if is_one_person(found.holder_id, by.pk):
        raise CustodyRefused("same_person")
    if not may_keep(user=found.holder, neighborhood=neighborhood, at=at):
        raise CustodyRefused("office")
    if found.thing in HALVES:
        for other in held(neighborhood).filter(thing__in=HALVES).exclude(thing=found.thing):
            if is_one_person(other.holder_id, found.holder_id):
                raise CustodyRefused("both_halves")
    found.witnessed_by, found.witnessed_at = by, at
    found.save(update_fields=["witnessed_by", "witnessed_at"])
    _record("custody.seen", found, by=by, at=at)
    return found


def may_keep(*, user: User, neighborhood: Neighborhood, at: datetime) -> bool:
    """Somebody at work here now, or who runs the system."""
    terms = Term.objects.filter(user=user, neighborhood=neighborhood, role__in=_AT_WORK)
    return user.is_active and (user.is_superuser or terms.in_force(at).exists())


def _lock(neighborhood: Neighborhood) -> Neighborhood:
    return Neighborhood.objects.select_for_update(no_key=True).get(pk=neighborhood.pk)


def _record(kind: str, custody: KeyCustody, *, by: User, at: datetime) -> None:
    record(
        kind=kind,
        subject=custody.holder_id,
        neighborhood=custody.neighborhood_id,
        payload={"what": str(custody.thing), "row": custody.pk, "by": by.pk, "at": at},
    )
