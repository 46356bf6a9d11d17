"""Places that will not answer any more: one of the staff says what became of a device or a recipient, another agrees.

The place is then closed, which is not gone (law 12): the order has ended, and what it could not hear of is named wherever
the order is told of. Should the device or the recipient answer after all, that counts. Who may say it, the rooms of the
devices and the recipients know.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ledger.record import record
from residents import ending
from residents.models import Closing, ErasureOrder, ErasurePlace, Neighborhood, User
from residents.one_person import is_one_person

Kind = Closing.Kind


class ClosingRefused(Exception):
    """Nothing was written. `reason` is one of: words, before, nothing, same_person; of a device trusted, of a recipient
    confirmed, early."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def say(
    *,
    kind: Closing.Kind,
    what: UUID,
    neighborhood: Neighborhood,
    reason: Closing.Reason,
    words: str,
    by: User,
    at: datetime,
) -> Closing:
    """What became of it, and how that is known. Closes nothing before another has agreed.

    Raises: ClosingRefused
    """
    if not words.strip():
        raise ClosingRefused("words")
    try:
        with transaction.atomic():
            made = Closing.objects.create(
                neighborhood=neighborhood,
                kind=kind,
                what=what,
                reason=reason,
                words=words.strip()[:300],
                asked_by=by,
            )
    except IntegrityError as refused:
        if "closing_once" in str(refused):
            raise ClosingRefused("before") from None
        if "closing_says" in str(refused):
            raise ClosingRefused("words") from None
        raise
    record(
        kind="closing.said",
        subject=what,
        neighborhood=neighborhood.pk,
        payload={"closing": made.pk, "what": str(kind), "reason": str(reason), "by": by.pk},
    )
    return made


@transaction.atomic
def answer(*, closing: Closing, agreed: bool, by: User, at: datetime) -> int:
    """By another of the staff. How many places were closed by it.

    Raises: ClosingRefused
    """
    found = Closing.objects.select_for_update(no_key=True).get(pk=closing.pk)
    if found.agreed is not None:
        raise ClosingRefused("nothing")
    if is_one_person(found.asked_by_id, by.pk):
        raise ClosingRefused("same_person")
    found.agreed, found.answered_by, found.answered_at = agreed, by, at
    found.save(update_fields=["agreed", "answered_by", "answered_at"])
    record(
        kind="closing.answered",
        subject=found.what,
        neighborhood=found.neighborhood_id,
        payload={"closing": found.pk, "agreed": agreed, "by": by.pk},
    )
    return _close(found, at) if agreed else 0


def standing(*, kind: Closing.Kind, what: UUID) -> Closing | None:
    return Closing.objects.standing().filter(kind=kind, what=what).first()


def close_known(*, at: datetime, order: ErasureOrder | None = None) -> int:
    """Of which it was said before that they will not answer, those places are closed from the first. For the sweep, all."""
    waiting = _that_may_be_closed()
    if order is not None:
        waiting = waiting.filter(order=order)
    of_it = Exists(waiting.filter(device=OuterRef("what"))) | Exists(waiting.filter(target=OuterRef("what")))
    return sum(_close(each, at, order) for each in Closing.objects.agreed().filter(of_it).order_by("pk"))


def _that_may_be_closed() -> QuerySet[ErasurePlace]:
    """A device that is still trusted answers by itself: what waits for one is not written off."""
    kinds = Q(kind=ErasurePlace.Kind.DEVICE, state=ErasurePlace.State.LOST) | Q(
        kind=ErasurePlace.Kind.RECIPIENT
    )
    return ErasurePlace.objects.waited_for().filter(kinds)


@transaction.atomic
def _close(closing: Closing, at: datetime, only: ErasureOrder | None = None) -> int:
    """Order by order, as receipts take them: exactly one finds that it closed the last place of one."""
    places = _that_may_be_closed().filter(_places_of(closing), kind=closing.kind)
    if only is not None:
        places = places.filter(order=only)
    orders = ErasureOrder.objects.filter(pk__in=places.values("order")).order_by("pk")
    closed = 0
    for order in orders.select_for_update(of=("self",), no_key=True):
        moved = places.filter(order=order).update(
            state=ErasurePlace.State.CLOSED, evidence={"closing": str(closing.pk)}, changed_at=at
        )
        closed += moved
        if moved:
            ending.end_if_last(order, at=at)
    return closed


def _places_of(closing: Closing) -> Q:
    here = Q(order__neighborhood=closing.neighborhood_id)
    return here & (Q(device=closing.what) if closing.kind == Kind.DEVICE else Q(target=closing.what))
