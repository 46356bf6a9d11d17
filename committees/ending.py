"""Terms that end soon: who has to be appointed again, or handed over from, before nobody may act."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from committees.models import Term
from residents.ages import today_in
from residents.models import Neighborhood

SOON = timedelta(days=30)


def ending_soon(*, neighborhood: Neighborhood, at: datetime) -> QuerySet[Term]:
    """In force, ending within a month, and nobody of that account follows in the same office. The first to end first."""
    today = today_in(neighborhood, at)
    same = {"user": OuterRef("user"), "committee": OuterRef("committee"), "role": OuterRef("role")}
    following = Term.objects.filter(ends__gt=today + SOON, **same)
    ending = Term.objects.filter(neighborhood=neighborhood).in_force(at)
    return ending.filter(~Exists(following), ends__lte=today + SOON).order_by("ends", "pk")
