"""Letters person by person: the list, a first letter, another one, a way back in, and who keeps them at the desk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.screens import claiming, offices
from portal.screens.desk import letters_sheet
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only, today
from portal.screens.desk.letters import ChoiceForm
from residents import batches, letters, tracking
from residents.lookups import masked_name
from residents.models import Letter, Resident

PAGE = 50
# What is said for each reason of `letters.LetterRefused`.
REFUSED = {
    "account": gettext_lazy("This person has an account already. Make a letter to get back into it instead."),
    "no_account": gettext_lazy("This person has no account yet. Make a letter to open one instead."),
    "staff": gettext_lazy(
        "This account opens the staff desk too, so only who runs the system can write such a letter for it."
    ),
    "closed": gettext_lazy("This account is closed. Only who runs the system can open it again."),
    "over": gettext_lazy("This letter was delivered, used or replaced in the meantime."),
    "gone": gettext_lazy("This person is no longer on the register."),
}


class ListForm(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("All")), *tracking.State.choices],
    )


class SeenForm(forms.Form):
    """How staff know whom they see. Nothing is chosen beforehand."""

    seen = forms.ChoiceField(
        label=gettext_lazy("How do you know that it is this person?"),
        help_text=gettext_lazy("Write no number down. The person reads in their record what you chose."),
        choices=Letter.Seen.choices,
        widget=forms.RadioSelect,
    )


class GoesForm(forms.Form):
    goes = forms.ChoiceField(choices=[(Letter.Goes.MAILBOX, ""), (Letter.Goes.DESK, "")])


@require_safe
@staff_only("manage_register", real=True)
def people(request: StaffRequest) -> HttpResponse:
    """Masked, in a carrier's order. What is ticked is marked as delivered."""
    here = request.neighborhood
    found = tracking.people(here, at=request.at)
    asked, where = ListForm(request.GET), ChoiceForm(request.GET, neighborhood=here)
    where.is_valid()
    if asked.is_valid() and asked.cleaned_data["state"]:
        found = found.filter(Q(state=asked.cleaned_data["state"]))
    building = where.buildings.get(request.GET.get("where", ""))
    if building is not None:
        found = found.filter(Q(home_building_id=building.pk))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    letters_of = Letter.objects.in_bulk([vars(person)["letter"] for person in page if vars(person)["letter"]])
    context = {
        "page": page,
        "people": [_line(person, letters_of.get(vars(person)["letter"])) for person in page],
        "buildings": where.buildings.values(),
        "states": tracking.State,
        "chosen": {"state": request.GET.get("state", ""), "where": str(building.pk) if building else ""},
    }
    return render(request, "desk/letters_people.html", context)


@require_POST
@staff_only("manage_register", real=True)
def deliver(request: StaffRequest) -> HttpResponse:
    try:
        ticked = [UUID(each) for each in request.POST.getlist("letter")]
    except ValueError:
        raise BadRequest("letters") from None
    delivered = letters.put_into_mailboxes(
        letters=ticked, neighborhood=request.neighborhood, by=request.user, at=request.at
    )
    letters_sheet.say_delivered(request, delivered)
    query = {"state": request.POST.get("state", ""), "where": request.POST.get("where", "")}
    return redirect(f"{reverse('desk_letters_people')}?{urlencode(query)}")


@require_safe
@staff_only("manage_register", real=True)
def person(request: StaffRequest, person: UUID) -> HttpResponse:
    return _page(request, _person(request, person), SeenForm())


@require_POST
@staff_only("manage_register", real=True)
def write(request: StaffRequest, person: UUID) -> HttpResponse:
    """A letter for whichever they need: to open an account, or to get back into the one they have."""
    found, asked = _person(request, person), GoesForm(request.POST)
    if not asked.is_valid():
        raise BadRequest("how it goes")
    try:
        written = letters.write(
            resident=found,
            purpose=Letter.Purpose.RECOVER if found.user_id else Letter.Purpose.OPEN,
            at_desk=asked.cleaned_data["goes"] == Letter.Goes.DESK,
            by=request.user,
            at=request.at,
        )
    except letters.LetterRefused as refused:
        messages.error(request, str(REFUSED[refused.reason]))
        return redirect("desk_letters_of", found.pk)
    return letters_sheet.one(request, written, found)


@require_POST
@staff_only("manage_register", real=True)
def slip(request: StaffRequest, person: UUID) -> HttpResponse:
    found, form = _person(request, person), SeenForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        written = letters.hand_slip(
            resident=found, seen=Letter.Seen(form.cleaned_data["seen"]), by=request.user, at=request.at
        )
    except letters.LetterRefused as refused:
        messages.error(request, str(REFUSED[refused.reason]))
        return redirect("desk_letters_of", found.pk)
    return letters_sheet.slip(request, written, found)


@require_POST
@staff_only("manage_register", real=True)
def hand_over(request: StaffRequest, letter: UUID) -> HttpResponse:
    found = get_object_or_404(Letter, pk=letter, neighborhood=request.neighborhood)
    form = SeenForm(request.POST)
    if not form.is_valid():
        return _page(request, _person(request, found.resident_id), form)
    try:
        letters.hand_over(
            letter=found, seen=Letter.Seen(form.cleaned_data["seen"]), by=request.user, at=request.at
        )
    except letters.LetterRefused as refused:
        messages.error(request, str(REFUSED[refused.reason]))
    else:
        messages.success(request, _("The letter is marked as handed over."))
    return redirect("desk_letters_of", found.resident_id)


@require_POST
@staff_only("manage_register", real=True)
def keep(request: StaffRequest, person: UUID) -> HttpResponse:
    """They said so, here or by phone."""
    letters.keep_at_desk(resident=_person(request, person), by=request.user, at=request.at)
    messages.success(
        request, _("Their letters now stay at the desk. If one is waiting for the mailbox, take it out.")
    )
    return redirect("desk_letters_of", person)


@require_POST
@staff_only("manage_register", real=True)
def send_by_mail(request: StaffRequest, person: UUID) -> HttpResponse:
    """Only for who stands here: a voice on the phone may be the one who reads their mail."""
    found, form = _person(request, person), SeenForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    seen = Letter.Seen(form.cleaned_data["seen"])
    letters.send_by_mail_again(resident=found, by=request.user, seen=seen, at=request.at)
    messages.success(request, _("Their letters may go into the mailbox again."))
    return redirect("desk_letters_of", person)


@require_POST
@staff_only("manage_register", real=True)
def tablet(request: StaffRequest) -> HttpResponse:
    """Sign the desk out of this screen, and hand it over the counter."""
    return claiming.hand_tablet_over(request)


def _person(request: StaffRequest, pk: UUID) -> Resident:
    """With their home, if they have one."""
    found = person_or_404(request, pk)
    itself = Resident.objects.filter(pk=found.pk).select_related("neighborhood")
    return batches.at_home(itself, on=today(request)).first() or found


def _line(person: Resident, letter: Letter | None) -> dict[str, Any]:
    return {
        "id": person.pk,
        "name": masked_name(person),
        "dwelling": " ".join(batches.address(person)),
        "state": tracking.State(vars(person)["state"]),
        "letter": letter,
        "may_deliver": letter is not None
        and vars(person)["state"] == tracking.State.WRITTEN
        and letter.goes == Letter.Goes.MAILBOX,
    }


def _page(request: StaffRequest, person: Resident, form: SeenForm) -> HttpResponse:
    found = list(person.letters.order_by("-made_at", "-pk"))
    open_ones = [
        letter
        for letter in found
        if not (letter.used_at or letter.replaced_at or letter.is_expired(request.at))
    ]
    context = {
        "person": person,
        "name": masked_name(person),
        "dwelling": " ".join(batches.address(person)) if "home" in vars(person) else "",
        "keep_at_desk": person.keep_at_desk,
        "has_account": person.user_id is not None,
        "of_staff": letters.of_staff(person) and not request.user.is_superuser,
        "form": form,
        "letters": [
            {
                "letter": letter,
                "who": offices.in_words(letter.capacity) if letter.capacity else _("The system itself"),
                "expired": letter.is_expired(request.at),
            }
            for letter in found
        ],
        "to_hand_over": [letter for letter in open_ones if letter.delivered_at is None],
    }
    status = 200 if not form.errors else 422
    return render(request, "desk/letters_person.html", context, status=status)
