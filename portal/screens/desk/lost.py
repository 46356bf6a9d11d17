"""Lost card: blocked at once, and a way in lent in the same act; and the PIN that waits for who was not recognised."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from access import cards, reporting, rules, words
from access.models import Credential
from portal.screens.desk import slips
from portal.screens.desk.card_forms import since
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only, today
from portal.screens.desk.finding import about, short
from portal.screens.desk.forms import DeskForm, card_field, known_by_field
from portal.screens.ways import listed
from residents import lookups
from residents.models import DeskAct, Helper, Resident

KnownBy = DeskAct.KnownBy
ALL = "all"
REFUSED_SPARE = {
    cards.CardTaken: gettext_lazy("The spare card is in use already, so a PIN was lent instead."),
    cards.NumberRefused: gettext_lazy("The spare card could not be read, so a PIN was lent instead."),
}


class LostForm(DeskForm):
    known_by = known_by_field(*KnownBy)
    card = forms.ChoiceField(label=gettext_lazy("Which card?"), widget=forms.RadioSelect)
    spare = card_field(
        label=gettext_lazy("Spare card to lend, if you have one"),
        help_text=gettext_lazy(
            "Tap it on the reader. Without one a PIN is lent, if no other way in is left."
        ),
    )

    def __init__(self, *args: Any, theirs: list[Credential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theirs = {str(card.pk): card for card in theirs}
        if len(theirs) < 2:
            del self.fields["card"]
            return
        offered = [(pk, since(card)) for pk, card in self.theirs.items()]
        field = self.fields["card"]
        field.choices = [(ALL, _("I do not know which: block all of them")), *offered]  # type: ignore[attr-defined]

    def chosen(self) -> Credential | None:
        return self.theirs.get(self.cleaned_data.get("card", ""))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("spare") and given.get("known_by") not in (None, KnownBy.IN_PERSON):
            self.add_error("spare", _("A spare card is handed over in person. Leave this empty."))
        return given


class HandOutForm(DeskForm):
    known_by = known_by_field(KnownBy.IN_PERSON, KnownBy.RANG_BACK, KnownBy.VOICE)


@require_http_methods(["GET", "POST"])
@staff_only("view_register", "manage_access")
@sensitive_variables("reported")
def lost(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_or_404(request, person)
    theirs = Credential.objects.active().filter(resident=found, kind=Credential.Kind.CARD)
    form = LostForm(request.POST or None, theirs=list(theirs.order_by("created_at")))
    if request.method == "GET" or not form.is_valid():
        return render(
            request,
            "desk/lost.html",
            about(request, found)
            | {"form": form, "cards": len(form.theirs), "helpers": _helpers(request, found)},
        )
    reported = reporting.report(
        resident=found,
        known_by=KnownBy(form.cleaned_data["known_by"]),
        card=form.chosen(),
        spare=form.cleaned_data["spare"],
        by=request.user,
        at=request.at,
    )
    further = [(_("Back to this person"), reverse("desk_person", args=[found.pk]))]
    return slips.show(request, lambda: _slip(reported), of=found, aside=_aside(reported), further=further)


@require_http_methods(["GET", "POST"])
@staff_only("view_register", "manage_access")
@sensitive_variables("lent")
def hand_out(request: StaffRequest, person: UUID) -> HttpResponse:
    found = person_or_404(request, person)
    form = HandOutForm(request.POST or None)
    context = about(request, found) | {"form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, "desk/pin.html", context)
    try:
        lent = reporting.hand_out(
            resident=found,
            known_by=KnownBy(form.cleaned_data["known_by"]),
            by=request.user,
            at=request.at,
        )
    except cards.GoneAway as gone:
        form.add_error(None, words.of_card(gone))
        return render(request, "desk/pin.html", context)
    except reporting.NotRecognised:
        form.add_error("known_by", _("We keep no number of theirs to ring back on. They come in person."))
        return render(request, "desk/pin.html", context)
    except reporting.NothingWaits:
        form.add_error(
            None, _("They have a card or a PIN of their own that works. If it is lost, report that first.")
        )
        return render(request, "desk/pin.html", context)
    gates = rules.gates_of(resident=found, at=request.at)

    def build() -> slips.Slip:
        return slips.Slip(
            title=_("Your PIN for now"),
            keys=slips.keys_of(lent),
            next=[*slips.where_a_pin_opens(gates, request.neighborhood.guard_phone), _until_a_card()],
        )

    return slips.show(request, build, of=found)


def _helpers(request: StaffRequest, found: Resident) -> list[str]:
    """Whom they named to help, masked: one of these may report the card, and is told no PIN."""
    named = Helper.objects.current(today(request)).filter(resident=found).select_related("helper")
    return [f"{lookups.masked_name(each.helper)} ({short(each.helper)})" for each in named]


def _slip(reported: reporting.Reported) -> slips.Slip:
    lost = reported.lost
    gates = [*lost.keypads, *lost.without_keypad]
    if lost.blocked:
        done = _("Blocked since %(time)s: your card opens no gate any more.") % {
            "time": date_format(localtime(lost.blocked[0].ended_at), "DATETIME_FORMAT")
        }
    else:
        done = _("There was no card of yours left to block.")
    next_steps: list[str] = []
    if lost.spare is not None:
        next_steps.append(_("The spare card opens your gates. Please bring it back when you have your own."))
    if reported.lent is not None:
        next_steps += [*slips.where_a_pin_opens(gates, lost.guard_phone), _until_a_card()]
    elif reported.waits:
        next_steps.append(
            _("A PIN waits for you at the desk and with the guard. Come in person; nobody else is told it.")
        )
    elif others := [each for each in lost.remain if not _is_lent_pin(each)]:
        next_steps.append(_("This still opens your gates: %(ways)s.") % {"ways": listed(_ways(others))})
    next_steps.append(_("If the card turns up, bring it along. It stays blocked until it is given out anew."))
    return slips.Slip(
        title=_("Card lost"),
        done=[done],
        keys=slips.keys_of(reported.lent) if reported.lent else [],
        next=next_steps,
    )


def _aside(reported: reporting.Reported) -> str:
    """What concerns whoever is at the desk, and is not printed."""
    words = []
    for kind, said in REFUSED_SPARE.items():
        if isinstance(reported.lost.spare_refused, kind):
            words.append(str(said))
            break
    if reported.lost.beside:
        gates = listed(gate.display_name for gate in reported.lost.beside)
        words.append(
            _("Block it at the old controller too, which still opens: %(gates)s.") % {"gates": gates}
        )
    if reported.waits:
        words.append(_("Tell nobody a PIN by phone. When they come in person, hand it out on their page."))
    return " ".join(words)


def _until_a_card() -> str:
    return _("The PIN works until you are given a card. Tell it to nobody.")


def _ways(credentials: list[Credential]) -> list[str]:
    return [
        _("your PIN")
        if each.kind == Credential.Kind.PIN
        else _("the card you have had since %(day)s")
        % {"day": date_format(localtime(each.created_at), "DATE_FORMAT")}
        for each in credentials
    ]


def _is_lent_pin(credential: Credential) -> bool:
    return credential.kind == Credential.Kind.PIN and credential.temporary
