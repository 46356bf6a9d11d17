"""New resident: name, dwelling, as what, from when, and a card or a PIN. One page, one act.

No phone, no photo and no identity number: there is no field for them (A4).
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from access import rules
from portal import arrivals
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from portal.screens.desk.forms import TYPED, DeskForm, card_field
from portal.screens.ways import listed
from residents import finding, moving
from residents.ages import MINOR, years_before
from residents.importing.identity import has_identity
from residents.models import Neighborhood, Occupancy, Unit

FURTHEST_DAYS = 366
REFUSED_CARD = {
    "taken": gettext_lazy("Somebody has this card. Take another one, or leave this empty."),
    "number": gettext_lazy("This is no card number. Tap the card again, or leave this empty."),
}


class NewcomerForm(DeskForm):
    dwelling = forms.CharField(
        label=gettext_lazy("Dwelling"),
        help_text=gettext_lazy("1-301 or 1 幢 301"),
        max_length=finding.LONGEST,
        widget=forms.TextInput(attrs=TYPED),
    )
    name = forms.CharField(
        label=pgettext_lazy("of a person", "name"),
        help_text=gettext_lazy(
            "As they want to be called on letters. No document number, no phone, no photo."
        ),
        max_length=100,
        widget=forms.TextInput(attrs=TYPED),
    )
    tenure = forms.ChoiceField(label=gettext_lazy("As what"), choices=[("", "—"), *Occupancy.Tenure.choices])
    since = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    born = forms.DateField(
        label=gettext_lazy("Date of birth, only if under 18"),
        help_text=gettext_lazy("For everybody else leave it empty."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    card = card_field(
        label=gettext_lazy("Card"),
        help_text=gettext_lazy("Tap it on the reader. Left empty, a PIN is lent until there is a card."),
    )

    def __init__(self, *args: Any, neighborhood: Neighborhood, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.neighborhood, self.on = neighborhood, on

    def clean_dwelling(self) -> Unit:
        found = finding.dwellings(self.cleaned_data["dwelling"], neighborhood=self.neighborhood)
        if not found:
            raise forms.ValidationError(_("There is no such dwelling here. Write building and number."))
        units = list(Unit.objects.filter(pk__in=found).select_related("building", "neighborhood"))
        if len(units) > 1:
            names = listed(sorted(str(unit) for unit in units))
            raise forms.ValidationError(_("Which one? Write it whole: %(names)s") % {"names": names})
        return units[0]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise forms.ValidationError(_("Write the name."))
        if has_identity(name):
            raise forms.ValidationError(_("Write the name alone, without the number of a document."))
        return name

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if abs((since - self.on).days) > FURTHEST_DAYS:
            raise forms.ValidationError(_("Within a year of today, please."))
        return since

    def clean_born(self) -> date | None:
        born: date | None = self.cleaned_data["born"]
        if born is None:
            return None
        if born > self.on:
            raise forms.ValidationError(_("That day is still to come."))
        if born <= years_before(self.on, MINOR):
            raise forms.ValidationError(_("They are 18 or older: leave it empty. It is kept of minors only."))
        return born


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", "manage_access")
@sensitive_variables("arrival")
def newcomer(request: StaffRequest) -> HttpResponse:
    on = today(request)
    form = NewcomerForm(request.POST or None, neighborhood=request.neighborhood, on=on, initial={"since": on})
    if request.method == "GET" or not form.is_valid():
        return render(request, "desk/new.html", {"form": form})
    given = form.cleaned_data
    try:
        arrival = arrivals.arrive(
            unit=given["dwelling"],
            name=given["name"],
            tenure=Occupancy.Tenure(given["tenure"]),
            since=given["since"],
            born=given["born"],
            card=given["card"],
            by=request.user,
            at=request.at,
        )
    except arrivals.LivesThereAlready:
        form.add_error(
            "name", _("Somebody of this name lives there already. Find them by dwelling and name.")
        )
    except moving.CardRefused as refused:
        form.add_error("card", REFUSED_CARD[refused.reason])
    except moving.CardNeeded:
        form.add_error("card", _("No gate of this dwelling has a keypad, so give a card."))
    except moving.MovingRefused:
        form.add_error("since", _("That cannot be: look at the dwelling and the day again."))
    else:
        return _welcome(request, arrival)
    return render(request, "desk/new.html", {"form": form})


def _welcome(request: StaffRequest, arrival: arrivals.Arrival) -> HttpResponse:
    gates = rules.gates_of(resident=arrival.resident, at=request.at)

    def build() -> slips.Slip:
        opens = slips.where_a_pin_opens(gates, request.neighborhood.guard_phone)
        if not arrival.way_in.pin:
            names = [gate.display_name for gate in gates if gate.in_service]
            opens = (
                [_("Your card opens: %(gates)s.") % {"gates": listed(names)}]
                if names
                else slips.where_a_pin_opens([], "")
            )
        first = date_format(arrival.occupancy.since, "DATE_FORMAT")
        return slips.Slip(
            title=_("Welcome"),
            done=[_("You are on the register from %(day)s.") % {"day": first}],
            keys=slips.keys_of(arrival.way_in) if arrival.way_in.pin else [],
            next=[
                *(
                    opens
                    if arrival.occupancy.since <= today(request)
                    else [_("Your way in opens from that day on.")]
                ),
                *(
                    [_("The PIN works until you are given a card. Tell it to nobody.")]
                    if arrival.way_in.pin
                    else []
                ),
                _("You need no phone and no photo. A letter opens an account for you, if you want one."),
            ],
        )

    further = [(_("To this person, and their letter"), _person(arrival.resident.pk))]
    return slips.show(request, build, of=arrival.resident, further=further)


def _person(pk: UUID) -> str:
    return reverse("desk_person", args=[pk])
