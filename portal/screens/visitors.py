"""Visitors: passes a resident makes, sends and ends. The visitor needs no account and no address of this site: their page
is what was sent, a picture, some words, or paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import passes
from access.models import Gate, Pass
from portal.screens.codes import as_file, drawn, in_local_time
from portal.screens.entrance import ResidentRequest, resident_only
from residents.models import Resident
from residents.sent_once import TokenField

# What is said for each refusal, and the way out.
REFUSED: dict[type[passes.PassRefused], tuple[str | None, Any]] = {
    passes.InThePast: ("valid_until", gettext_lazy("That time is over. Choose one that is still to come.")),
    passes.EndsBeforeItBegins: ("valid_until", gettext_lazy("The end must come after the beginning.")),
    passes.TooLong: (
        "valid_until",
        gettext_lazy(
            "A pass lasts thirty days at most. Choose an earlier end; you can make another one later."
        ),
    ),
    passes.TooFarAhead: (
        "valid_from",
        gettext_lazy("A pass begins within thirty days. Come back when the visit is nearer."),
    ),
    passes.NoGate: ("gates", gettext_lazy("Tick the gates, or press “All my gates”.")),
    passes.GateNotTheirs: ("gates", gettext_lazy("One of these gates is not yours any more. Choose again.")),
    passes.TooMany: (
        None,
        gettext_lazy("You have twenty passes that still work. End one you do not need, then make this one."),
    ),
    passes.LabelTooLong: ("label", gettext_lazy("At most forty characters, please.")),
}
# As a browser's own field for date and time sends it, and as people type it where there is none.
MOMENT = "%Y-%m-%dT%H:%M"
TYPED = (MOMENT, "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")


class Ticks(forms.CheckboxSelectMultiple):
    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """Of the whole: its first box, which is where an error leads."""
        return super().id_for_label(id_, "0" if index is None else index)


class GatesForm(forms.Form):
    token = TokenField()
    gates = forms.ModelMultipleChoiceField(
        Gate.objects.none(),
        label=gettext_lazy("Which gates?"),
        widget=Ticks,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("One of these gates is not yours. Choose again.")},
    )

    def __init__(self, *args: Any, theirs: Iterable[Gate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theirs = list(theirs)
        choice = self.fields["gates"]
        assert isinstance(choice, forms.ModelMultipleChoiceField)
        choice.queryset = Gate.objects.filter(pk__in=[gate.pk for gate in self.theirs]).order_by("name", "pk")

    def chosen(self) -> list[Gate]:
        """All in one press, or those that are ticked."""
        return self.theirs if "all" in self.data else list(self.cleaned_data["gates"])

    def refuse(self, refused: passes.PassRefused) -> None:
        where, words = REFUSED[type(refused)]
        self.add_error(where if where in self.fields else None, words)


class InviteForm(GatesForm):
    valid_from = forms.DateTimeField(
        label=gettext_lazy("From"),
        input_formats=TYPED,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    valid_until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        help_text=gettext_lazy("Thirty days at most."),
        input_formats=TYPED,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    label = forms.CharField(
        label=gettext_lazy("For me to remember (you may leave it empty)"),
        help_text=gettext_lazy("Only you see it, and it is deleted when the pass ends."),
        max_length=passes.LABEL_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("valid_from", "valid_until", "gates", "label")


@require_safe
@resident_only
@in_local_time
def visitors(request: ResidentRequest) -> HttpResponse:
    now = timezone.now()
    mine = passes.live(resident=request.resident, at=now).prefetch_related("gates")
    gates = passes.gates_for_visitors(resident=request.resident, at=now)
    return render(request, "visitors.html", {"visits": [_line(each, now) for each in mine], "gates": gates})


@require_http_methods(["GET", "POST"])
@resident_only
@in_local_time
def invite(request: ResidentRequest) -> HttpResponse:
    now = timezone.now()
    theirs = passes.gates_for_visitors(resident=request.resident, at=now)
    initial = {"valid_from": timezone.localtime(now).replace(second=0, microsecond=0)}
    form = InviteForm(request.POST or None, theirs=theirs, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = passes.make(
                resident=request.resident,
                gates=form.chosen(),
                valid_from=given["valid_from"],
                valid_until=given["valid_until"],
                label=given["label"],
                token=given["token"],
                at=now,
            )
            return redirect("visit", made.pk)
        except passes.PassRefused as refused:
            form.refuse(refused)
    return render(request, "visitor_new.html", {"form": form, "gates": theirs})


@require_http_methods(["GET", "POST"])
@resident_only
@in_local_time
def courier(request: ResidentRequest) -> HttpResponse:
    """Two presses from the list: this page, and all gates."""
    now = timezone.now()
    theirs = passes.gates_for_visitors(resident=request.resident, at=now)
    form = GatesForm(request.POST or None, theirs=theirs)
    if form.is_valid():
        try:
            made = passes.one_trip(
                resident=request.resident, gates=form.chosen(), token=form.cleaned_data["token"], at=now
            )
            return redirect("visit", made.pk)
        except passes.PassRefused as refused:
            form.refuse(refused)
    return render(request, "visitor_courier.html", {"form": form, "gates": theirs})


@require_safe
@resident_only
@in_local_time
def visit(request: ResidentRequest, visit: UUID) -> HttpResponse:
    found = _mine(request.resident, visit)
    if found.is_over(timezone.now()):
        return redirect("visitors")
    return render(request, "visitor.html", slip(found))


@require_safe
@resident_only
@in_local_time
def picture(request: ResidentRequest, visit: UUID) -> HttpResponse:
    found = _mine(request.resident, visit)
    if found.is_over(timezone.now()):
        return redirect("visitors")
    ends = timezone.localtime(found.valid_until)
    return as_file(passes.show(found).text, f"linmen-{ends:%m%d-%H%M}.png")


@require_POST
@resident_only
def end(request: ResidentRequest, visit: UUID) -> HttpResponse:
    if passes.end(visit=_mine(request.resident, visit), at=timezone.now()):
        messages.success(request, _("The pass is ended. It opens no gate any more."))
    return redirect("visitors")


def slip(found: Pass) -> dict[str, Any]:
    """What is sent or printed, in both languages whatever the screen's. The desk prints the same (on_behalf)."""
    shown = passes.show(found)
    by_code = [gate for gate in shown.gates if gate.by_qr]
    by_keypad = [gate for gate in shown.gates if gate.by_pin and shown.pin]
    parts = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            parts.append({"language": language, "lines": _words(shown, by_code, by_keypad)})
    return {
        "visit": found,
        "picture": drawn(shown.text) if by_code else "",
        "number": shown.number if by_keypad else "",
        "pin": shown.pin if by_keypad else "",
        "parts": parts,
        "text": "\n\n".join("\n".join(part["lines"]) for part in parts),
    }


def _words(shown: passes.Shown, by_code: list[Gate], by_keypad: list[Gate]) -> list[str]:
    begins, ends = (_when(each) for each in (shown.visit.valid_from, shown.visit.valid_until))
    lines = [
        _("Pass for %(place)s") % {"place": shown.visit.neighborhood.display_name},
        _("From %(begins)s until %(ends)s") % {"begins": begins, "ends": ends},
    ]
    if shown.visit.once:
        lines.append(_("For one trip: it opens each gate once."))
    if by_code:
        lines.append(_("Show the QR code at: %(gates)s.") % {"gates": _names(by_code)})
    if by_keypad:
        typed = {"number": shown.number, "pin": shown.pin, "gates": _names(by_keypad)}
        lines.append(_("Or type %(number)s %(pin)s and then # at the keypad of: %(gates)s.") % typed)
    return lines


def _names(gates: Iterable[Gate]) -> str:
    separator = translation.pgettext("between the items of a list", ", ")
    return separator.join(gate.display_name for gate in gates)


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _line(found: Pass, at: datetime) -> dict[str, Any]:
    return {
        "visit": found,
        "gates": _names(sorted(found.gates.all(), key=lambda gate: gate.name)),
        "begun": found.valid_from <= at,
    }


def _mine(resident: Resident, pk: UUID) -> Pass:
    """Anybody else's is not there."""
    mine = Pass.objects.of(resident).select_related("credential", "neighborhood").prefetch_related("gates")
    return get_object_or_404(mine, pk=pk)
