"""Cards on the desk: handed out, replaced, lost and given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import cards, losing, reporting, words
from access.models import Credential
from residents.acts import Act, Refused, shown_once
from residents.desk import ScopedAdmin, ScopedFilter, add_act, moment
from residents.desk_lists import by_number
from residents.models import DeskAct, Resident, User


class NumberForm(forms.Form):
    number = forms.CharField(
        label=_("number on the card"),
        max_length=64,
        help_text=_("Type it or hold the card to the desk reader. It is not kept and not shown again."),
    )
    tapped = forms.BooleanField(label=_("it came from the desk reader"), required=False)


def _issue(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    with _in_words():
        cards.issue(
            resident=resident,
            number=given["number"],
            tapped=given["tapped"],
            by=request.user,
            at=moment(request),
        )
    return None


def _replace(request: HttpRequest, card: Credential, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    with _in_words():
        cards.replace(
            card=card,
            number=given["number"],
            tapped=given["tapped"],
            by=request.user,
            at=moment(request),
        )
    return None


def _end(request: HttpRequest, card: Credential, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    with _in_words():
        losing.give_back(card=card, by=request.user, at=moment(request))
    return None


class KnownByForm(forms.Form):
    """Nothing is chosen beforehand; to whom a PIN may be told, `reporting` knows."""

    known_by = forms.ChoiceField(
        label=_("How do you know who it is?"), choices=DeskAct.KnownBy.choices, widget=forms.RadioSelect
    )


def _lost(request: HttpRequest, card: Credential, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    reported = reporting.report(
        resident=card.resident,
        card=card,
        known_by=DeskAct.KnownBy(given["known_by"]),
        by=request.user,
        at=moment(request),
    )
    lent, done = reported.lent, reported.lost
    if lent is None:
        if reported.waits:
            messages.warning(
                request,
                gettext("Tell nobody a PIN by phone. When they come in person, hand it out on their page."),
            )
        return None
    return shown_once(
        request,
        page=admin.site.get_model_admin(Credential),  # type: ignore[arg-type]
        obj=card,
        title=gettext("Temporary PIN"),
        code=f"{lent.number} {lent.pin} #",
        lines=[
            gettext("Press the keypad number, then the PIN, then #. It is good until a card is handed out."),
            *(f"{gettext('A PIN opens at:')} {gate}" for gate in done.keypads),
            *(f"{gettext('No keypad at:')} {gate} · {done.guard_phone}" for gate in done.without_keypad),
        ],
    )


@contextmanager
def _in_words() -> Iterator[None]:
    """What the rules of cards refuse, and what the database would not let happen (LM011)."""
    try:
        yield
    except cards.CardRefused as refused:
        raise Refused(words.of_card(refused)) from refused
    except DatabaseError as error:
        if not cards.is_last_way(error):
            raise
        raise Refused(str(words.LAST_WAY)) from error


@admin.register(Credential)
class CardAdmin(ScopedAdmin[Credential]):
    view_perms = ("manage_access",)
    list_display = ("short_id", "resident", "created_at", "ended_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("resident",)
    ordering = ("-created_at", "pk")
    search_fields = ("id", "resident")  # see `get_search_results`
    fields = ("id", "resident", "created_at", "ended_at")
    acts = (
        Act(
            slug="replace",
            label=_("Replace"),
            perms=("manage_access",),
            form=NumberForm,
            run=_replace,
            explained=_("Ends this card and issues the next in one act."),
            when=lambda card: card.ended_at is None,
        ),
        Act(
            slug="lost",
            label=_("Lost"),
            perms=("manage_access",),
            form=KnownByForm,
            run=_lost,
            explained=_(
                "Blocks this card at once. If no way in is left, a temporary PIN is lent and shown once."
            ),
            when=lambda card: card.ended_at is None,
        ),
        Act(
            slug="end",
            label=_("Given back"),
            perms=("manage_access",),
            run=_end,
            explained=_("For a card too many. An only way in is replaced instead."),
            when=lambda card: card.ended_at is None,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        return super().get_queryset(request).filter(kind=Credential.Kind.CARD)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Credential], search_term: str
    ) -> tuple[QuerySet[Credential], bool]:
        """By the beginning of its number, or of the number of whose it is."""
        term = search_term.strip()
        return (queryset.filter(by_number(term, "pk", "resident")) if term else queryset), False

    @admin.display(description=_("number"))
    def short_id(self, card: Credential) -> str:
        return str(card.pk)[:8]


add_act(
    Resident,
    Act(
        slug="card",
        label=_("Issue a card"),
        perms=("manage_access",),
        form=NumberForm,
        run=_issue,
        explained=_("It opens what the rules open for this resident, from the gates' next poll on."),
        when=lambda resident: resident.erased_at is None,
    ),
)
