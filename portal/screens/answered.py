"""How well each body answered, for everybody who lives here: counts by month, to be read and to be printed for the board."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from committees import answered, service_days
from committees.models import Committee
from committees.models.service import Kind
from portal.screens.entrance import ResidentRequest, resident_only


@require_safe
@resident_only
def months(request: ResidentRequest) -> HttpResponse:
    here = request.resident.neighborhood
    found = answered.months(neighborhood=here, at=timezone.now())
    days = service_days.of(neighborhood=here)
    bodies: list[dict[str, Any]] = [
        {
            "slug": kind.value,
            "title": capfirst(str(kind.label)),
            "months": each,
            "limits": limits(days, kind),
        }
        for kind, each in found.items()
    ]
    context = {
        "bodies": bodies,
        "neighborhood": here.display_name,
        "fewest": here.fewest_counted,
    }
    return render(request, "answered.html", context)


def limits(
    days: dict[tuple[Committee.Kind, Kind], service_days.Days], body: Committee.Kind
) -> list[dict[str, Any]]:
    """What the body has said for each kind of request, as it is for what is asked today."""
    return [
        {
            "kind": capfirst(str(kind.label)),
            "reply": days[body, kind].reply,
            "done": days[body, kind].done,
        }
        for kind in Kind
    ]
