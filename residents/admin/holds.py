"""Legal holds on the desk: asked for by one who has a document in hand, and confirmed by a second who has read it too."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import holds
from residents.acts import Act, Refused, Words
from residents.admin import handing_out
from residents.admin.living import account, page_of, slip
from residents.desk import ScopedAdmin, ScopedFilter, add_act, moment
from residents.models import Hold, Neighborhood, Resident
from residents.models.holding import SCOPES

ASKED = Hold.Asked
REFUSED: dict[str, Words] = {
    "words": _("Fill in every field; and a law that forbids to tell the person only with the day on which they are told."),
    "dates": _("The last day is one to come, three years ahead at most; the person is told before it, within half a year."),
    "closed": _("That step is not open now. See the state."),
    "open_already": _("Something is asked for already. A second confirms it, or it is taken back first."),
    "own": _("Nobody decides about themself here."),
    "same_person": _("Somebody else must do this: one of the staff is not two."),
    "erased": _("They were deleted. Nothing is left to keep."),
}  # fmt: skip


class HoldForm(forms.Form):
    name = forms.CharField(
        label=_("what it is called"), max_length=100, help_text=_("The person reads this.")
    )
    reason = forms.CharField(label=_("why"), max_length=500, help_text=_("The person reads this."))
    basis = forms.CharField(label=_("by which law"), max_length=200, help_text=_("Its name and article."))
    document = forms.CharField(
        label=_("which document asks for it, and where it is kept"),
        max_length=200,
        help_text=_("No scan, and no number of anybody."),
    )
    ends_on = forms.DateField(
        label=_("last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("On the day after it ends, whatever anybody does."),
    )
    entries = forms.BooleanField(label=_("entry records"), required=False)
    ways = forms.BooleanField(label=_("cards and visits that have ended"), required=False)
    requests = forms.BooleanField(label=_("what was asked and answered"), required=False)
    untold_because = forms.CharField(
        label=_("which law forbids to tell the person"),
        max_length=300,
        required=False,
        help_text=_("Leave it empty, and they are told at once. A wish is no law."),
    )
    tell_on = forms.DateField(
        label=_("told on this day at the latest"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


def _begins(day: date, here: Neighborhood) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(here.time_zone))


def _propose(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    here = resident.neighborhood
    ends_on, tell_on = given.pop("ends_on"), given.pop("tell_on")
    scopes = [scope for scope in SCOPES if given.pop(scope)]
    try:
        holds.propose(
            resident=resident,
            by=account(request),
            # The last day is whole.
            ends_at=_begins(date.fromordinal(ends_on.toordinal() + 1), here),
            tell_by=_begins(tell_on, here) if tell_on else None,
            scopes=scopes,
            at=moment(request),
            **given,
        )
    except holds.HoldRefused as refused:
        raise Refused(REFUSED[refused.reason]) from refused


def _ask(what: Hold.Asked) -> Any:
    def run(request: HttpRequest, hold: Hold, given: dict[str, Any]) -> None:
        try:
            holds.ask(hold=hold, what=what, by=account(request), at=moment(request))
        except holds.HoldRefused as refused:
            raise Refused(REFUSED[refused.reason]) from refused

    return run


def _confirm(request: HttpRequest, hold: Hold, given: dict[str, Any]) -> None:
    try:
        holds.confirm(hold=hold, by=account(request), at=moment(request))
    except holds.HoldRefused as refused:
        raise Refused(REFUSED[refused.reason]) from refused


def _take_back(request: HttpRequest, hold: Hold, given: dict[str, Any]) -> HttpResponse | None:
    try:
        holds.take_back(hold=hold, by=account(request), at=moment(request))
    except holds.HoldRefused as refused:
        raise Refused(REFUSED[refused.reason]) from refused
    if _stands(hold):
        return None
    return HttpResponseRedirect(reverse("admin:residents_hold_changelist"))


def _print(request: HttpRequest, hold: Hold, given: dict[str, Any]) -> HttpResponse:
    """What their page says, for whoever has no account."""
    if hold.told_at is None:
        raise Refused(_("They may not know of it yet: a law forbids it so far."))
    ends = hold.ended_at or hold.held_until or hold.ends_at
    said = [
        (_("Number of the person"), str(hold.resident_id)[:8]),
        (_("What it is called"), hold.name),
        (_("Why"), hold.reason),
        (_("By which law"), hold.basis),
        (_("On which document"), hold.document),
        (_("What is kept"), ", ".join(hold.covers_in_words)),
        (
            _("Ended") if hold.ended_at else _("Ends by itself, unless two of the staff confirm it anew"),
            _day(ends),
        ),
        (_("Over at the latest"), _day(hold.ends_at)),
    ]
    handed = hold.handed_out.handed().order_by("handed_at")
    said += [
        (_("Handed out"), f"{each.to} · {each.order} · {_day(each.handed_at)}")
        for each in handed
        if each.handed_at
    ]
    if hold.untold_because:
        said.append((_("Why you were not told earlier"), hold.untold_because))
    lines: list[Words] = [
        *(format_lazy("{}: {}", word, value) for word, value in said),
        gettext(
            "Only what would have been deleted is kept, as a sealed copy that nobody reads. Face data is never kept. When it ends, everything goes at once."
        ),
    ]
    return slip(request, page_of(Hold), hold, gettext("What the law wants kept"), lines)


def _day(at: datetime) -> str:
    return date_format(localtime(at), "DATE_FORMAT")


add_act(
    Resident,
    Act(slug="hold", label=_("A law wants something kept"), perms=(holds.PERM,), form=HoldForm, run=_propose,
        explained=_("You have the document in your hand. A second of the staff reads it as well, and the person is told. What would be deleted is then sealed, and nobody reads it. Face data is never kept."),
        when=lambda resident: resident.erased_at is None),
)  # fmt: skip


def _stands(hold: Hold) -> bool:
    return hold.held_until is not None and hold.ended_at is None


@admin.register(Hold)
class HoldAdmin(ScopedAdmin[Hold]):
    """What it says and until when. Of what it keeps, nothing: that is read by nobody."""

    view_perms = (holds.PERM, "audit")
    list_display = ("short_id", "called", "person", "state", "held_until", "ends_at")
    list_filter = (("neighborhood", ScopedFilter),)
    ordering = ("-proposed_at", "pk")
    fields = (
        *("person", "name", "state", "reason", "basis", "document", "covered", "proposed_at", "held_until"),
        *("ends_at", "untold_because", "tell_by", "told_at", "ended_at", "handed_out"),
    )
    readonly_fields = fields
    acts = (
        Act(slug="confirm", label=_("I have read the document too"), perms=(holds.PERM,), run=_confirm,
            explained=_("You are the second, and say the same as the first: to begin it, to go on with it for ninety days, or to end it."),
            when=lambda hold: bool(hold.asked) and hold.ended_at is None),
        Act(slug="renew", label=_("It is needed longer"), perms=(holds.PERM,), run=_ask(ASKED.RENEW),
            explained=_("A second confirms it. Never beyond its last day."),
            when=lambda hold: _stands(hold) and not hold.asked),
        Act(slug="release", label=_("It is needed no more"), perms=(holds.PERM,), run=_ask(ASKED.RELEASE),
            explained=_("When a second has confirmed it, everything that was kept is deleted at once."),
            when=lambda hold: _stands(hold) and not hold.asked),
        Act(slug="take-back", label=_("It is not asked for any more"), perms=(holds.PERM,), run=_take_back,
            explained=_("What was only proposed is deleted. What stands goes on until its day."),
            when=lambda hold: bool(hold.asked) and hold.ended_at is None),
        Act(slug="print", label=_("Print it for the person"), perms=(holds.PERM,), run=_print,
            explained=_("For whoever has no account. It says what their page would."),
            when=lambda hold: hold.told_at is not None),
        *handing_out.ACTS,
    )  # fmt: skip

    @admin.display(description=_("number"))
    def short_id(self, hold: Hold) -> str:
        return str(hold.pk)[:8]

    @admin.display(description=_("what it is called"))
    def called(self, hold: Hold) -> str:
        return hold.name

    @admin.display(description=_("person"))
    def person(self, hold: Hold) -> str:
        return str(hold.resident_id)[:8]

    @admin.display(description=_("state"))
    def state(self, hold: Hold) -> str:
        if hold.ended_at:
            return gettext("ended")
        state = gettext("in force") if hold.held_until else gettext("proposed")
        if not hold.asked:
            return state
        asked = gettext("a second is asked %(what)s") % {"what": hold.get_asked_display()}
        return f"{state} · {asked}"

    @admin.display(description=_("handed out"))
    def handed_out(self, hold: Hold) -> str:
        return handing_out.lines(hold)

    @admin.display(description=_("what is kept"))
    def covered(self, hold: Hold) -> str:
        return ", ".join(hold.covers_in_words)
