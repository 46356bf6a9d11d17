"""Notices and deaths on the desk: one page for each step, and never one person for two steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import deaths, departures, leaving, moving
from residents.acts import Act, Words
from residents.admin.living import (
    MANAGE,
    NumberForm,
    account,
    back_again,
    day_of,
    in_words,
    page_of,
    person_of,
    slip,
    what_happens,
)
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.lookups import masked_name
from residents.models import Death, Departure

State = Departure.State


class PaperForm(forms.Form):
    paper = forms.CharField(label=_("where the signed slip is kept"), max_length=120)


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=_("what was found, and why"), max_length=300, help_text=_("The person reads this.")
    )


class CourtForm(OutcomeForm):
    kept_where = forms.CharField(label=_("where the court’s paper is kept"), max_length=120)


def _step(name: str) -> Any:
    """An act that calls the function of this name in `departures`, with what the form gave."""

    def run(request: HttpRequest, departure: Departure, given: dict[str, Any]) -> None:
        try:
            getattr(departures, name)(departure=departure, by=account(request), at=moment(request), **given)
        except (departures.DepartureRefused, moving.MovingRefused) as refused:
            raise in_words(refused) from refused

    return run


class DocumentForm(forms.Form):
    document = forms.ChoiceField(
        label=_("document"),
        choices=[("", "—"), *(each for each in Departure.Document.choices if each[0] != "court")],
    )
    kept_where = forms.CharField(
        label=_("where the document is kept"),
        max_length=120,
        help_text=_("No scan, and no number of anybody."),
    )


def _print(request: HttpRequest, departure: Departure, given: dict[str, Any]) -> HttpResponse:
    lines: list[Words] = [
        f"{masked_name(departure.resident)} · {departure.occupancy.unit}",
        gettext("It is said that you do not live here any more: “%(words)s”") % {"words": departure.words},
    ]
    if departure.document:
        lines.append(gettext("Document: %(document)s.") % {"document": departure.get_document_display()})
    if departure.notice_until:
        lines.append(
            gettext("If you do nothing, your ways to get in end when %(day)s begins.")
            % {"day": day_of(departure.notice_until)}
        )
    else:
        lines.append(gettext("From the day on which this slip is delivered you have seven full days."))
    if not departure.court:
        lines.append(
            gettext(
                "If you live here: sign in and press “I live here”, or say so at the office, on paper. No reason is asked. Then everything stays as it is, and nothing is deleted."
            )
        )
    return slip(
        request,
        page_of(Departure),
        departure,
        gettext("Do you live here?"),
        [*lines, *what_happens(), gettext("Yes, I do not live here any more ▢    No, I live here ▢    Signature: ____________")],
    )  # fmt: skip


@admin.register(Departure)
class DepartureAdmin(ScopedAdmin[Departure]):
    view_perms = ("view_register",)
    list_display = ("short_id", "state", "dwelling", "opened_at", "notice_until")
    list_filter = (("neighborhood", ScopedFilter), "state")
    list_select_related = ("occupancy__unit__building", "resident")
    ordering = ("-opened_at", "pk")
    fields = (
        *("person", "dwelling", "state", "words", "opened_at", "document", "kept_where"),
        *("two_have_seen_it", "delivered_at", "notice_until", "disputed_at", "court", "outcome", "closed_at"),
    )
    acts = (
        Act(slug="take-up", label=_("Take it up"), perms=MANAGE, run=_step("take_up"),
            explained=_("What was asked becomes a notice. Nothing changes for the person."),
            when=lambda d: d.state == State.ASKED),
        Act(slug="document", label=_("A document is here"), perms=MANAGE, form=DocumentForm,
            run=_step("bring_document"), explained=_("A second of the staff must see it as well."),
            when=lambda d: d.state == State.OPEN and not d.court and d.seconded_by_id is None),
        Act(slug="second", label=_("I have seen the document too"), perms=("view_register",), run=_step("second"),
            explained=_("You are the second. You have the paper in your hand."),
            when=lambda d: d.state == State.OPEN and bool(d.document) and d.seconded_by_id is None),
        Act(slug="print", label=_("Print the slip"), perms=("view_register",), run=_print,
            explained=_("For the person: what is said, what they can do, and what happens to their data."),
            when=lambda d: d.state not in Departure.CLOSED),
        Act(slug="delivered", label=_("The slip was delivered"), perms=MANAGE, run=_step("deliver"),
            explained=_("From now on seven full days run. One press of the person stops them."),
            when=lambda d: d.state == State.OPEN and d.seconded_by_id is not None),
        Act(slug="lives-here", label=_("The person says: I live here"), perms=("view_register",),
            run=_step("dispute"), explained=_("An objection is never refused, and gives no reason."),
            when=lambda d: d.state in (State.ASKED, State.OPEN, State.NOTICE) and not d.court),
        Act(slug="signed", label=_("The person signed: I have moved out"), perms=MANAGE, form=PaperForm,
            run=_step("confirm"), explained=_("It ends today."),
            when=lambda d: d.state not in Departure.CLOSED),
        Act(slug="drop", label=_("Let it rest"), perms=MANAGE, run=_step("drop"),
            explained=_("The person lives here."),
            when=lambda d: d.state in (State.ASKED, State.OPEN, State.NOTICE)),
        Act(slug="settle", label=_("Found: they live here"), perms=("settle_departures",), form=OutcomeForm,
            run=_step("find_that_they_live_here"), explained=_("For the residents’ committee alone."),
            when=lambda d: d.state == State.DISPUTED),
        Act(slug="court", label=_("A court has decided"), perms=("settle_departures",), form=CourtForm,
            run=_step("go_by_the_court"),
            explained=_("Only that they must leave. A second of the staff sees the paper, and seven days run anew."),
            when=lambda d: d.state == State.DISPUTED),
    )  # fmt: skip

    @admin.display(description=_("number"))
    def short_id(self, departure: Departure) -> str:
        return str(departure.pk)[:8]

    @admin.display(description=_("person"))
    def person(self, departure: Departure) -> str:
        return f"{masked_name(departure.resident)} · {str(departure.resident_id)[:8]}"

    @admin.display(description=_("dwelling"))
    def dwelling(self, departure: Departure) -> str:
        return str(departure.occupancy.unit)

    @admin.display(description=_("seen by two"), boolean=True)
    def two_have_seen_it(self, departure: Departure) -> bool:
        return departure.seconded_by_id is not None


# --- Deaths


def _confirm_death(request: HttpRequest, death: Death, given: dict[str, Any]) -> None:
    told_by = person_of(death.resident, given["number"]) if given.get("number") else None
    try:
        deaths.confirm(death=death, by=account(request), told_by=told_by, at=moment(request))
    except deaths.DeathRefused as refused:
        raise in_words(refused) from refused


def _undo_death(request: HttpRequest, death: Death, given: dict[str, Any]) -> HttpResponse | None:
    try:
        way_in = deaths.undo(death=death, by=account(request), at=moment(request))
    except deaths.DeathRefused as refused:
        raise in_words(refused) from refused
    return back_again(request, page_of(Death), death, way_in)


@admin.register(Death)
class DeathAdmin(ScopedAdmin[Death]):
    view_perms = ("view_register",)
    list_display = ("short_id", "reported_at", "confirmed_at", "undone_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("resident",)
    ordering = ("-reported_at", "pk")
    fields = ("person", "document", "kept_where", "reported_at", "confirmed_at", "grace", "undone_at")
    acts = (
        Act(slug="confirm", label=_("I have seen the document too"), perms=("view_register",), run=_confirm_death,
            explained=_("You are the second. Their own ways in end at once; nobody else’s."),
            when=lambda death: death.confirmed_at is None and death.undone_at is None),
        Act(slug="household", label=_("An adult who lived with them confirms it here"), perms=MANAGE,
            form=NumberForm, run=_confirm_death, explained=_("With the person at the desk."),
            when=lambda death: death.confirmed_at is None and death.undone_at is None),
        Act(slug="undo", label=_("It was a mistake"), perms=MANAGE, run=_undo_death,
            explained=_("They live where they lived, at once, with the cards they had."),
            when=lambda death: death.undone_at is None),
    )  # fmt: skip

    @admin.display(description=_("number"))
    def short_id(self, death: Death) -> str:
        return str(death.pk)[:8]

    @admin.display(description=_("person"))
    def person(self, death: Death) -> str:
        return f"{masked_name(death.resident)} · {str(death.resident_id)[:8]}"

    @admin.display(description=_("nothing else is erased before"))
    def grace(self, death: Death) -> str:
        ends = leaving.grace_ends(death.resident)
        return date_format(timezone.localtime(ends), "DATE_FORMAT") if ends else "—"
