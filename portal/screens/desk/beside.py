"""Beside the old controller: what each gate would have done, the cards it does not know, and the switching over."""

from __future__ import annotations

from math import floor
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from access import beside, cards, gates, refused, words
from access.models import Gate, UnknownCard
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only, today
from residents import finding
from residents.lookups import masked_name

PAGE = 30
REASONS = {
    "outside_hours": gettext_lazy("outside the hours of the rules"),
    "not_yet_valid": gettext_lazy("before the day from which the card opens"),
    "no_longer_valid": gettext_lazy("after the day until which the card opened"),
    "unreadable_card": gettext_lazy("what the reader sent is no card number"),
}
REFUSED = {
    beside.NotListening: gettext_lazy("This gate was switched over already."),
    beside.NotHeard: gettext_lazy(
        "The reader of this gate has not been heard of for five minutes, so it would not hear that it is to open."
        " Look at its network first. The old controller goes on opening."
    ),
}


class SwitchForm(forms.Form):
    """Not ready is said, and left to whoever stands at the gate; nothing is ticked beforehand."""

    sure = forms.BooleanField(
        label=gettext_lazy("I know what is still missing, and somebody stands by with spare cards"),
        required=False,
    )


@require_GET
@staff_only("manage_access", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    here = request.neighborhood
    listening = beside.reports(here, at=request.at)
    others = Gate.objects.filter(neighborhood=here, beside_since=None).order_by("in_service", "name")
    context = {
        "reports": [_in_words(report) for report in listening],
        "gates": others,
    }
    return render(request, "desk/beside.html", context)


@require_POST
@staff_only("manage_access", real=True)
def begin(request: StaffRequest, gate: UUID) -> HttpResponse:
    found = _gate(request, gate)
    if found.in_service:
        # A gate that residents open by themselves is not taken from them by one press here (law 13).
        messages.error(request, _("This gate is in service. Take it out of service first, if that is meant."))
    else:
        beside.begin(gate=found, by=request.user, at=request.at)
        messages.success(
            request, _("It listens now, and opens nothing. The old controller goes on as before.")
        )
    return _back()


@require_POST
@staff_only("manage_access", real=True)
def switch_over(request: StaffRequest, gate: UUID) -> HttpResponse:
    found = _gate(request, gate)
    form = SwitchForm(request.POST)
    form.is_valid()
    report = next(
        (each for each in beside.reports(found.neighborhood, at=request.at) if each.gate == found), None
    )
    if report is not None and not report.is_ready and not form.cleaned_data["sure"]:
        messages.error(request, _("It is not ready yet. Tick that you know what is missing, or wait."))
        return _back()
    try:
        beside.switch_over(gate=found, by=request.user, at=request.at)
    except beside.BesideRefused as why:
        messages.error(request, str(REFUSED[type(why)]))
    except gates.BiometricOnly:
        messages.error(request, _("A gate in service must open by card. Tick that on its page first."))
    else:
        messages.success(
            request,
            _(
                "Switched over: the gate opens by itself from its next poll on. The old controller may come off."
            ),
        )
    return _back()


@require_GET
@staff_only("manage_access", real=True)
def marks(request: StaffRequest, gate: UUID) -> HttpResponse:
    """Cards that the gate did not know, the most used first; no numbers and no names."""
    found = _gate(request, gate)
    unknown = beside.unclaimed().filter(gate=found).order_by("-taps", "-last_seen", "pk")
    page = Paginator(unknown, PAGE).get_page(request.GET.get("page"))
    context = {
        "gate": found,
        "page": page,
        "marks": [{"mark": mark, "label": _label(mark)} for mark in page],
    }
    return render(request, "desk/beside_marks.html", context)


@require_GET
@staff_only("manage_access", real=True)
def mark(request: StaffRequest, mark: UUID) -> HttpResponse:
    """Whose is this? What is known of the card, and whom it could be added to: found by dwelling, as they say it."""
    found = _mark(request, mark)
    asked = request.GET.get("dwelling", "")[:40]
    context = {
        "gate": found.gate,
        "mark": found,
        "label": _label(found),
        "why": refused.why_of_digest(digest=bytes(found.digest), gate=found.gate, at=request.at),
        "asked": asked,
        "homes": _homes(request, asked),
    }
    return render(request, "desk/beside_mark.html", context)


@require_POST
@staff_only("manage_access", real=True)
def add(request: StaffRequest, mark: UUID) -> HttpResponse:
    found = _mark(request, mark)
    try:
        person = person_or_404(request, UUID(request.POST.get("person", "")))
    except ValueError:
        raise BadRequest("whose it is") from None
    try:
        beside.add(mark=found, resident=person, by=request.user, at=request.at)
    except cards.CardRefused as why:
        messages.error(request, words.of_card(why))
        return redirect("desk_cards_beside_mark", found.pk)
    messages.success(request, _("The card is added. It opens from the gates' next poll on."))
    return redirect("desk_person", person.pk)


def _back() -> HttpResponse:
    return redirect("desk_cards_beside")


def _homes(request: StaffRequest, asked: str) -> list[dict[str, Any]]:
    """Who lives in the dwellings that may be meant, masked."""
    homes = finding.homes(finding.dwellings(asked, neighborhood=request.neighborhood), today=today(request))
    return [
        {"dwelling": str(home.unit), "person": each.pk, "name": masked_name(each)}
        for home in homes
        for each in home.people
    ]


def _gate(request: StaffRequest, pk: UUID) -> Gate:
    found = Gate.objects.filter(neighborhood=request.neighborhood).select_related("neighborhood")
    return get_object_or_404(found, pk=pk)


def _mark(request: StaffRequest, pk: UUID) -> UnknownCard:
    found = UnknownCard.objects.filter(neighborhood=request.neighborhood)
    return get_object_or_404(found.select_related("gate__neighborhood", "neighborhood"), pk=pk)


def _label(mark: UnknownCard) -> str:
    """To tell two apart on a list: the head of the digest, which is no number of a card."""
    head = bytes(mark.digest).hex()[:8].upper()
    return f"{head[:4]}·{head[4:]}"


def _in_words(report: beside.Report) -> dict[str, Any]:
    # Rounded down: 99.96 is not all of them.
    share = None if report.share is None else f"{floor(report.share * 1000) / 10:.1f}"
    return {
        "report": report,
        "gate": report.gate,
        "share": share,
        "refused": [
            {"words": REASONS.get(reason, reason), "taps": taps}
            for reason, taps in report.refused.most_common()
        ],
        "days": (report.at - report.gate.beside_since).days if report.gate.beside_since else 0,
    }
