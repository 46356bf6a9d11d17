"""How many said yes: counted once, when the time to decide is over, and told only where it points at nobody.

The count is of the deadline and never moves: a no that comes later would show in it as one less. It is told only if it
and the number of all the others are both large enough (`FEWEST_COUNTED`): 58 of 60 would tell of two. There is no count of
those who said no, and none of those who did not answer. The database counts, and nobody writes a count themselves.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from sharing.models import Request, Tally


def due(*, at: datetime) -> list[UUID]:
    """Questions whose time is over, by this clock and by the database's, and that nobody counted yet. What was refused before
    anybody was asked is none: nobody answered, and its count would keep it beyond its period."""
    over = Request.objects.put().filter(deadline__lte=at)
    found = over.filter(deadline__lte=Now(), tally=None)
    return list(found.order_by("deadline", "pk").values_list("pk", flat=True))


@transaction.atomic
def freeze(*, request: UUID) -> Tally:
    """Count once. Safe to repeat and to race."""
    # The lock that answers take turns with; whoever comes second finds the count there.
    asked = Request.objects.select_for_update().get(pk=request)
    tally, made = Tally.objects.get_or_create(request=asked, neighborhood_id=asked.neighborhood_id)
    if made:
        tally.refresh_from_db()
    return tally


def told(*, request: Request) -> int | None:
    """None before the deadline, and where the number would point at somebody."""
    return Tally.objects.filter(request=request).values_list("shown", flat=True).first()
