"""What a gate opens by, and changing it: planned by one, announced by another, read by everybody who passes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import changing, outlook, words
from access.models import Gate, MethodChange
from portal.screens import changes
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from portal.screens.desk.forms import DeskForm
from residents.lookups import masked_name
from residents.models import Occupancy, Resident

SHOWN = 100
LANGUAGES = ("zh-hans", "en")


def why_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=300, help_text=gettext_lazy("The residents read it. Write nobody’s name.")
    )


class PlanForm(DeskForm):
    """It opens with what the gate takes today: a plan says what is different."""

    methods = forms.MultipleChoiceField(
        label=gettext_lazy("it will open by card, and by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(method, words.METHODS[method]) for method in ("pin", "qr", "face")],
    )
    takes_effect_on = forms.DateField(
        label=gettext_lazy("from which day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Fourteen days after the announcement at the earliest."),
    )
    why = why_field(gettext_lazy("why"))


class FacesOffForm(DeskForm):
    why = why_field(gettext_lazy("what happened"))


@require_safe
@staff_only("manage_access", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    """Every gate with what it opens by, and what is planned for it."""
    open_plans = {each.gate_id: each for each in _changes(request).filter(state__in=MethodChange.OPEN)}
    gates = Gate.objects.filter(neighborhood=request.neighborhood).order_by("name", "pk")
    context = {
        "gates": [
            {"gate": gate, "opens_by": changes.named(gate.methods), "change": open_plans.get(gate.pk)}
            for gate in gates
        ]
    }
    return render(request, "desk/methods_all.html", context)


@require_http_methods(["GET", "POST"])
@staff_only("manage_access", real=True)
def methods(request: StaffRequest, gate: UUID) -> HttpResponse:
    found = _gate(request, gate)
    form = PlanForm(request.POST or None, initial=_initial(request, found))
    if form.is_valid():
        given = form.cleaned_data
        also = {method for method in found.methods if method not in ("pin", "qr", "face")}
        try:
            changing.plan(
                gate=found,
                methods=also | {*given["methods"]},
                takes_effect_on=given["takes_effect_on"],
                why=given["why"],
                by=request.user,
                at=request.at,
            )
        except changing.ChangeRefused as refused:
            form.add_error(None, words.of_change(refused))
        else:
            messages.success(request, _("Planned. Nothing changes until a second person has announced it."))
            return _back(found)
    return _shown(request, found, form=form)


@require_POST
@staff_only("manage_access", real=True)
def announce(request: StaffRequest, change: UUID) -> HttpResponse:
    found = _change(request, change)
    try:
        changing.announce(change=found, by=request.user, at=request.at)
    except changing.ChangeRefused as refused:
        messages.error(request, words.of_change(refused))
    else:
        messages.success(request, _("Announced. Print the notice for the board today."))
    return _back(found.gate)


@require_POST
@staff_only("manage_access", real=True)
def call_off(request: StaffRequest, change: UUID) -> HttpResponse:
    found = _change(request, change)
    try:
        changing.call_off(change=found, by=request.user, at=request.at)
    except changing.ChangeRefused as refused:
        messages.error(request, words.of_change(refused))
    else:
        messages.success(request, _("Called off. Everything stays as it is."))
    return _back(found.gate)


@require_http_methods(["GET", "POST"])
@staff_only("manage_access", real=True)
def faces_off(request: StaffRequest, gate: UUID) -> HttpResponse:
    """A page of its own between the button and the act: it cannot be taken back without a plan."""
    found = _gate(request, gate)
    form = FacesOffForm(request.POST or None)
    if form.is_valid():
        try:
            changing.switch_off_faces(
                gate=found, why=form.cleaned_data["why"], by=request.user, at=request.at
            )
        except changing.ChangeRefused as refused:
            form.add_error(None, words.of_change(refused))
        else:
            messages.success(request, _("This gate looks at no face any more. Cards go on as before."))
            return _back(found)
    return render(request, "desk/methods_faces_off.html", {"gate": found, "form": form})


@require_safe
@staff_only("manage_access", real=True)
def notice(request: StaffRequest, change: UUID) -> HttpResponse:
    """For the board, one sheet in each language. No names, and nobody's choice."""
    found: MethodChange = get_object_or_404(_changes(request).announced(), pk=change)
    sheets = []
    for language in LANGUAGES:
        with override(language):
            sheets.append(
                {
                    "language": language,
                    "neighborhood": request.neighborhood.display_name,
                    "gate": found.gate.display_name,
                    "what": changes.what(found),
                    "also": changes.to_everybody(found),
                }
            )
    return render(request, "desk/methods_notice.html", {"change": found, "sheets": sheets})


def _shown(request: StaffRequest, gate: Gate, *, form: PlanForm) -> HttpResponse:
    change = _changes(request).filter(gate=gate, state__in=MethodChange.OPEN).first()
    context: dict[str, Any] = {
        "gate": gate,
        "opens_by": changes.named(gate.methods),
        "change": change,
        "form": form,
        "past": [
            _past(each) for each in _changes(request).filter(gate=gate).exclude(state__in=MethodChange.OPEN)
        ],
    }
    if change is not None:
        foreseen = outlook.of(gate=gate, methods=change.methods_after, at=request.at)
        context |= {
            "what": changes.what(change),
            "foreseen": foreseen,
            "need_a_card": _need_a_card(request, foreseen.left_without[:SHOWN]),
            "faces_go": "face" in change.given_up,
            "mine": change.planned_by_id == request.user.pk,
            "announced": change.state == MethodChange.State.ANNOUNCED,
            "too_late": change.state == MethodChange.State.PLANNED
            and (change.takes_effect_on or today(request))
            < changing.earliest(request.neighborhood, request.at),
        }
    return render(request, "desk/methods.html", context)


def _need_a_card(request: StaffRequest, people: Sequence[Resident]) -> list[dict[str, str]]:
    """Masked, by dwelling, as people who need a card: what else they use is not said."""
    if "view_register" not in request.rights:
        return []
    lived = Occupancy.objects.current(today(request)).filter(resident__in=people)
    homes = {each.resident_id: str(each.unit) for each in lived.select_related("unit__building")}
    return [
        {
            "name": masked_name(each),
            "dwelling": homes.get(each.pk, ""),
            "url": reverse("desk_person", args=[each.pk]),
        }
        for each in people
    ]


def _past(change: MethodChange) -> dict[str, Any]:
    return {
        "state": change.get_kind_display()
        if change.kind == MethodChange.Kind.INCIDENT
        else change.get_state_display(),
        "at": change.done_at or change.called_off_at,
        "before": changes.named(change.methods_before),
        "after": changes.named(change.methods_after),
        "why": change.why,
    }


def _initial(request: StaffRequest, gate: Gate) -> dict[str, Any]:
    return {
        "methods": gate.methods,
        "takes_effect_on": changing.earliest(request.neighborhood, request.at),
    }


def _changes(request: StaffRequest) -> Any:
    found = MethodChange.objects.filter(neighborhood=request.neighborhood)
    return found.select_related("gate__neighborhood").order_by("-planned_at")


def _change(request: StaffRequest, pk: UUID) -> MethodChange:
    found: MethodChange = get_object_or_404(_changes(request), pk=pk)
    return found


def _gate(request: StaffRequest, pk: UUID) -> Gate:
    found = Gate.objects.filter(neighborhood=request.neighborhood).select_related("neighborhood")
    return get_object_or_404(found, pk=pk)


def _back(gate: Gate) -> HttpResponse:
    return redirect("desk_gate_methods", gate=gate.pk)
