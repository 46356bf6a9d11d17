"""Calling people to what was given of them: as soon as it is ready, or, where a law forbids that, as soon as its day has come.

Nobody is kept from finding it by a clock that stands still: what a record shows follows the database's clock at the moment
of reading (`sharing.given.shown`). Only the message is sent from here, and that it is late is seen in the health of the system.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ledger.record import record
from residents import notifying
from sharing.models import ORDER, Copy, DisclosedRow, Order, Request


def of(*, copy: Copy, request: Request, at: datetime) -> None:
    """Each person in it, once for a release."""
    if request.kind == ORDER:
        by_order(order=request.order.pk, at=at)
        return
    told = DisclosedRow.objects.filter(
        copy__disclosure=copy.disclosure_id, copy__ready_at__isnull=False
    ).exclude(copy=copy)
    rows = DisclosedRow.objects.filter(copy=copy).exclude(resident__in=told.values("resident"))
    # Not on paper, or the desk would see on its sheet who had said yes.
    notifying.tell(
        neighborhood=request.neighborhood,
        residents=rows.values("resident"),
        topic=notifying.Topic.DATA,
        at=at,
        on_paper=False,
    )


def due(*, at: datetime) -> QuerySet[Order]:
    """Orders of which nobody was told, by both clocks: the database would refuse it before its day."""
    return Order.objects.to_be_told(at).filter(Q(tell_on=None) | Q(tell_on__lte=Now()))


@transaction.atomic
def by_order(*, order: UUID, at: datetime) -> bool:
    """Those whom it gave, and for a child under fourteen whoever decides for it. Once, however often it is asked for."""
    held = Order.objects.select_for_update(of=("self",)).select_related("neighborhood").get(pk=order)
    if not due(at=at).filter(pk=order).exists():
        return False
    rows = DisclosedRow.objects.filter(order=held, copy__state__in=[Copy.State.READY, Copy.State.HANDED])
    notifying.tell(
        neighborhood=held.neighborhood,
        residents=rows.values("resident"),
        topic=notifying.Topic.DATA,
        at=at,
    )
    held.told_at = at
    held.save(update_fields=["told_at"])
    record(kind="order.told", subject=held.pk, neighborhood=held.neighborhood_id, payload={"at": at})
    return True
