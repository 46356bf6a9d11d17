"""Somebody says that I do not live here any more: what was said, what happens when, and two answers of equal weight."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.screens.consent import ChoiceForm
from portal.screens.entrance import ResidentRequest, resident_only
from residents import departures, leaving, moving
from residents.models import Departure, Resident

State = Departure.State


@require_safe
@resident_only
def departure(request: ResidentRequest, departure: UUID) -> HttpResponse:
    found = get_object_or_404(
        request.resident.departures.select_related("occupancy__unit__building"), pk=departure
    )
    return render(request, "departure.html", {"departure": found, **_told(found)})


@require_POST
@resident_only
def answer_departure(request: ResidentRequest, departure: UUID) -> HttpResponse:
    found = get_object_or_404(request.resident.departures, pk=departure)
    form = ChoiceForm(request.POST)
    if not form.is_valid() or form.cleaned_data["form"] != found.pk:
        raise BadRequest("a choice and what it is about")
    at = timezone.now()
    try:
        if form.cleaned_data["choice"] == "yes":
            departures.confirm(departure=found, by=request.user, at=at)
            messages.success(request, _("Written down: you do not live there any more."))
            return redirect("home")
        departures.dispute(departure=found, by=request.user, at=at)
    except (departures.DepartureRefused, moving.MovingRefused):
        messages.info(request, _("It has been settled in the meantime. This is how it stands now."))
    else:
        messages.success(
            request,
            _("Written down: you live here. Nothing happens by itself any more, and nothing is deleted."),
        )
    return redirect("departure", found.pk)


def _told(found: Departure) -> dict[str, Any]:
    closed = found.state in Departure.CLOSED
    return {
        "dwelling": str(found.occupancy.unit),
        "document": found.get_document_display() if found.document else "",
        "closed": closed,
        "can_confirm": not closed,
        "can_dispute": not closed and found.state != State.DISPUTED and not found.court,
        "is_notice": found.state == State.NOTICE,
        "is_disputed": found.state == State.DISPUTED,
        "is_ended": found.state in (State.ENDED, State.CONFIRMED),
        "grace_days": leaving.GRACE[Resident.Left.MOVED_OUT].days,
    }
