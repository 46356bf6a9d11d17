"""Cards at the desk: adding one by tap, here or at a gate, one given back, and how numbers are written here.

A desk reader types like a keyboard and presses Enter, so every field that takes a tap is the last of its form, and
Enter there sends it. Nothing needs JavaScript.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access import cards, formats, learning, losing, tapping, words
from access.models import Credential, TapRequest
from portal.screens.desk import card_words
from portal.screens.desk.card_forms import AddForm, AwaitForm, LearnForm
from portal.screens.desk.entrance import StaffRequest, capacity, person_or_404, staff_only
from portal.screens.desk.finding import about
from residents.lookups import masked_name
from residents.models import Resident

PERMS = ("view_register", "manage_access")


@require_GET
@staff_only(*PERMS, real=True)
def overview(request: StaffRequest) -> HttpResponse:
    here = request.neighborhood
    context = {
        "loans": [
            {
                "loan": loan,
                "name": masked_name(loan.credential.resident),
                "days": loan.age.days,
                "kind": loan.credential.get_kind_display(),
            }
            for loan in losing.loans(here, at=request.at)
        ],
        "format": cards.format_of(here),
    }
    return render(request, "desk/cards.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@staff_only(*PERMS, real=True)
def add(request: StaffRequest, person: UUID) -> HttpResponse:
    """Find the person, tap, done."""
    found, form = person_or_404(request, person), AddForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, found, add=form)
    try:
        cards.issue(
            resident=found,
            temporary=bool(form.cleaned_data["lent"]),
            by=request.user,
            at=request.at,
            **form.number,
        )
    except cards.CardRefused as why:
        form.add_error("tapped" if form.cleaned_data["tapped"] else "written", words.of_card(why))
        return _page(request, found, add=form)
    messages.success(request, _("The card is added. It opens from the gates' next poll on."))
    return redirect("desk_person", found.pk)


@require_POST
@staff_only(*PERMS, real=True)
def give_back(request: StaffRequest, card: UUID) -> HttpResponse:
    theirs = Credential.objects.filter(kind=Credential.Kind.CARD, neighborhood=request.neighborhood)
    found = get_object_or_404(theirs.select_related("resident"), pk=card)
    try:
        ended = losing.give_back(card=found, by=request.user, at=request.at)
    except cards.CardRefused as why:
        messages.error(request, words.of_card(why))
    except DatabaseError as error:
        if not cards.is_last_way(error):
            raise
        messages.error(request, str(words.LAST_WAY))
    else:
        said = (
            _("Given back; it opens nothing more.") if ended else _("It had ended before, and stays blocked.")
        )
        messages.success(request, said)
    return redirect("desk_person", found.resident_id)


@require_POST
@staff_only(*PERMS, real=True)
def await_card(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_or_404(request, person)
    form = AwaitForm(request.POST, neighborhood=request.neighborhood)
    if not form.is_valid():
        return _page(request, found, awaiting=form)
    try:
        waits = tapping.ask(
            gate=form.cleaned_data["gate"],
            resident=found,
            present=form.cleaned_data["present"],
            by=request.user,
            capacity=capacity(request, "manage_access"),
            at=request.at,
        )
    except tapping.TapRefused as why:
        form.add_error(
            "present" if isinstance(why, tapping.NotPresent) else "gate", str(card_words.TAPPING[type(why)])
        )
        return _page(request, found, awaiting=form)
    return redirect("desk_card_awaited", waits.pk)


@require_GET
@staff_only(*PERMS, real=True)
def awaited(request: StaffRequest, waits: UUID) -> HttpResponse:
    found = _awaited(request, waits)
    is_open = found.closed_at is None and request.at < found.until + tapping.LATE
    outcome = found.outcome or ("" if is_open else TapRequest.Outcome.OVER)
    context = {
        **about(request, found.resident),
        "waits": found,
        "headline": str(card_words.OUTCOMES[outcome]),
        "outcome": outcome,
        "refresh": 2 if is_open else None,
    }
    return render(request, "desk/card_awaited.html", context)


@require_POST
@staff_only(*PERMS, real=True)
def call_off(request: StaffRequest, waits: UUID) -> HttpResponse:
    found = _awaited(request, waits)
    tapping.cancel(request=found, at=request.at)
    return redirect("desk_card_awaited", found.pk)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@staff_only(*PERMS, real=True)
def learn(request: StaffRequest) -> HttpResponse:
    """One card typed and tapped says how numbers are written here; where several ways fit, a second card decides."""
    here = request.neighborhood
    context: dict[str, Any] = {"step": 1}
    form = LearnForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            found = learning.pairs(written=given["written"], tapped=given["tapped"], among=given["left"])
        except learning.LearningRefused as why:
            form.add_error(None, str(card_words.LEARNING[type(why)]))
        else:
            context |= {"candidates": [_in_words(pair) for pair in found]}
            if learning.is_settled(found):
                formats.keep(neighborhood=here, pair=learning.best(found), by=request.user, at=request.at)
                return redirect(f"{request.path}?learned=1")
            form = LearnForm(initial={"left": " ".join(pair.code for pair in found)})
            context["step"] = 2
    elif request.method == "POST" and not form.errors.get("written"):
        # Enter after typing: the card comes next.
        form.fields["tapped"].widget.attrs["autofocus"] = True
    if "autofocus" not in form.fields["tapped"].widget.attrs:
        form.fields["written"].widget.attrs["autofocus"] = True
    known = cards.format_of(here)
    context |= {
        "form": form,
        "known": _in_words(learning.Pair(known.written_as, known.said_as)) if known else None,
        "learned": "learned" in request.GET and known is not None,
    }
    return render(request, "desk/cards_learn.html", context)


def _awaited(request: StaffRequest, pk: UUID) -> TapRequest:
    found = TapRequest.objects.filter(neighborhood=request.neighborhood)
    return get_object_or_404(found.select_related("resident__neighborhood", "gate"), pk=pk)


def _in_words(pair: learning.Pair) -> dict[str, str]:
    return {
        "written": card_words.of_notation(pair.written),
        "said": card_words.of_notation(pair.said),
    }


def _page(
    request: StaffRequest, found: Resident, *, add: AddForm | None = None, awaiting: AwaitForm | None = None
) -> HttpResponse:
    wrong = next((form for form in (add, awaiting) if form is not None and form.is_bound), None)
    context = about(request, found) | {
        "add": add or AddForm(),
        "awaiting": awaiting or AwaitForm(neighborhood=request.neighborhood),
        "form": wrong,
    }
    return render(request, "desk/card.html", context, status=422 if wrong else 200)
