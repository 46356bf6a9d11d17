"""Who lives here: those of my own dwellings, whom I help and who helps me, and my own moving out.

People of one dwelling are not always a family (law 6): flats are shared by strangers, and a live-in helper works for
strangers. Names are shown within a family only: the owners who live there, or the one tenant, and who lives there as
family. Everybody else is seen as on the notice board, by family name, and as what; nobody sees a day, a birthday, a
phone number or a way in of anybody. A landlord who does not live there sees nothing here at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens.entrance import ResidentRequest, resident_only
from residents import ages, departures, leaving, moving, standing_by
from residents.ages import today_in
from residents.lookups import masked_name
from residents.models import Departure, Guardianship, Helper, MoveOut, Occupancy, Resident

Tenure = Occupancy.Tenure

MOVE_REFUSED = {
    moving.LivesNotThere: gettext_lazy("You do not live there any more; nothing is left to end."),
    moving.EndsAlready: gettext_lazy("It ends on that day as it is, or before."),
    moving.InThePast: gettext_lazy("That day is over. Choose today or a day to come."),
    moving.TooFar: gettext_lazy("That is more than a year ahead. Come back when it is nearer."),
    moving.LivesThereAlready: gettext_lazy(
        "Other days of yours there are written down already; those stand."
    ),
    moving.TooLate: gettext_lazy(
        "The day has come, so it cannot be called off. The property office can let you move in again."
    ),
}
HELPER_REFUSED = {
    "self": gettext_lazy("That is your own number. Ask the person for theirs."),
    "minor": gettext_lazy("Helpers are adults, named by adults."),
    "already": gettext_lazy("They are your helper already."),
    "too_many": gettext_lazy("You have five helpers. End one before you name another."),
    "elsewhere": gettext_lazy("Nobody here has this number. Ask for it once more."),
    "left": gettext_lazy("They do not live here any more."),
}
ASK_REFUSED = {
    "open_already": gettext_lazy("Somebody has said so already. The property office knows."),
    "lives_not_there": gettext_lazy("They do not live there any more."),
    "words": gettext_lazy("Write what you know, in a few words."),
    "minor": gettext_lazy("Ask an adult of your household to say so, or go to the property office together."),
}


class LeaveForm(forms.Form):
    """Nothing is chosen beforehand."""

    when = forms.ChoiceField(
        label=gettext_lazy("When do you move out?"),
        choices=[
            ("now", gettext_lazy("I have moved out: end it now")),
            ("day", gettext_lazy("After the day that I write below")),
        ],
        widget=forms.RadioSelect,
    )
    last_day = forms.DateField(
        label=gettext_lazy("The last day on which you need to get in"),
        help_text=gettext_lazy("Until midnight of that day your ways to get in work as always."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("when") == "day" and not given.get("last_day") and not self.errors:
            self.add_error("last_day", _("Write the day, for example 2027-03-31."))
        return given

    def on(self, today: date) -> date:
        """The first day on which they do not live there."""
        day: date = self.cleaned_data["last_day"] or today
        return today if self.cleaned_data["when"] == "now" else ages.day_after(day)


class HelperForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("The number of the person who is to help you"),
        help_text=gettext_lazy("They find it on this same page. Eight letters and digits."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )


class AskForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("What do you know?"),
        help_text=gettext_lazy("They will read it, word for word."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_safe
@resident_only
def household(request: ResidentRequest) -> HttpResponse:
    return _page(request, HelperForm())


@require_http_methods(["GET", "POST"])
@resident_only
def leave(request: ResidentRequest) -> HttpResponse:
    resident, at = request.resident, timezone.now()
    today = today_in(resident.neighborhood, at)
    lived = list(_lived(resident, today))
    form = LeaveForm(request.POST if request.method == "POST" else None)
    if lived and form.is_valid():
        try:
            moving.move_out(resident=resident, on=form.on(today), by=request.user, at=at)
        except moving.MovingRefused as refused:
            form.add_error(None, str(MOVE_REFUSED[type(refused)]))
        else:
            return redirect("home" if form.on(today) <= today else "household")
    grace = date_format(timezone.localtime(at + leaving.GRACE[Resident.Left.MOVED_OUT]), "DATE_FORMAT")
    context = {"form": form, "dwellings": [str(each.unit) for each in lived], "grace": grace}
    return render(request, "leave.html", context)


@require_POST
@resident_only
def call_off(request: ResidentRequest, plan: UUID) -> HttpResponse:
    found = get_object_or_404(MoveOut, pk=plan, resident=request.resident)
    try:
        moving.call_off(move_out=found, by=request.user, at=timezone.now())
    except (moving.TooLate, moving.LivesThereAlready) as refused:
        messages.warning(request, str(MOVE_REFUSED[type(refused)]))
    else:
        messages.success(request, _("Called off. Everything is as it was."))
    return redirect("household")


@require_POST
@resident_only
def stay(request: ResidentRequest, occupancy: UUID) -> HttpResponse:
    found = get_object_or_404(Occupancy, pk=occupancy, resident=request.resident)
    try:
        moving.stay_on(occupancy=found, by=request.user, at=timezone.now())
    except moving.LivesThereAlready as refused:
        messages.warning(request, str(MOVE_REFUSED[type(refused)]))
    except moving.TooLate:
        messages.warning(request, _("That day is over. The property office can let you move in again."))
    else:
        messages.success(request, _("Written down: you go on living here."))
    return redirect("household")


@require_POST
@resident_only
def put_right(request: ResidentRequest) -> HttpResponse:
    try:
        way_in = moving.put_right(resident=request.resident, by=request.user, at=timezone.now())
    except moving.TooLate:
        messages.warning(request, _("There is nothing to put right. Ask at the property office."))
    else:
        messages.success(request, _("You live here again, and your ways to get in work from now on."))
        if way_in.pin:
            messages.info(
                request,
                _("Until you have a card: type %(number)s, then %(pin)s, then #. It is shown only now.")
                % {"number": way_in.number, "pin": way_in.pin},
            )
    return redirect("home")


@require_POST
@resident_only
def name_helper(request: ResidentRequest) -> HttpResponse:
    form = HelperForm(request.POST)
    if form.is_valid():
        other = standing_by.by_number(request.resident, form.cleaned_data["number"])
        try:
            if other is None:
                raise standing_by.StandingByRefused("elsewhere")
            standing_by.name_helper(
                resident=request.resident, helper=other, by=request.user, at=timezone.now()
            )
        except standing_by.StandingByRefused as refused:
            form.add_error("number", str(HELPER_REFUSED[refused.reason]))
        else:
            messages.success(request, _("%(name)s is your helper now.") % {"name": masked_name(other)})
            return redirect("household")
    return _page(request, form)


@require_POST
@resident_only
def end_helper(request: ResidentRequest, helper: UUID) -> HttpResponse:
    mine = Helper.objects.filter(resident=request.resident) | Helper.objects.filter(helper=request.resident)
    found = get_object_or_404(mine.select_related("resident", "helper"), pk=helper)
    standing_by.end_helper(helper=found, by=request.user, at=timezone.now())
    messages.success(request, _("Ended."))
    return redirect("household")


@require_http_methods(["GET", "POST"])
@resident_only
def ask(request: ResidentRequest, occupancy: UUID) -> HttpResponse:
    """About somebody of my own dwelling, or of one that is mine."""
    at = timezone.now()
    today = today_in(request.resident.neighborhood, at)
    homes = _lived(request.resident, today).filter(since__lte=today).values("unit")
    others = Occupancy.objects.current(today).filter(unit__in=homes).exclude(resident=request.resident)
    found = get_object_or_404(others.select_related("resident__neighborhood", "unit__building"), pk=occupancy)
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            departures.ask(occupancy=found, by=request.resident, words=form.cleaned_data["words"], at=at)
        except departures.DepartureRefused as refused:
            form.add_error(None, str(ASK_REFUSED[refused.reason]))
        else:
            messages.success(
                request, _("Passed on. Nothing changes for anybody before they have been heard.")
            )
            return redirect("household")
    names = _names(request.resident, [found, *_of_units([found.unit_id], today)])
    return render(request, "ask.html", {"form": form, "name": names[found.pk], "dwelling": str(found.unit)})


def waiting(*, resident: Resident) -> list[dict[str, Any]]:
    """What was said about me and is not settled, for the home page. One query."""
    open_ = Departure.objects.open().filter(resident=resident).select_related("occupancy__unit__building")
    return [
        {
            "url": reverse("departure", args=[each.pk]),
            "dwelling": str(each.occupancy.unit),
            "until": each.notice_until if each.state == Departure.State.NOTICE else None,
            "disputed": each.state == Departure.State.DISPUTED,
        }
        for each in open_.order_by("-opened_at")
    ]


def left(*, resident: Resident) -> dict[str, Any] | None:
    """For who lives nowhere here any more: since when, until when they may sign in, and whether it can be put right."""
    if resident.left_at is None:
        return None
    return {
        "since": resident.left_at,
        "until": leaving.grace_ends(resident),
        "can_put_right": bool(moving.by_a_slip(resident)),
    }


def _page(request: ResidentRequest, form: HelperForm) -> HttpResponse:
    resident, at = request.resident, timezone.now()
    today = today_in(resident.neighborhood, at)
    context = {
        "form": form,
        "dwellings": _dwellings(resident, today),
        "number": standing_by.number_of(resident),
        "may_name": not ages.is_under(resident, ages.MINOR, today),
        "helpers": _helpers(Helper.objects.current(today).filter(resident=resident), "helper"),
        "helping": _helpers(Helper.objects.current(today).filter(helper=resident), "resident"),
        "children": _children(resident, today),
        "said": waiting(resident=resident),
    }
    return render(request, "living.html", context)


def _lived(resident: Resident, today: date) -> Any:
    found = Occupancy.objects.standing(today).filter(resident=resident)
    return found.select_related("unit__building").order_by("since", "pk")


def _of_units(units: Collection[UUID], today: date) -> list[Occupancy]:
    found = Occupancy.objects.current(today).filter(unit__in=units)
    return list(found.select_related("resident").order_by("since", "pk"))


def _dwellings(resident: Resident, today: date) -> list[dict[str, Any]]:
    """Three queries, however many live there."""
    mine = list(_lived(resident, today))
    plans = {plan.occupancy_id: plan for plan in MoveOut.objects.planned().filter(resident=resident)}
    by_unit: dict[UUID, list[Occupancy]] = defaultdict(list)
    # Whoever comes to live there later does not see today who does.
    for each in _of_units([own.unit_id for own in mine if own.since <= today], today):
        by_unit[each.unit_id].append(each)
    return [
        {
            "name": str(own.unit),
            "occupancy": own.pk,
            "until": own.until - timedelta(days=1) if own.until else None,
            "plan": plans[own.pk].pk if own.pk in plans else None,
            "people": _people(resident, by_unit[own.unit_id]),
        }
        for own in mine
    ]


def _people(me: Resident, lived: list[Occupancy]) -> list[dict[str, Any]]:
    names = _names(me, lived)
    return [
        {
            "name": names[each.pk],
            "as_what": each.get_tenure_display(),
            "me": each.resident_id == me.pk,
            "ask": reverse("ask_departure", args=[each.pk]) if each.resident_id != me.pk else "",
        }
        for each in lived
    ]


def _names(me: Resident, lived: list[Occupancy]) -> dict[UUID, str]:
    """In full within a family; as on the notice board beyond it."""
    head = {each.resident_id for each in lived if each.tenure == Tenure.OWNER}
    if not head:
        tenants = {each.resident_id for each in lived if each.tenure == Tenure.TENANT}
        head = tenants if len(tenants) == 1 else set()
    # Where nobody can say whose family it is, it is nobody's to see.
    family = head | {each.resident_id for each in lived if each.tenure == Tenure.FAMILY} if head else set()
    return {
        each.pk: each.resident.name
        if each.resident_id == me.pk or {each.resident_id, me.pk} <= family
        else masked_name(each.resident)
        for each in lived
    }


def _helpers(found: Any, whom: str) -> list[dict[str, Any]]:
    return [
        {"pk": each.pk, "name": masked_name(getattr(each, whom)), "since": each.since}
        for each in found.select_related(whom).order_by("since", "pk")
    ]


def _children(resident: Resident, today: date) -> list[dict[str, Any]]:
    wards = Guardianship.objects.current(today).filter(guardian=resident).select_related("child")
    return [
        {"pk": each.child.pk, "name": each.child.name, "until": ages.birthday(each.child.born, ages.GUARDED)}
        for each in wards.order_by("child__born", "pk")
        if each.child.born
    ]
