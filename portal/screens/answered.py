"""How well each body answered, for everybody who lives here: counts by month, to be read and to be printed for the board."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from committees import answered
from committees.models.service import DONE_DAYS, REPLY_DAYS, Kind
from portal.screens.entrance import ResidentRequest, resident_only


@require_safe
@resident_only
def months(request: ResidentRequest) -> HttpResponse:
    here = request.resident.neighborhood
    found = answered.months(neighborhood=here, at=timezone.now())
    bodies: list[dict[str, Any]] = [
        {"slug": kind.value, "title": capfirst(str(kind.label)), "months": each}
        for kind, each in found.items()
    ]
    limits = [
        {"kind": capfirst(str(kind.label)), "reply": REPLY_DAYS[kind], "done": DONE_DAYS[kind]}
        for kind in Kind
    ]
    context = {
        "bodies": bodies,
        "limits": limits,
        "neighborhood": here.display_name,
        "fewest": here.fewest_counted,
    }
    return render(request, "answered.html", context)
