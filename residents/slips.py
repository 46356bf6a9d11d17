"""Slips into mailboxes: for who chose paper, or has no account. One for each person, however many things wait.

As with `batches`, names and dwellings leave on paper here, and it is recorded for each of them. A slip says that something
waits and where to ask, so it may be printed again for an hour by whoever printed it: there is no code on it. They are
printed from Monday on, those of a whole week together: from who is on the sheet nobody can tell what came that day. Of what
depends on somebody's answer there is no slip at all (`notifying.tell`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from ledger.record import Act, record_many
from residents import batches
from residents.ages import GUARDED, today_in, years_before
from residents.models import Message, Neighborhood, Resident, User
from residents.scope import may

PERM = "manage_register"
AT_ONCE = 200
AGAIN_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Slip:
    name: str
    building: str
    number: str


def waiting(*, neighborhood: Neighborhood, at: datetime) -> QuerySet[Resident]:
    """For whom one waits, in a carrier's order. Nobody whose mail is read by others, no child under fourteen, and nobody
    without a mailbox here."""
    return _addressed(Message.objects.slips(at).filter(neighborhood=neighborhood), neighborhood, at)


@transaction.atomic
def print_next(*, token: UUID, neighborhood: Neighborhood, by: User, at: datetime) -> int:
    """Mark the next as printed; how many. `token` is the form's: sent twice, it prints once.

    Raises: PermissionDenied
    """
    if not may(by, PERM, neighborhood, at):
        raise PermissionDenied
    if Message.objects.filter(batch=token).exists():
        return 0
    people = list(waiting(neighborhood=neighborhood, at=at).values_list("pk", flat=True)[:AT_ONCE])
    # Two presses at once: each slip is in one of the two.
    mine = Message.objects.slips(at).filter(resident__in=people)
    found = list(mine.select_for_update(skip_locked=True, no_key=True, of=("self",)))
    Message.objects.filter(pk__in=[each.pk for each in found]).update(
        state=Message.State.PRINTED, batch=token, printed_by=by, over_at=at
    )
    record_many(
        Act(
            kind="message.printed",
            subject=each.resident_id,
            neighborhood=neighborhood.pk,
            payload={"message": each.pk, "by": by.pk},
        )
        for each in found
    )
    return len(found)


def printed(*, token: UUID, neighborhood: Neighborhood, by: User, at: datetime) -> Sequence[Slip]:
    """The sheet, for who pressed, for as long as the paper may be jammed. Empty when there is no such sheet any more."""
    if not may(by, PERM, neighborhood, at):
        return []
    fresh = Message.objects.filter(
        neighborhood=neighborhood, batch=token, printed_by=by, over_at__gt=at - AGAIN_FOR
    )
    people = _addressed(fresh, neighborhood, at)
    return [Slip(each.name, *batches.address(each)) for each in people]


def _addressed(messages: QuerySet[Message], neighborhood: Neighborhood, at: datetime) -> QuerySet[Resident]:
    people = Resident.objects.living().filter(
        pk__in=messages.values("resident"), neighborhood=neighborhood, left_at=None, keep_at_desk=False
    )
    today = today_in(neighborhood, at)
    return batches.at_home(people.exclude(born__gt=years_before(today, GUARDED)), on=today)
