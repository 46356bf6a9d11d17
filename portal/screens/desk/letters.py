"""Letters at the desk: how far they have come, and printing them in batches.

The printed page is the one place outside a look-up where names stand in the clear, and the one named exception to "no
bulk export". It answers a POST and nothing else, is kept by no cache, and is recorded for each person on it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.screens import offices
from portal.screens.desk import letters_sheet
from portal.screens.desk.entrance import StaffRequest, staff_only
from residents import batches, letters, tracking
from residents.models import Building, LetterBatch, Neighborhood

EVERYWHERE = "all"
LATEST = 20


class ChoiceForm(forms.Form):
    """Of one neighborhood: which buildings, and who in them. Nothing is chosen beforehand."""

    where = forms.ChoiceField(label=gettext_lazy("Building"))
    who = forms.ChoiceField(
        label=gettext_lazy("Who gets a letter"), choices=batches.Who.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, neighborhood: Neighborhood, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.neighborhood = neighborhood
        self.buildings = {
            str(building.pk): building
            for building in sorted(neighborhood.buildings.all(), key=lambda each: (len(each.name), each.name))
        }
        offered = [(pk, building.name) for pk, building in self.buildings.items()]
        self.fields["where"].choices = [("", "—"), (EVERYWHERE, _("Every building")), *offered]  # type: ignore[attr-defined]

    def choice(self) -> batches.Choice:
        building: Building | None = self.buildings.get(self.cleaned_data["where"])
        who = batches.Who(self.cleaned_data["who"])
        return batches.Choice(neighborhood=self.neighborhood, who=who, building=building)


class TokenForm(forms.Form):
    token = forms.UUIDField()


@require_safe
@staff_only("manage_register", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    here = request.neighborhood
    return render(request, "desk/letters.html", _overview(request, ChoiceForm(neighborhood=here)))


@require_safe
@staff_only("manage_register", real=True)
def choose(request: StaffRequest) -> HttpResponse:
    """How many it would be, and the form that prints them. Nothing is written yet."""
    here = request.neighborhood
    form = ChoiceForm(request.GET, neighborhood=here)
    if not form.is_valid():
        return render(request, "desk/letters.html", _overview(request, form))
    choice = form.choice()
    count = batches.chosen(choice, at=request.at).count()
    context = {
        "choice": choice,
        "where": form.cleaned_data["where"],
        "count": count,
        "now": min(count, batches.AT_ONCE),
        "token": uuid4(),
    }
    return render(request, "desk/letters_choose.html", context)


@require_POST
@staff_only("manage_register", real=True)
def print_choice(request: StaffRequest) -> HttpResponse:
    here = request.neighborhood
    form, sent = ChoiceForm(request.POST, neighborhood=here), TokenForm(request.POST)
    if not form.is_valid() or not sent.is_valid():
        return render(request, "desk/letters.html", _overview(request, form))
    try:
        printed = batches.print_choice(
            token=sent.cleaned_data["token"], choice=form.choice(), by=request.user, at=request.at
        )
    except (batches.BatchPrinted, batches.NobodyChosen) as instead:
        return _nothing_printed(request, instead)
    further = {"where": form.cleaned_data["where"], "who": form.cleaned_data["who"]}
    return letters_sheet.batch(request, printed, further=further)


@require_safe
@staff_only("manage_register", real=True)
def batch(request: StaffRequest, batch: UUID) -> HttpResponse:
    return render(request, "desk/letters_batch.html", _of_batch(request, _batch(request, batch)))


@require_POST
@staff_only("manage_register", real=True)
def print_again(request: StaffRequest, batch: UUID) -> HttpResponse:
    found, sent = _batch(request, batch), TokenForm(request.POST)
    if not sent.is_valid():
        return redirect("desk_letters_batch", found.pk)
    try:
        printed = batches.print_again(
            token=sent.cleaned_data["token"], batch=found, by=request.user, at=request.at
        )
    except (batches.BatchPrinted, batches.NobodyChosen) as instead:
        return _nothing_printed(request, instead)
    return letters_sheet.batch(request, printed, further={})


@require_POST
@staff_only("manage_register", real=True)
def deliver_batch(request: StaffRequest, batch: UUID) -> HttpResponse:
    found = _batch(request, batch)
    delivered = letters.put_into_mailboxes(
        letters=found.letters.values_list("pk", flat=True),
        neighborhood=found.neighborhood,
        by=request.user,
        at=request.at,
    )
    letters_sheet.say_delivered(request, delivered)
    return redirect("desk_letters_batch", found.pk)


def _batch(request: StaffRequest, pk: UUID) -> LetterBatch:
    found = LetterBatch.objects.select_related("building")
    return get_object_or_404(found, pk=pk, neighborhood=request.neighborhood)


def _nothing_printed(request: StaffRequest, why: Exception) -> HttpResponse:
    """The same form sent twice, by a second press or by loading the page anew; or nobody was left."""
    if isinstance(why, batches.BatchPrinted):
        if why.batch.neighborhood_id != request.neighborhood.pk:
            raise PermissionDenied
        context = {"printed_before": True, **_of_batch(request, why.batch)}
        return render(request, "desk/letters_batch.html", context, status=409)
    return render(request, "desk/letters_nobody.html")


def _of_batch(request: StaffRequest, found: LetterBatch) -> dict[str, Any]:
    states = {"written": 0, "delivered": 0, "used": 0, "replaced": 0, "expired": 0}
    for letter in found.letters.only("delivered_at", "used_at", "replaced_at", "expires_at"):
        if letter.used_at:
            states["used"] += 1
        elif letter.replaced_at:
            states["replaced"] += 1
        elif letter.is_expired(request.at):
            states["expired"] += 1
        else:
            states["delivered" if letter.delivered_at else "written"] += 1
    return {
        "batch": found,
        "states": states,
        "letters": sum(states.values()),
        "again": batches.lost(found, at=request.at).count(),
        "who": offices.in_words(found.capacity),
        "token": uuid4(),
    }


def _overview(request: StaffRequest, form: ChoiceForm) -> dict[str, Any]:
    here = request.neighborhood
    rows = tracking.by_building(here, at=request.at)
    latest = LetterBatch.objects.filter(neighborhood=here).select_related("building").order_by("-made_at")
    return {
        "form": form,
        "rows": [
            {**row, "cells": [{"state": state, "count": row[state.value]} for state in tracking.State]}
            for row in rows
        ],
        "states": list(tracking.State),
        "totals": [
            {"state": state, "count": sum(row[state.value] for row in rows)} for state in tracking.State
        ],
        "waiting": tracking.waiting(neighborhoods=[here], at=request.at),
        "batches": latest[:LATEST],
    }
