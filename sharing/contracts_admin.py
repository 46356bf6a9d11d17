"""Recipients and what they signed, on the desk: one writes a contract, another confirms it, and whoever may does end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.acts import Act, Refused
from residents.ages import today_in
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User
from sharing import contracts, speaking
from sharing.models import Contract, Field, Kind, Recipient, Request

LOOK = ("draft_sharing", "approve_sharing", "audit")
REFUSED = {
    "office": _(
        "For this you must be in office today. Your term is over, or gives no such right. It was written down."
    ),
    "fields": _("Ask for at least one of name, dwelling and phone."),
    "beyond": _("This is more than such a purpose needs. It is refused, and that it was asked is kept."),
    "biometrics": _(
        "Nobody may ask for a face, a fingerprint or the like. It is refused, and that it was asked is kept."
    ),
    "costs": _("A no costs nothing. It is refused, and that it was asked is kept."),
    "purpose": _("Say what it is for, in both languages."),
    "retention": _("Say for how many days the recipient may keep it: from 1 to 3650, which is ten years."),
    "deadline": _("The time to decide must lie ahead."),
    "repeats": _("It is given again until a day after residents have decided."),
    "audience": _("Say whom it is about by buildings, ages and roles that there are."),
    "contract": _("No contract with this recipient is in force that says this."),
    "own_draft": _("Whoever drafted it cannot do this: it takes a second person."),
    "same_reader": _(
        "You have read it before. It takes another person, and two accounts of one person are one."
    ),
    "two_readers": _("Two others of the committees read it and say yes first."),
    "words": _("Say why, in your own words."),
    "not_a_draft": _("It is no draft any more."),
    "not_put": _("It is not with residents."),
    "not_open": _("It is not with residents."),
    "no_key": _(
        "The recipient has no confirmed key yet, so nothing can be encrypted to it. Let it prove its key, and confirm it by"
        " telephone."
    ),
    "still_deciding": _("Residents are still deciding. Wait until their time is over."),
    "dates": _("The last day comes after the first."),
    "own_contract": _("Whoever wrote it cannot confirm it: it takes a second person."),
    "not_waiting": _("It was confirmed or ended before."),
    "ended": _("It was ended before."),
    "authority": _("Only an authority of mainland China orders anything."),
    "basis": _("Say by which law, as the order names it."),
    "document": _("Say where the order is kept."),
    "tell_on": _(
        "From tomorrow on, and within ninety days. Leave both empty where no law forbids telling: then they are told at once."
    ),
    "forbidden_by": _("Say which law forbids telling them now. Where none does, they are told at once."),
    "not_your_draft": _("Whoever drafts an order names the people, and nobody else does."),
    "guessed": _("You have typed many names in the last quarter of an hour. Wait a while."),
    "nobody_there": _("No one person of that name lives there today. Type the whole name, and the dwelling."),
    "nobody": _("It names nobody so far. Whoever drafted it names the people first."),
    "too_old": _("It was drafted more than thirty days ago. Draft it anew."),
}


def told(act: Callable[..., object], desk: HttpRequest, /, **on: Any) -> None:
    """Do it, or say in words what is in the way.

    Raises: Refused
    """
    try:
        act(**on, by=desk.user, at=moment(desk))
    except speaking.OutOfOffice as refused:
        raise Refused(REFUSED["office"]) from refused
    except speaking.Refusal as refused:
        raise Refused(REFUSED[refused.reason]) from refused


def readers_of(asked: Request) -> str:
    """What those who read it said."""
    said = [
        f"{each.get_body_display()}: {_('yes') if each.yes else _('no')} {each.words}".strip()
        for each in asked.reviews.order_by("pk")
    ]
    return "; ".join(said) or gettext("nobody so far")


class RecipientForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        if (
            self.changed_data
            and not self.instance._state.adding
            and contracts.is_known_as_it_is(self.instance)
        ):
            self.add_error(
                self.changed_data[0],
                gettext(
                    "It stays as it is: residents were asked about it, or somebody has confirmed its contract or its key. If"
                    " it is another one now, write it down as a new recipient."
                ),
            )
        return self.cleaned_data


@admin.register(Recipient)
class RecipientAdmin(ScopedAdmin[Recipient]):
    form = RecipientForm
    view_perms = LOOK
    add_perms = change_perms = ("draft_sharing",)
    ordering = ("name", "pk")
    list_display = ("name", "contact", "role", "jurisdiction", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "role")
    list_select_related = ("neighborhood",)
    fields = ("neighborhood", "name", "contact", "role", "jurisdiction", "route", "route_paper")


class ContractForm(ScopedForm):
    fields_allowed = forms.MultipleChoiceField(
        label=_("fields"), choices=Field.choices, widget=forms.CheckboxSelectMultiple
    )
    kinds_allowed = forms.MultipleChoiceField(
        label=_("for what"), choices=Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    others = forms.CharField(
        label=_("whom they let work on it"),
        required=False,
        widget=forms.Textarea,
        help_text=_("One on each line: the name, a colon, and what for. Empty: nobody."),
    )

    def clean_others(self) -> dict[str, str]:
        named: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["others"].splitlines())):
            name, _colon, what_for = line.replace("：", ":").partition(":")
            if not name.strip() or not what_for.strip() or max(len(name), len(what_for)) > 200:
                raise forms.ValidationError(gettext("On each line: the name, a colon, and what for."))
            named[name.strip()] = what_for.strip()
        return named

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if recipient := given.get("recipient"):
            self.instance.neighborhood = recipient.neighborhood
        if not self.errors and given["until"] < given["starts"]:
            self.add_error("until", REFUSED["dates"])
        return given


@admin.register(Contract)
class ContractAdmin(ScopedAdmin[Contract]):
    view_perms = LOOK
    add_perms = ("draft_sharing",)
    form = ContractForm
    refusals = (contracts.ContractRefused,)
    list_display = ("recipient", "starts", "until", "in_force", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("recipient", "neighborhood")
    ordering = ("-until", "pk")
    acts = (
        Act(
            slug="confirm",
            label=_("Confirm"),
            perms=("approve_sharing",),
            run=lambda request, found, given: told(contracts.confirm, request, contract=found),
            explained=_("You have its paper before you, and it says this. From now on it can only be ended."),
            when=lambda found: found.confirmed_at is None and found.ended_at is None,
        ),
        Act(
            slug="end",
            label=_("End it"),
            perms=("approve_sharing", "draft_sharing"),
            run=lambda request, found, given: told(contracts.end, request, contract=found),
            explained=_(
                "From now on nothing more is asked, agreed to or given under it. What residents were already asked stays on"
                " record."
            ),
            when=lambda found: found.ended_at is None,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Contract | None = None) -> Any:
        said = ("recipient", "starts", "until")
        how = ("measures", "paper")
        if obj is None:
            return (*said, "fields_allowed", "kinds_allowed", *how, "others")
        return (
            *(*said, "data", "purposes", *how, "let_in", "in_force"),
            *("written_by", "confirmed_by", "confirmed_at", "ended_by", "ended_at"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Contract | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Contract, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        given = form.cleaned_data
        made = contracts.write(
            **{name: given[name] for name in ("recipient", "starts", "until", "measures", "paper")},
            fields=given["fields_allowed"],
            kinds=given["kinds_allowed"],
            sub_processors=given["others"],
            by=request.user,
            at=moment(request),
        )
        obj.pk, obj._state = made.pk, made._state

    @admin.display(description=_("fields"))
    def data(self, found: Contract) -> str:
        return "、".join(str(Field(field).label) for field in found.fields)

    @admin.display(description=_("for what"))
    def purposes(self, found: Contract) -> str:
        return "; ".join(str(Kind(kind).label) for kind in found.kinds)

    @admin.display(description=_("whom they let work on it"))
    def let_in(self, found: Contract) -> str:
        named = found.sub_processors.order_by("pk")
        return "; ".join(f"{each.name}: {each.what_for}" for each in named) or gettext("nobody")

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, found: Contract) -> bool:
        return found.holds(today_in(found.neighborhood, timezone.now()))
