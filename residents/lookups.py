"""Looking at somebody's contact details: with a reason, for a while, and seen by the resident (law 6).

Of somebody under eighteen another of the staff has to approve first: see `approving` (obligation 16). How often anybody may look
is in `watching`, and what one person alone opens where a life is in danger in `emergencies`.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from ledger.record import record
from residents import approving, contact, holds, notifying, watching
from residents.approving import NeedsApproval as NeedsApproval
from residents.models import Approval, LookUp, Resident, User
from residents.models.lookup import OPEN_FOR as OPEN_FOR
from residents.scope import may
from residents.watching import LooksSpent as LooksSpent


class ReasonMissing(ValueError):
    """A look-up without a reason is not made."""


def look_up(
    *, resident: Resident, by: User, reason: str, capacity: str, at: datetime, event: UUID | None = None
) -> LookUp:
    """Record that `by` will see the details of `resident` for a quarter of an hour, and why.

    With `event` it is not the details that open, but whose that one entry was (see `access.naming`). A transaction of its own:
    where it is refused, the alarm stays (see `watching`).

    Raises: ReasonMissing, PermissionDenied, NeedsApproval, LooksSpent
    """
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    with watching.heard(resident=resident, by=by, at=at):
        if not may(by, "look_up", resident.neighborhood, at) or holds.restricts(resident, at):
            raise PermissionDenied
        approval, until = None, at + OPEN_FOR
        if approving.is_minor(resident, at):
            approval = approving.approved(resident=resident, by=by, event=event, at=at)
            if approval is None or approval.until is None:
                raise NeedsApproval
            until = min(until, approval.until)
        beyond = watching.allow(by=by, neighborhood=resident.neighborhood, at=at)
        entry = LookUp(
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
        write(entry)
        watching.watch(entry, beyond=beyond)
    return entry


@transaction.atomic
def write(entry: LookUp) -> None:
    """The row, its entry in the ledger, and that the person is told."""
    entry.save(force_insert=True)
    record(
        kind="look_up",
        subject=entry.resident_id,
        neighborhood=entry.neighborhood_id,
        payload={
            "look_up": str(entry.pk),
            "what": entry.what,
            "event": entry.event,
            "by": str(entry.by_id),
            # What the person is shown beside it: with it they can check that nobody rewrote the reason afterwards.
            "capacity": entry.capacity or None,
            "reason_sha": sha256(entry.reason.encode()).hexdigest(),
            "until": entry.until.isoformat(),
            "approval": str(entry.approval_id) if entry.approval_id else None,
            **({"emergency": str(entry.emergency_id)} if entry.emergency_id else {}),
        },
    )
    notifying.tell(
        neighborhood=entry.neighborhood,
        residents=[entry.resident_id],
        topic=notifying.Topic.DATA,
        at=entry.at,
    )


def look_up_or_ask(
    *, resident: Resident, by: User, reason: str, capacity: str, at: datetime, event: UUID | None = None
) -> LookUp | Approval:
    """The details, or for a minor's without an approval: the question for one, which another of the staff answers.

    With an approval in hand the reason may be left out: it is the one that was approved.

    Raises: ReasonMissing, PermissionDenied, LooksSpent
    """
    if approving.is_minor(resident, at):
        approval = approving.approved(resident=resident, by=by, event=event, at=at)
        if approval is None:
            if not reason.strip():
                raise ReasonMissing
            with transaction.atomic():
                watching.watch_asking(resident=resident, by=by, at=at)
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
        given = given.filter(Q(approval__until__gt=at) | Q(emergency__until__gt=at))
    return (
        given.exists() and may(by, "look_up", resident.neighborhood, at) and not holds.restricts(resident, at)
    )


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
