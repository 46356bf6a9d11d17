"""Cards at the desk: a person's cards, adding one by tap, lost and given back, and how numbers are written here.

A desk reader types like a keyboard and presses Enter, so every field that takes a tap is the last of its form, and
Enter there sends it. Nothing needs JavaScript.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access import cards, formats, learning, losing, refused, reporting, rules, tapping, words
from access.models import Credential, TapRequest
from portal.screens.desk import card_words
from portal.screens.desk.card_forms import (
    LONGEST,
    AddForm,
    AwaitForm,
    LearnForm,
    LendForm,
    LostForm,
    WhyForm,
    since,
)
from portal.screens.desk.cards_entrance import (
    StaffRequest,
    asked_for,
    capacity,
    cards_only,
    dwellings,
    find,
    person_of,
)
from residents.lookups import masked_name
from residents.models import DeskAct, Resident


@require_GET
@cards_only
def overview(request: StaffRequest) -> HttpResponse:
    here, asked = asked_for(request), request.GET.get("dwelling", "")[:LONGEST]
    context = {
        "neighborhood": here,
        "others": request.reach.exclude(pk=here.pk).order_by("name"),
        "asked": asked,
        "found": find(here, asked, at=request.at),
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


@require_GET
@cards_only
def person(request: StaffRequest, person: UUID) -> HttpResponse:
    return _page(request, person_of(request, person))


@sensitive_post_parameters()
@require_POST
@cards_only
def add(request: StaffRequest, person: UUID) -> HttpResponse:
    """Find the person, tap, done."""
    found, form = person_of(request, person), AddForm(request.POST)
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
    return redirect("desk_cards_of", found.pk)


@sensitive_variables("reported", "done")
@sensitive_post_parameters()
@require_POST
@cards_only
def lost(request: StaffRequest, person: UUID) -> HttpResponse:
    """The answer to the act itself is the page: the PIN is on it this once, and on no other; and on none for somebody who
    is not known, or rings for another (`reporting`)."""
    found = person_of(request, person)
    form = LostForm(request.POST, theirs=_cards(found))
    if not form.is_valid():
        return _page(request, found, lost=form)
    reported = reporting.report(
        resident=found,
        known_by=DeskAct.KnownBy(form.cleaned_data["known_by"]),
        card=form.lost,
        spare=form.cleaned_data["spare"],
        by=request.user,
        at=request.at,
    )
    done = replace(reported.lost, lent=reported.lent)
    spare = words.of_card(done.spare_refused) if done.spare_refused else ""
    return render(
        request,
        "desk/card_lost.html",
        {**_who(request, found), "done": done, "waits": reported.waits, "spare_refused": spare},
    )


@sensitive_variables("lent", "done")
@require_POST
@cards_only
def lend(request: StaffRequest, person: UUID) -> HttpResponse:
    """Another PIN, for who has forgotten the one that was lent."""
    found, form = person_of(request, person), LendForm(request.POST, auto_id="lending_%s")
    if not form.is_valid():
        return _page(request, found, lending=form)
    if found.left_at is not None:
        messages.error(request, words.of_card(cards.GoneAway()))
        return redirect("desk_cards_of", found.pk)
    try:
        lent = reporting.hand_out(
            resident=found,
            known_by=DeskAct.KnownBy(form.cleaned_data["known_by"]),
            by=request.user,
            at=request.at,
        )
    except reporting.NotRecognised:
        form.add_error("known_by", _("We keep no number of theirs to ring back on. They come in person."))
        return _page(request, found, lending=form)
    except reporting.NothingWaits:
        form.add_error(
            None, _("They have a card or a PIN of their own that works. If it is lost, report that first.")
        )
        return _page(request, found, lending=form)
    gates = [gate for gate in rules.gates_of(resident=found, at=request.at) if gate.in_service]
    done = losing.Lost(
        blocked=(),
        remain=(),
        lent=lent,
        keypads=[gate for gate in gates if gate.by_pin],
        without_keypad=[gate for gate in gates if not gate.by_pin],
        guard_phone=found.neighborhood.guard_phone,
    )
    return render(request, "desk/card_lost.html", {**_who(request, found), "done": done})


@require_POST
@cards_only
def give_back(request: StaffRequest, card: UUID) -> HttpResponse:
    theirs = Credential.objects.filter(kind=Credential.Kind.CARD, neighborhood__in=request.reach)
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
    return redirect("desk_cards_of", found.resident_id)


@require_POST
@cards_only
def await_card(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_of(request, person)
    form = AwaitForm(request.POST, neighborhood=found.neighborhood)
    if not form.is_valid():
        return _page(request, found, awaiting=form)
    try:
        waits = tapping.ask(
            gate=form.cleaned_data["gate"],
            resident=found,
            present=form.cleaned_data["present"],
            by=request.user,
            capacity=capacity(request, found.neighborhood),
            at=request.at,
        )
    except tapping.TapRefused as why:
        form.add_error(
            "present" if isinstance(why, tapping.NotPresent) else "gate", str(card_words.TAPPING[type(why)])
        )
        return _page(request, found, awaiting=form)
    return redirect("desk_card_awaited", waits.pk)


@require_GET
@cards_only
def awaited(request: StaffRequest, waits: UUID) -> HttpResponse:
    found = _awaited(request, waits)
    is_open = found.closed_at is None and request.at < found.until + tapping.LATE
    outcome = found.outcome or ("" if is_open else TapRequest.Outcome.OVER)
    context = {
        **_who(request, found.resident),
        "waits": found,
        "headline": str(card_words.OUTCOMES[outcome]),
        "outcome": outcome,
        "refresh": 2 if is_open else None,
    }
    return render(request, "desk/card_awaited.html", context)


@require_POST
@cards_only
def call_off(request: StaffRequest, waits: UUID) -> HttpResponse:
    found = _awaited(request, waits)
    tapping.cancel(request=found, at=request.at)
    return redirect("desk_card_awaited", found.pk)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@cards_only
def learn(request: StaffRequest) -> HttpResponse:
    """One card typed and tapped says how numbers are written here; where several ways fit, a second card decides."""
    here = asked_for(request)
    context: dict[str, Any] = {"neighborhood": here, "step": 1}
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
                return redirect(f"{request.path}?in={here.pk}&learned=1")
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


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@cards_only
def why(request: StaffRequest) -> HttpResponse:
    """Why was this card refused: one line. The number comes by POST: addresses are written into logs."""
    here = asked_for(request)
    form = WhyForm(request.POST or None, neighborhood=here)
    found = None
    if form.is_valid():
        found = refused.why(
            number=form.cleaned_data["tapped"],
            neighborhood=here,
            gate=form.cleaned_data["gate"],
            at=request.at,
        )
        form = WhyForm(neighborhood=here, initial={"gate": form.cleaned_data["gate"]})
    return render(request, "desk/cards_why.html", {"neighborhood": here, "form": form, "why": found})


def _awaited(request: StaffRequest, pk: UUID) -> TapRequest:
    found = TapRequest.objects.filter(neighborhood__in=request.reach)
    return get_object_or_404(found.select_related("resident__neighborhood", "gate"), pk=pk)


def _cards(resident: Resident) -> list[Credential]:
    return list(
        Credential.objects.active()
        .filter(resident=resident, kind=Credential.Kind.CARD)
        .order_by("created_at", "pk")
    )


def _in_words(pair: learning.Pair) -> dict[str, str]:
    return {
        "written": card_words.of_notation(pair.written),
        "said": card_words.of_notation(pair.said),
    }


def _who(request: StaffRequest, resident: Resident) -> dict[str, Any]:
    return {
        "person": resident,
        "name": masked_name(resident),
        "dwelling": dwellings(resident, at=request.at),
        "neighborhood": resident.neighborhood,
    }


def _page(
    request: StaffRequest,
    resident: Resident,
    *,
    add: AddForm | None = None,
    lost: LostForm | None = None,
    awaiting: AwaitForm | None = None,
    lending: LendForm | None = None,
) -> HttpResponse:
    theirs = _cards(resident)
    pins_there = Credential.objects.active().filter(resident=resident, kind=Credential.Kind.PIN)
    wrong = add or lost or awaiting or lending
    context = {
        **_who(request, resident),
        "cards": [{"card": card, "words": since(card)} for card in theirs],
        "pins": list(pins_there.order_by("temporary")),
        "add": add or AddForm(),
        "lost": lost or LostForm(theirs=theirs),
        "lending": lending or LendForm(auto_id="lending_%s"),
        "awaiting": awaiting or AwaitForm(neighborhood=resident.neighborhood),
        "form": wrong,
    }
    return render(request, "desk/cards_of.html", context, status=422 if wrong else 200)
