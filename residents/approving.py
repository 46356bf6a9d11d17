"""Letting one of the staff look at a minor's details, or not (obligation 16).

Of somebody under eighteen nothing is unmasked on one person's word: one asks and says why, another with that right lets
them for two hours at most, and the minor, or under fourteen the guardian, reads both. What the desk does without details
needs none of this: a lost card, a spare, moving in. In haste there are the guardians, who are adults: look up one of those.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from ledger.record import record
from residents import ages, effects
from residents.models import Approval, Guardianship, LookUp, Neighborhood, Resident, User
from residents.one_person import is_one_person
from residents.scope import may

PERM = "approve_minors"
# An answer that comes the day after is to a question that nobody has any more.
WAITS_FOR = timedelta(days=1)
GOOD_FOR = timedelta(hours=2)


class NeedsApproval(Exception):
    """They are under eighteen, and nobody else has approved that this person looks."""


class AlreadyAnswered(Exception):
    """Somebody was faster, or nobody answered in time."""


class NotByOneself(PermissionDenied):
    """Whoever asks, and whom it is about, does not approve."""


def is_minor(resident: Resident, at: datetime) -> bool:
    return ages.is_under(resident, ages.MINOR, ages.today_in(resident.neighborhood, at))


@transaction.atomic
def ask(
    *, resident: Resident, by: User, reason: str, capacity: str, at: datetime, event: UUID | None = None
) -> Approval:
    """One question at a time: who asks again finds the one that waits.

    Raises: PermissionDenied, NotByOneself
    """
    reason = reason.strip()
    assert reason
    if not may(by, "look_up", resident.neighborhood, at):
        raise PermissionDenied
    if by.pk == resident.user_id:
        raise NotByOneself
    what = LookUp.What.CONTACT if event is None else LookUp.What.ENTRY
    asked = waiting(neighborhood=resident.neighborhood, at=at).filter(
        resident=resident, asked_by=by, event=event
    )
    found = asked.first()
    if found is not None:
        return found
    made = Approval.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        what=what,
        event=event,
        asked_by=by,
        capacity=capacity,
        reason=reason[:300],
    )
    _record("look_up.asked", made, by)
    return made


@transaction.atomic
def answer(*, approval: Approval, yes: bool, by: User, at: datetime) -> Approval:
    """By another of the staff who holds that right here.

    Raises: AlreadyAnswered, NotByOneself, PermissionDenied
    """
    held = Approval.objects.select_for_update(of=("self",)).select_related("neighborhood", "resident")
    found = held.get(pk=approval.pk)
    if not may(by, PERM, found.neighborhood, at):
        raise PermissionDenied
    theirs = by.pk == found.resident.user_id or _is_guardian(by, found.resident, at)
    if theirs or is_one_person(found.asked_by_id, by.pk):
        raise NotByOneself
    if found.answered_at is not None or found.asked_at < at - WAITS_FOR:
        raise AlreadyAnswered
    found.answered_by, found.answered_at = by, at
    found.answered_capacity = effects.call(
        "capacity", user=by, neighborhood=found.neighborhood, perm=PERM, at=at
    )
    found.until = at + GOOD_FOR if yes else None
    found.save()
    _record("look_up.approved" if yes else "look_up.declined", found, by)
    return found


def approved(*, resident: Resident, by: User, at: datetime, event: UUID | None = None) -> Approval | None:
    """One that lets this person look now, and has not been used."""
    return (
        Approval.objects.filter(resident=resident, asked_by=by, event=event, until__gt=at, look_up=None)
        .order_by("-until")
        .first()
    )


def waiting(*, neighborhood: Neighborhood, at: datetime) -> QuerySet[Approval]:
    """Asked and not answered, oldest first."""
    return Approval.objects.filter(
        neighborhood=neighborhood, answered_at=None, asked_at__gte=at - WAITS_FOR
    ).order_by("asked_at", "pk")


def _is_guardian(by: User, resident: Resident, at: datetime) -> bool:
    today = ages.today_in(resident.neighborhood, at)
    return Guardianship.objects.current(today).filter(child=resident, guardian__user=by).exists()


def _record(kind: str, approval: Approval, by: User) -> None:
    record(
        kind=kind,
        subject=approval.resident_id,
        neighborhood=approval.neighborhood_id,
        payload={"approval": approval.pk, "by": by.pk},
    )
