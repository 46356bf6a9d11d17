"""Who lives here and has neither card nor PIN: nobody should, and whoever does is on the desk's first screen.

The database lets no last card end (LM011). But a list may bring people without a card, and somebody may be moved in by
hand; until the desk has given each of them a way in, it is reminded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from access.models import Credential
from residents.ages import today_in
from residents.models import Neighborhood, Occupancy, Resident

# Small children come in with somebody; from the school's age on they may come alone.
CARRIED_BEFORE_YEARS = 6


def missing(neighborhood: Neighborhood, *, at: datetime) -> QuerySet[Resident]:
    """Those who live here today without a way in that needs no phone. One query."""
    today = today_in(neighborhood, at)
    carried = today - timedelta(days=CARRIED_BEFORE_YEARS * 365)
    lives = Occupancy.objects.current(today).filter(resident=OuterRef("pk"))
    has = Credential.objects.active().plain().filter(resident=OuterRef("pk"))
    return (
        Resident.objects.living()
        .filter(Exists(lives), ~Exists(has), neighborhood=neighborhood, left_at=None)
        .filter(Q(born=None) | Q(born__lte=carried))
        .order_by("created_at", "pk")
    )
