"""How the bodies of a neighborhood can be reached."""

from __future__ import annotations

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from committees.models import Committee
from residents.models import Neighborhood, Resident, User


def night_line(neighborhood: Neighborhood) -> str:
    """The number to call at 23:00: the property company's, or else the guard's. Empty where neither is known. One query."""
    return next(iter(_night_lines(Neighborhood.objects.filter(pk=neighborhood.pk))), "")


def night_line_at_home(user: User) -> str:
    """Where this account's person lives; empty for staff who live nowhere here. One query."""
    home = Resident.objects.of(user).values("neighborhood")
    return next(iter(_night_lines(Neighborhood.objects.filter(pk__in=home))), "")


def only_night_line() -> str:
    """Of the one neighborhood that is served here; empty where there are several. One query."""
    served = list(_night_lines(Neighborhood.objects.filter(practice=False))[:2])
    return served[0] if len(served) == 1 else ""


def _night_lines(of: QuerySet[Neighborhood]) -> QuerySet[Neighborhood, str]:
    known = Committee.objects.filter(neighborhood=OuterRef("pk"), kind=Committee.Kind.PROPERTY)
    said = known.exclude(night_phone="").order_by("name", "pk").values("night_phone")[:1]
    return of.annotate(night=Coalesce(Subquery(said), F("guard_phone"))).values_list("night", flat=True)
