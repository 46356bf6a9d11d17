"""Who lives here without card or PIN, so that the desk can give each of them one."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from access import plain_ways
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from residents import lookups
from residents.models import Occupancy

SHOWN = 100


@require_safe
@staff_only("view_register", "manage_access")
def missing(request: StaffRequest) -> HttpResponse:
    """Masked like every list. The oldest entries first; the rest shows as those are seen to."""
    everybody = plain_ways.missing(request.neighborhood, at=request.at)
    people = list(everybody[:SHOWN])
    lived = Occupancy.objects.current(today(request)).filter(resident__in=people)
    homes = {each.resident_id: str(each.unit) for each in lived.select_related("unit__building")}
    rows = [
        {
            "name": lookups.masked_name(person),
            "dwelling": homes.get(person.pk, ""),
            "url": reverse("desk_person", args=[person.pk]),
        }
        for person in people
    ]
    return render(request, "desk/plain_ways.html", {"rows": rows, "count": everybody.count()})
