"""That an order has ended is written down once, by whoever saw to its last place, and the person is told."""

from __future__ import annotations

from datetime import datetime

from ledger.record import record
from residents import notifying
from residents.models import ErasureOrder, ErasurePlace


def end_if_last(order: ErasureOrder, *, at: datetime) -> None:
    """Under the order's lock. Complete is what every place has said; with a place that the staff closed it has only ended."""
    if order.places.waited_for().exists():
        return
    places = order.places.count()
    closed = order.places.filter(state=ErasurePlace.State.CLOSED).count()
    record(
        kind="erasure.ended" if closed else "erasure.complete",
        subject=order.resident_id,
        neighborhood=order.neighborhood_id,
        payload={"order": str(order.pk), "places": places} | ({"closed": closed} if closed else {}),
    )
    # Not on paper, or the desk would see on its sheet who had stopped something.
    notifying.tell(
        neighborhood=order.neighborhood,
        residents=[order.resident_id],
        topic=notifying.Topic.DATA,
        at=at,
        on_paper=False,
    )
