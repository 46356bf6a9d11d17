"""How the bodies of a neighborhood can be reached."""

from __future__ import annotations

from committees.models import Committee
from residents.models import Neighborhood


def night_line(neighborhood: Neighborhood) -> str:
    """The number to call at 23:00: the property company's, or else the guard's. Empty where neither is known. One query."""
    known = Committee.objects.filter(neighborhood=neighborhood, kind=Committee.Kind.PROPERTY)
    found = known.exclude(night_phone="").order_by("name", "pk").values_list("night_phone", flat=True).first()
    return found or neighborhood.guard_phone
