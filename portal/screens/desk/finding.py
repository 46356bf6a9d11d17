"""Find a person: the first task, and the beginning of those that are about somebody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import cards, reporting
from access.models import Credential
from portal.screens.desk import slips
from portal.screens.desk.card_forms import since
from portal.screens.desk.entrance import StaffRequest, capacity, person_or_404, staff_only, today
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.ways import listed
from residents import approving, finding, lookups, standing_by
from residents.admin.people import ReasonForm
from residents.models import Resident

# Where each task goes on once somebody is chosen, and by which right.
TASKS = {
    "find": ("desk_person", gettext_lazy("Find a person")),
    "lost": ("desk_lost_of", gettext_lazy("Lost card: whose?")),
    "card": ("desk_card_of", gettext_lazy("Add a card")),
    "visitor": ("desk_visitor_of", gettext_lazy("Visitor: of whom?")),
}
# What there is to practise with somebody who is not real; other pages of the desk know real people only.
PRACTISED = ("desk_lost_of", "desk_visitor_of")


class GuessedOften(Exception):
    """Too many names or phones in a row; it takes a card or a number now."""


class FindForm(DeskForm):
    what = forms.CharField(
        label=gettext_lazy("Dwelling, resident number, card or phone"),
        help_text=gettext_lazy("1-301, 1 幢 301, or tap a card on the reader. A phone number in full."),
        max_length=finding.LONGEST,
        widget=forms.TextInput(attrs=TYPED),
    )
    name = forms.CharField(
        label=gettext_lazy("Name, if they say it"),
        help_text=gettext_lazy("In full, and only beside the dwelling. Never ask whether a name is right."),
        required=False,
        max_length=finding.LONGEST,
        widget=forms.TextInput(attrs=TYPED),
    )


class LookUpForm(ReasonForm, DeskForm):
    pass


@require_http_methods(["GET", "POST"])
@staff_only("view_register")
def find(request: StaffRequest, task: str = "find") -> HttpResponse:
    """What is asked is sent as a form: it stands in no address and in no log."""
    form = FindForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "title": TASKS[task][1], "task": task}
    if request.method == "GET" or not form.is_valid():
        return render(request, "desk/find.html", context)
    name = form.cleaned_data["name"]
    try:
        people, homes = _found(request, form.cleaned_data["what"], name)
    except GuessedOften:
        words = _("That was tried several times. Ask for the card or the resident number instead.")
        form.add_error("name" if name else "what", words)
        return render(request, "desk/find.html", context)
    everybody = people + [each for home in homes for each in home.people]
    if len(set(everybody)) == 1:
        return redirect(TASKS[task][0], person=everybody[0].pk)
    rows = _rows(request, people, homes, TASKS[task][0])
    return render(request, "desk/find.html", context | {"rows": rows, "asked": True})


@require_safe
@staff_only("view_register")
def person(request: StaffRequest, person: UUID) -> HttpResponse:
    return _page(request, person_or_404(request, person), LookUpForm())


@require_POST
@staff_only("look_up")
def look_up(request: StaffRequest, person: UUID) -> HttpResponse:
    found, form = person_or_404(request, person), LookUpForm(request.POST)
    approved = approving.approved(resident=found, by=request.user, at=request.at)
    if approved is None and not form.is_valid():
        return _page(request, found, form)
    try:
        lookups.look_up_or_ask(
            resident=found,
            by=request.user,
            reason="" if approved else form.cleaned_data["reason"],
            capacity=capacity(request, "look_up"),
            at=request.at,
        )
    except lookups.LooksSpent as spent:
        form.add_error(None, looks_spent(spent))
        return _page(request, found, form)
    return redirect("desk_person", person=found.pk)


@require_POST
@staff_only("view_register")
def slip(request: StaffRequest, person: UUID) -> HttpResponse:
    """Their number, so that next time they need to say no name."""
    found = person_or_404(request, person)

    def build() -> slips.Slip:
        return slips.Slip(
            title=_("Your number on the register"),
            keys=[slips.Key(_("Resident number"), short(found))],
            next=[
                _("Say it at the desk, and nobody needs to ask your name."),
                _("It opens no gate and no account, so it is no secret."),
            ],
        )

    return slips.show(request, build, of=found)


def looks_spent(spent: lookups.LooksSpent) -> str:
    """What to do instead."""
    return _(
        "You have looked at people’s details %(most)s times, as often as one may in that time. You can look again from"
        " %(again)s. What you typed is still here. If it cannot wait, a colleague can look; if a life is in danger, open"
        " it as an emergency on the person’s page."
    ) % {"most": spent.most, "again": date_format(localtime(spent.again_at), "DATETIME_FORMAT")}


def short(resident: Resident) -> str:
    return str(resident.pk)[:8]


def dwelling_of(request: StaffRequest, resident: Resident) -> str:
    lived = resident.occupancies.current(today(request)).select_related("unit__building")
    return listed(str(each.unit) for each in lived.order_by("since"))


def about(request: StaffRequest, found: Resident) -> dict[str, Any]:
    """Whom it is about, masked unless a look-up is open; the phone too, to ring back on."""
    opened = lookups.is_open(resident=found, by=request.user, at=request.at)
    name, phone = (
        lookups.details(resident=found, by=request.user, at=request.at)
        if opened
        else (lookups.masked_name(found), "")
    )
    return {
        "person": found,
        "name": name,
        "phone": phone,
        "opened": opened,
        "has_phone": found.phone_sealed is not None,
        "may_look_up": "look_up" in request.rights,
        "in_danger": {"look_up", "view_register"} <= request.rights and not request.neighborhood.practice,
        "minor": approving.is_minor(found, request.at),
        "number": short(found),
        "dwelling": dwelling_of(request, found),
    }


def _page(request: StaffRequest, found: Resident, form: LookUpForm) -> HttpResponse:
    context = about(request, found)
    context |= {
        "may_see_ways": "manage_access" in request.rights,
        "ways": _ways(found) if "manage_access" in request.rights else [],
        "may_be_lent": "manage_access" in request.rights and reporting.may_be_lent(found),
        "tasks": _tasks(request, found),
        # Offered for everybody without an account, so that the button itself says nothing.
        "may_be_told": "manage_register" in request.rights and found.user_id is None,
        "form": form if context["may_look_up"] and (form.errors or not context["opened"]) else None,
    }
    if context["minor"]:
        context |= _minor(request, found)
    return render(request, "desk/person.html", context)


def _minor(request: StaffRequest, found: Resident) -> dict[str, Any]:
    """How far an approval has come; and who decides for a child, whose phone is the one to ring."""
    asked = approving.waiting(neighborhood=request.neighborhood, at=request.at)
    return {
        "asked": asked.filter(resident=found, asked_by=request.user, event=None).first(),
        "approved": approving.approved(resident=found, by=request.user, at=request.at),
        "guardians": [
            {
                "name": lookups.masked_name(each),
                "number": short(each),
                "url": reverse("desk_person", args=[each.pk]),
            }
            for each in standing_by.guardians_of(found, request.at)
        ],
    }


def _tasks(request: StaffRequest, found: Resident) -> list[dict[str, Any]]:
    offered = (
        ("desk_lost_of", "manage_access", "card", _("Lost card")),
        ("desk_visitor_of", "manage_access", "bell", _("Visitor")),
        ("desk_card_of", "manage_access", "key", _("Add a card")),
        ("desk_letters_of", "manage_register", "send", _("Letters")),
        ("desk_paper_of", "manage_register", "file", _("Form on paper")),
        ("desk_request_of", "manage_register", "question", _("Request about their data")),
    )
    tasks = []
    for name, perm, icon, words in offered:
        if perm in request.rights and not (request.neighborhood.practice and name not in PRACTISED):
            tasks.append({"url": reverse(name, args=[found.pk]), "icon": icon, "words": words})
    return tasks


def _ways(found: Resident) -> list[dict[str, Any]]:
    plain = Credential.objects.active().plain().filter(resident=found).order_by("kind", "created_at")
    return [_way(each) for each in plain]


def _way(credential: Credential) -> dict[str, Any]:
    """A PIN of their own is shown without its keypad number: that is theirs to tell."""
    if credential.kind == Credential.Kind.CARD:
        return {"icon": "card", "words": since(credential), "card": credential.pk}
    if credential.temporary:
        words = _("A PIN, lent: keypad number %(number)s.") % {"number": credential.number}
        return {"icon": "pin", "words": words}
    return {"icon": "pin", "words": _("A PIN of their own.")}


def _found(request: StaffRequest, what: str, name: str) -> tuple[list[Resident], list[finding.Home]]:
    here, on = request.neighborhood, today(request)
    """Raises: GuessedOften"""
    if not name:
        people = [*_by_card(request, what), *finding.by_number(what, neighborhood=here)]
        if people:
            return list(dict.fromkeys(people)), []
    elif not finding.may_guess(by=request.user, neighborhood=here):
        raise GuessedOften
    homes = finding.homes(finding.dwellings(what, neighborhood=here), today=on)
    if not name:
        return ([], homes) if homes else (_by_phone(request, what), [])
    named = finding.of_this_name((each for home in homes for each in home.people), name)
    return list(dict.fromkeys(named)), []


def _by_phone(request: StaffRequest, what: str) -> list[Resident]:
    """A number that finds nobody says that nobody of that number lives here, so it counts as a guess.

    Raises: GuessedOften
    """
    if not finding.is_phone(what):
        return []
    if not finding.may_guess(by=request.user, neighborhood=request.neighborhood):
        raise GuessedOften
    return finding.by_phone(what, neighborhood=request.neighborhood)


def _by_card(request: StaffRequest, what: str) -> list[Resident]:
    try:
        digests = cards.digests_of(what, request.neighborhood)
    except cards.NumberRefused:
        return []
    held = Credential.objects.active().filter(
        neighborhood=request.neighborhood,
        kind=Credential.Kind.CARD,
        digest__in=digests,
        resident__erased_at=None,
    )
    return [each.resident for each in held.select_related("resident")]


def _rows(
    request: StaffRequest, people: list[Resident], homes: list[finding.Home], url: str
) -> list[dict[str, Any]]:
    """Masked. People found by something else than their dwelling are shown with it; one query for all of them."""
    lived: dict[UUID, list[str]] = {}
    if people:
        current = (
            people[0]
            .occupancies.model.objects.current(today(request))
            .filter(resident__in=people)
            .select_related("unit__building")
        )
        for each in current.order_by("since"):
            lived.setdefault(each.resident_id, []).append(str(each.unit))
    lines = [(listed(lived.get(each.pk, [])), [each]) for each in people]
    lines += [(str(home.unit), list(home.people)) for home in homes]
    return [
        {
            "dwelling": dwelling,
            "people": [
                {
                    "name": lookups.masked_name(each),
                    "number": short(each),
                    "url": reverse(url, args=[each.pk]),
                }
                for each in there
            ],
        }
        for dwelling, there in lines
    ]
