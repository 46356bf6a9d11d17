"""My ways in on one sheet: large, for the wall or the drawer, and for whoever reads it out. It names nobody and no dwelling."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.screens import ways
from portal.screens.entrance import ResidentRequest, resident_only


@require_safe
@resident_only
def sheet(request: ResidentRequest) -> HttpResponse:
    """Card and PIN alone: they are what is there without a phone, and the sheet is not to say who uses a face."""
    resident = request.resident
    held = ways.held(resident)
    return render(
        request,
        "sheet.html",
        {
            "neighborhood": resident.neighborhood,
            "ways": ways.ways_in(resident=resident, held=held, lines=[], at=timezone.now()),
            "lives_here": resident.left_at is None,
        },
    )
