"""Suspending a term, and lifting that again: by another member of the very body, or by who runs the system, never by whom it
is about. Rights are dead with the next request, and the person is told on the first page they open.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from committees.models import Committee, Suspension, Term
from committees.roles import bodies
from ledger.record import record
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person

PERM = "keep_members"


class SuspensionRefused(Exception):
    """Nothing was written. `reason` is one of: office, own, over, dates, lifted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def suspend(
    *, term: Term, since: date, until: date | None, because: str, paper: str, by: User, at: datetime
) -> Suspension:
    """From `since`, up to, not including, `until`, or until it is lifted.

    Raises: SuspensionRefused
    """
    term = _lock(term)
    _insist(by, term, at)
    today = today_in(term.committee.neighborhood, at)
    if term.ends <= today:
        raise SuspensionRefused("over")
    if since < today or since >= term.ends or (until is not None and until <= since) or not paper.strip():
        raise SuspensionRefused("dates")
    said = {"since": since, "until": until, "because": because, "paper": paper.strip()}
    known = Suspension.objects.standing().filter(term=term, imposed_by=by, **said).first()
    if known is not None:
        return known  # the form was sent twice
    made = Suspension.objects.create(
        neighborhood_id=term.neighborhood_id, term=term, imposed_by=by, imposed_at=at, **said
    )
    _record("term.suspended", made, by=by, at=at)
    return made


@transaction.atomic
def lift(*, suspension: Suspension, by: User, at: datetime) -> Suspension:
    """From this moment the term gives again what it gives. Raises: SuspensionRefused"""
    term = _lock(suspension.term)
    found = Suspension.objects.get(pk=suspension.pk)
    _insist(by, term, at)
    if found.lifted_at is not None:
        raise SuspensionRefused("lifted")
    found.lifted_by, found.lifted_at = by, at
    found.save(update_fields=["lifted_by", "lifted_at"])
    _record("term.suspension_lifted", found, by=by, at=at)
    return found


def told(*, account: UUID | None, at: datetime) -> list[Suspension]:
    """What this account is told: suspensions of its own terms that stand or are to come. One query."""
    found = (
        Suspension.objects.standing()
        .filter(term__user=account, term__ends__gt=at.date())
        .exclude(until__lte=at.date())
    )
    return list(found.select_related("term__committee__neighborhood").order_by("since", "pk"))


def _insist(by: User, term: Term, at: datetime) -> None:
    if is_one_person(term.user_id, by.pk):
        raise SuspensionRefused("own")
    if by.is_superuser and by.is_active:
        return
    if not bodies(user=by, perm=PERM, at=at).filter(pk=term.committee_id).exists():
        raise SuspensionRefused("office")


def _lock(term: Term) -> Term:
    """The body first: of two who suspend each other, one is first, and the other has no right left."""
    Committee.objects.select_for_update(no_key=True).get(pk=term.committee_id)
    return Term.objects.select_related("committee__neighborhood").get(pk=term.pk)


def _record(kind: str, suspension: Suspension, *, by: User, at: datetime) -> None:
    record(
        kind=kind,
        subject=suspension.term.user_id,
        neighborhood=suspension.neighborhood_id,
        payload={
            "term": suspension.term_id,
            "since": suspension.since,
            "until": suspension.until,
            "because": str(suspension.because),
            "by": by.pk,
            "at": at,
        },
    )
