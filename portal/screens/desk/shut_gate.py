"""Gate will not open: how the gate is, why a card is refused, what to do; and whose an entry was, with a reason only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from access import hearing, naming, refused, words
from access.events import OF_ORDERS
from access.models import EntryEvent, Gate
from portal.screens import entry_words
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.finding import LookUpForm, dwelling_of, looks_spent, short
from portal.screens.desk.forms import DeskForm, card_field
from portal.screens.ways import listed
from residents.lookups import LooksSpent
from residents.models import Approval

LATEST = 15
Code = refused.Code
LEND = gettext_lazy("Let them in, then find them and lend a PIN or a card.")
# What to do next, for each answer.
NEXT: dict[refused.Code, Any] = {
    Code.UNREADABLE: gettext_lazy(
        "Tap it on the desk reader. If nothing comes, the card is broken: report it lost."
    ),
    Code.UNKNOWN: gettext_lazy("Ask where they live, find them, and give them a card."),
    Code.ELSEWHERE: gettext_lazy("It was given out in another neighborhood. Ask whom they visit."),
    Code.LOST: gettext_lazy("Keep the card. If it is theirs, find them and give it out anew or lend a PIN."),
    Code.RETURNED: LEND,
    Code.REPLACED: gettext_lazy("They have another card, which opens. Keep this one."),
    Code.ENDED: LEND,
    Code.NOT_THIS_GATE: gettext_lazy(
        "Let them in here today. Whoever keeps the rules adds this gate for their dwelling."
    ),
    Code.NO_GATE: gettext_lazy(
        "Let them in. Whoever keeps the rules must open a gate for their dwelling today."
    ),
    Code.OUTSIDE_HOURS: gettext_lazy("Let them in by another gate of theirs."),
    Code.NOT_YET: gettext_lazy("They move in on that day. Ask whom they visit until then."),
    Code.NO_LONGER: gettext_lazy("Find them by dwelling. If they live here, lend a PIN or a card."),
    Code.BESIDE: gettext_lazy("Open by hand, and have the card entered at the old controller."),
    Code.NOT_IN_SERVICE: gettext_lazy("Open by hand. It is put into service in the full lists."),
    Code.NO_READER: gettext_lazy("Open by hand, and call whoever looks after the readers."),
    Code.SILENT: gettext_lazy(
        "Residents' cards that it knows go on opening. Look at its power and network, open by hand meanwhile."
    ),
    Code.BEHIND: gettext_lazy("Open by hand once; in a minute the card works by itself."),
    Code.WORKS: gettext_lazy(
        "If it still stays shut, it is the lock or the reader: open by hand and call the repair."
    ),
}


class CardForm(DeskForm):
    card = card_field(
        label=gettext_lazy("Card that was refused"),
        help_text=gettext_lazy("Tap it on the desk reader, or type what is printed on it, and press Enter."),
        required=True,
    )


@require_http_methods(["GET", "POST"])
@staff_only("manage_access")
def choose(request: StaffRequest) -> HttpResponse:
    """Which gate; or only why a card is refused, wherever it was."""
    form = CardForm(request.POST or None)
    if form.is_valid():
        return _answered(request, None, form)
    gates = hearing.of_all(request.neighborhood, at=request.at)
    if len(gates) == 1:
        return redirect("desk_gate", gate=gates[0].gate.pk)
    # The cursor stands at the gates unless a card was mistyped.
    if not form.errors:
        del form.fields["card"].widget.attrs["autofocus"]
    return render(request, "desk/gates.html", {"gates": gates, "form": form})


@require_http_methods(["GET", "POST"])
@staff_only("manage_access")
def gate(request: StaffRequest, gate: UUID) -> HttpResponse:
    """The card's number is sent as a form: it stands in no address and in no log."""
    found = get_object_or_404(Gate.objects.filter(neighborhood=request.neighborhood), pk=gate)
    found.neighborhood = request.neighborhood
    form = CardForm(request.POST or None)
    if form.is_valid():
        return _answered(request, found, form)
    context = {
        "gate": found,
        "heard": hearing.of(found, at=request.at),
        "form": form,
        "events": _latest(request, found),
        "opens_by": listed(str(words.METHODS[method]) for method in found.methods),
        "methods_url": "" if request.neighborhood.practice else reverse("desk_gate_methods", args=[found.pk]),
    }
    return render(request, "desk/gate.html", context)


@require_http_methods(["GET", "POST"])
@staff_only("look_up", "manage_access")
def passer(request: StaffRequest, event: UUID) -> HttpResponse:
    """Whose entry it was: the reason first, and they read it."""
    events = EntryEvent.objects.filter(neighborhood=request.neighborhood).select_related(
        "gate", "neighborhood"
    )
    found = get_object_or_404(events, pk=event)
    form = LookUpForm(request.POST or None)
    context: dict[str, Any] = {"event": _line(found), "gate": found.gate, "form": form}
    context["approved"] = approved = naming.approved(event=found, by=request.user, at=request.at)
    if request.method == "POST" and (approved or form.is_valid()):
        reason = approved.reason if approved else form.cleaned_data["reason"]
        try:
            done = naming.ask(event=found, by=request.user, reason=reason, at=request.at)
        except LooksSpent as spent:
            form.add_error(None, looks_spent(spent))
            return render(request, "desk/event.html", context)
        if isinstance(done, Approval):
            return render(request, "desk/event.html", context | {"asked": done})
        if done is not None:
            return redirect("desk_event", event=found.pk)
        return render(request, "desk/event.html", context | {"nobody": True})
    known = naming.passer(event=found, by=request.user, at=request.at)
    if known is not None:
        context["known"] = {
            "name": known.resident.name,
            "dwelling": dwelling_of(request, known.resident),
            "number": short(known.resident),
            "visitor": known.visitor,
            "until": known.until,
            "url": reverse("desk_person", args=[known.resident.pk])
            if "view_register" in request.rights
            else "",
        }
    return render(request, "desk/event.html", context)


def _answered(request: StaffRequest, found: Gate | None, form: CardForm) -> HttpResponse:
    why = refused.why(
        number=form.cleaned_data["card"], neighborhood=request.neighborhood, gate=found, at=request.at
    )

    def build() -> slips.Slip:
        return slips.Slip(
            title=_("Why the card does not open %(gate)s") % {"gate": found.display_name}
            if found
            else _("Why the card is refused"),
            done=[why.words],
            next=[str(NEXT[why.code])],
        )

    further = [
        (_("Another card"), reverse("desk_gate", args=[found.pk]) if found else reverse("desk_gates")),
        (_("Find the person"), reverse("desk_find")),
    ]
    return slips.show(request, build, further=further)


def _latest(request: StaffRequest, found: Gate) -> list[dict[str, Any]]:
    """What happened at the gate, without anybody in it. One query."""
    may_ask = "look_up" in request.rights
    latest = EntryEvent.objects.filter(gate=found).order_by("-received_at", "-sequence")[:LATEST]
    return [
        _line(each)
        | {
            "url": reverse("desk_event", args=[each.pk])
            if may_ask and each.credential is not None and each.kind not in OF_ORDERS
            else ""
        }
        for each in latest
    ]


def _line(event: EntryEvent) -> dict[str, Any]:
    said = entry_words.of(event)
    return {
        "at": event.device_time,
        "kind": said.way,
        "outcome": said.outcome,
        "opened": said.opened,
        "reason": said.reason,
    }
