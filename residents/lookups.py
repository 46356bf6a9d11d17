"""Looking at somebody's contact details: with a reason, for a while, and seen by the resident (law 6).

Of somebody under eighteen another of the staff has to approve first: see `approving` (obligation 16).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import approving, contact, notifying
from residents.approving import NeedsApproval as NeedsApproval
from residents.models import Approval, LookUp, Resident, User
from residents.scope import may

OPEN_FOR = timedelta(minutes=15)


class ReasonMissing(ValueError):
    """A look-up without a reason is not made."""


@transaction.atomic
def look_up(
    *, resident: Resident, by: User, reason: str, capacity: str, at: datetime, event: UUID | None = None
) -> LookUp:
    """Record that `by` will see the details of `resident` for a quarter of an hour, and why.

    With `event` it is not the details that open, but whose that one entry was (see `access.naming`).

    Raises: ReasonMissing, PermissionDenied, NeedsApproval
    """
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    if not may(by, "look_up", resident.neighborhood, at):
        raise PermissionDenied
    approval, until = None, at + OPEN_FOR
    if approving.is_minor(resident, at):
        approval = approving.approved(resident=resident, by=by, event=event, at=at)
        if approval is None or approval.until is None:
            raise NeedsApproval
        until = min(until, approval.until)
    entry = LookUp.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        by=by,
        what=LookUp.What.CONTACT if event is None else LookUp.What.ENTRY,
        event=event,
        capacity=capacity,
        # What was approved is what is written down.
        reason=approval.reason if approval else reason[:300],
        approval=approval,
        at=at,
        until=until,
    )
    record(
        kind="look_up",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "look_up": str(entry.pk),
            "what": entry.what,
            "event": event,
            "by": str(by.pk),
            # What the person is shown beside it: with it they can check that nobody rewrote the reason afterwards.
            "capacity": capacity or None,
            "reason_sha": sha256(entry.reason.encode()).hexdigest(),
            "until": entry.until.isoformat(),
            "approval": str(approval.pk) if approval else None,
        },
    )
    notifying.tell(
        neighborhood=resident.neighborhood, residents=[resident.pk], topic=notifying.Topic.DATA, at=at
    )
    return entry


@transaction.atomic
def look_up_or_ask(
    *, resident: Resident, by: User, reason: str, capacity: str, at: datetime, event: UUID | None = None
) -> LookUp | Approval:
    """The details, or for a minor's without an approval: the question for one, which another of the staff answers.

    With an approval in hand the reason may be left out: it is the one that was approved.

    Raises: ReasonMissing, PermissionDenied
    """
    if approving.is_minor(resident, at):
        approval = approving.approved(resident=resident, by=by, event=event, at=at)
        if approval is None:
            if not reason.strip():
                raise ReasonMissing
            return approving.ask(
                resident=resident, by=by, reason=reason, capacity=capacity, event=event, at=at
            )
        reason = approval.reason
    return look_up(resident=resident, by=by, reason=reason, capacity=capacity, event=event, at=at)


def is_open(*, resident: Resident, by: User, at: datetime, event: UUID | None = None) -> bool:
    """Whether `by` gave a reason that still holds, and still has the right."""
    what = LookUp.What.CONTACT if event is None else LookUp.What.ENTRY
    given = LookUp.objects.filter(resident=resident, by=by, what=what, event=event, at__lte=at, until__gt=at)
    if approving.is_minor(resident, at):
        given = given.filter(approval__until__gt=at)
    return given.exists() and may(by, "look_up", resident.neighborhood, at)


def details(*, resident: Resident, by: User, at: datetime) -> tuple[str, str]:
    """(name, phone), in the clear.

    Raises: PermissionDenied when no look-up is open
    """
    if not is_open(resident=resident, by=by, at=at):
        raise PermissionDenied
    return resident.name, contact.phone_of(resident)


def masked_name(resident: Resident) -> str:
    """The family name alone, as a notice on the board would have it."""
    return masked(resident.name)


def masked(name: str) -> str:
    return f"{name[:1]}＊" if name else "＊"
