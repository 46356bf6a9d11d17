"""Each resident's own answer. The newest counts, and silence is no (law 5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents.models import Resident, User
from sharing.models import Answer, Request

# Below this a count can point at a person, so nobody is told it.
FEWEST_COUNTED = 5


class AnswerTooLate(Exception):
    """A yes after the question was closed. A no is never too late to be written down."""


@transaction.atomic
def answer(*, request: Request, resident: Resident, yes: bool, actor: User, at: datetime) -> Answer:
    """Write down what the resident decided. The same answer twice is one answer.

    Raises: PermissionDenied if anybody but the resident answers, or was never asked; AnswerTooLate
    """
    # The same lock that a build takes: an answer is either in it or after it.
    request = Request.objects.select_for_update().get(pk=request.pk)
    resident = Resident.objects.living().filter(pk=resident.pk).first() or resident
    if resident.user_id is None or resident.user_id != actor.pk:
        raise PermissionDenied
    if request.state == Request.State.DRAFT or request.neighborhood_id != resident.neighborhood_id:
        raise PermissionDenied
    if yes and (request.state != Request.State.OPEN or at >= request.deadline):
        raise AnswerTooLate
    before = newest([resident], request)
    if before and before[0].yes == yes:
        return before[0]
    entry = Answer.objects.create(
        neighborhood_id=request.neighborhood_id, request=request, resident=resident, yes=yes, actor=actor
    )
    record(
        kind="sharing.answered",
        subject=resident.pk,
        neighborhood=request.neighborhood_id,
        payload={"request": request.pk, "answer": entry.pk, "yes": yes, "by": actor.pk},
    )
    return entry


def newest(residents: Iterable[Resident], request: Request) -> list[Answer]:
    """The answers in force of these residents; one who is missing has said nothing."""
    return list(
        Answer.objects.filter(request=request, resident__in=residents)
        .order_by("resident_id", "-id")
        .distinct("resident_id")
    )


def answer_of(*, request: Request, resident: Resident) -> bool | None:
    """What this resident has answered; None for silence."""
    found = newest([resident], request)
    return found[0].yes if found else None


def unanswered(*, resident: Resident, at: datetime) -> list[Request]:
    """The open questions on which this resident has said nothing yet."""
    return list(
        Request.objects.open(at)
        .filter(neighborhood=resident.neighborhood_id)
        .exclude(answers__resident=resident)
        .select_related("recipient", "neighborhood")
        .order_by("deadline", "pk")
    )


def yes_count(*, request: Request, at: datetime) -> int | None:
    """How many say yes; None while people are still deciding, or when so few do that the count would name them.

    There is no count of those who said no, and none of those who did not answer.
    """
    if request.state == Request.State.DRAFT or at < request.deadline:
        return None
    in_force = (
        Answer.objects.filter(request=request).order_by("resident_id", "-id").distinct("resident_id")
    ).values_list("yes", flat=True)
    count = sum(in_force)
    return count if count >= FEWEST_COUNTED else None
