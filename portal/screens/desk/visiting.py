"""Visitor: a pass made for a resident who asks at the desk or rings. It is theirs: they see it, and they end it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from access import passes
from access.models import Gate, Pass
from portal.screens import visitors
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only
from portal.screens.desk.finding import about
from portal.screens.desk.forms import DeskForm, known_by_field
from residents import deskwork
from residents.models import DeskAct, Resident
from residents.sent_once import TokenField

KnownBy = DeskAct.KnownBy
ALL = "all"
AGAIN_FOR = timedelta(hours=1)
TRIP, TODAY, DAY = "trip", "today", "day"
REFUSED: dict[type[passes.PassRefused], Any] = {
    passes.InThePast: gettext_lazy("That day is over. Choose one that is still to come."),
    passes.EndsBeforeItBegins: gettext_lazy("That day is over. Choose one that is still to come."),
    passes.TooLong: gettext_lazy("A pass lasts thirty days at most. Choose an earlier day."),
    passes.TooMany: gettext_lazy(
        "They have twenty passes that still work. They end one first, on their own page."
    ),
    passes.NoGate: gettext_lazy(
        "No gate of theirs takes a code. Let the visitor in at the gate when they come."
    ),
    passes.MadeAlready: gettext_lazy("That pass was made. For another one, open this page anew."),
    passes.GateNotTheirs: gettext_lazy("This gate is not theirs any more. Choose again."),
}


class VisitForm(DeskForm):
    known_by = known_by_field(KnownBy.IN_PERSON, KnownBy.RANG_BACK, KnownBy.VOICE)
    stay = forms.ChoiceField(
        label=gettext_lazy("For how long?"),
        choices=[
            (TRIP, gettext_lazy("one trip within two hours, such as a courier")),
            (TODAY, gettext_lazy("until tonight")),
            (DAY, gettext_lazy("up to and including another day:")),
        ],
        widget=forms.RadioSelect,
    )
    day = forms.DateField(
        label=gettext_lazy("That day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    through = forms.ChoiceField(label=gettext_lazy("Through which gates?"))
    token = TokenField()

    def __init__(self, *args: Any, theirs: list[Gate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theirs = {str(gate.pk): gate for gate in theirs}
        offered = [(pk, gate.display_name) for pk, gate in self.theirs.items()]
        self.fields["through"].choices = [(ALL, _("All gates of theirs")), *offered]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("stay") == DAY and not given.get("day") and "day" not in self.errors:
            self.add_error("day", _("Write the last day of the visit."))
        return given

    def gates(self) -> list[Gate]:
        chosen = self.theirs.get(self.cleaned_data["through"])
        return list(self.theirs.values()) if chosen is None else [chosen]


@require_http_methods(["GET", "POST"])
@staff_only("view_register", "manage_access")
def visitor(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_or_404(request, person)
    theirs = passes.gates_for_visitors(resident=found, at=request.at)
    form = VisitForm(request.POST or None, theirs=theirs)
    context = about(request, found) | {"form": form, "gates": theirs}
    if request.method == "GET" or not form.is_valid():
        return render(request, "desk/visitor.html", context)
    try:
        made = _make(request, found, form)
    except passes.PassRefused as refused:
        form.add_error("day" if form.cleaned_data["stay"] == DAY else None, REFUSED[type(refused)])
        return render(request, "desk/visitor.html", context)
    return _shown(request, made)


@transaction.atomic
def _make(request: StaffRequest, found: Resident, form: VisitForm) -> Pass:
    """Raises: passes.PassRefused"""
    given = form.cleaned_data
    if before := passes.sent_before(resident=found, token=given["token"]):
        if not _is_shown_again(before, request):
            raise passes.MadeAlready
        return before
    deskwork.note(
        resident=found,
        act=DeskAct.Act.PASS_MADE,
        known_by=KnownBy(given["known_by"]),
        by=request.user,
        perm="manage_access",
        at=request.at,
    )
    if given["stay"] == TRIP:
        return passes.one_trip(
            resident=found,
            gates=form.gates(),
            on_behalf_by=request.user,
            token=given["token"],
            at=request.at,
        )
    last = timezone.localdate(request.at) if given["stay"] == TODAY else given["day"]
    ends = datetime.combine(
        last + timedelta(days=1), time.min, tzinfo=ZoneInfo(request.neighborhood.time_zone)
    )
    return passes.make(
        resident=found,
        gates=form.gates(),
        valid_from=request.at,
        valid_until=ends,
        on_behalf_by=request.user,
        token=given["token"],
        at=request.at,
    )


def _is_shown_again(before: Pass, request: StaffRequest) -> bool:
    """A page that is loaded anew: to who made it, while the paper may be jammed."""
    theirs = before.made_by_id == request.user.pk
    return theirs and not before.is_over(request.at) and request.at - before.made_at < AGAIN_FOR


def _shown(request: StaffRequest, made: Pass) -> HttpResponse:
    """For the visitor, so in both languages whatever the host speaks."""
    shown = visitors.slip(made)
    lines = {part["language"]: part["lines"] for part in shown["parts"]}

    def build() -> slips.Slip:
        keys = []
        if shown["number"]:
            keys = [
                slips.Key(_("First the keypad number"), shown["number"]),
                slips.Key(_("then the PIN, and #"), shown["pin"]),
            ]
        return slips.Slip(
            title=_("Visitor pass"), keys=keys, next=lines[str(get_language())], picture=shown["picture"]
        )

    aside = _("By phone, say the numbers. The resident sees this pass on their own page and can end it.")
    return slips.show(request, build, aside=aside)
