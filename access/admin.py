"""Gates on the desk: what they open by, their readers, cards and rules. Events name no person.

Faces are not listed: who has one and who has none is nobody's business at the office (law 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from access import (
    cards,
    changing,
    devices,
    gates,
    losing,
    pairing,
    reporting,
    retiring,
    rules,
    signs_admin,
    words,
)
from access.models import Credential, Device, EntryEvent, Gate, Rule
from residents.acts import Act, Refused, shown_once
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, add_act, moment
from residents.models import DeskAct, Neighborhood, Resident, User


def _pair(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    code = pairing.make_code(gate=gate, by=request.user, at=moment(request))
    until = date_format(moment(request) + pairing.LIFE, "DATETIME_FORMAT")
    return shown_once(
        request,
        page=admin.site.get_model_admin(Gate),  # type: ignore[arg-type]
        obj=gate,
        title=gettext("Code for a reader"),
        code=code,
        lines=[str(gate), gettext("Type it on the reader. It works once, until %(time)s.") % {"time": until}],
    )


def _plan_methods(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> HttpResponse:
    """The page for it is at the desk, where those are listed who would need a card first."""
    return HttpResponseRedirect(f"{reverse('desk_gate_methods', args=[gate.pk])}?in={gate.neighborhood_id}")


def _open_to_all(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> None:
    count = rules.open_to_every_dwelling(gate=gate, at=moment(request))
    words = ngettext(
        "The gate opens for %(count)s more dwelling.", "The gate opens for %(count)s more dwellings.", count
    )
    messages.info(request, words % {"count": count})


@admin.register(Gate)
class GateAdmin(ScopedAdmin[Gate]):
    view_perms = add_perms = change_perms = ("manage_access",)
    refusals = (gates.GateRefused,)
    list_display = ("name", "place", "in_service", "beside_since", "opens_by", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "in_service")
    list_select_related = ("neighborhood",)
    ordering = ("name", "pk")
    fields = (
        *("neighborhood", "name", "name_en", "place", "in_service"),
        *("by_card", "by_pin", "by_qr", "by_face"),
    )
    acts = (
        Act(
            slug="pair",
            label=_("Code for a new reader"),
            perms=("manage_access",),
            run=_pair,
            explained=_("The reader trades the code for its own identity. It works once, for an hour."),
        ),
        Act(
            slug="methods",
            label=_("Plan a change of methods"),
            perms=("manage_access",),
            run=_plan_methods,
            explained=_(
                "What a gate opens by is changed by a plan: a second person announces it, the residents read it two"
                " weeks before, and nobody is moved by it. It goes on at the desk."
            ),
            when=lambda gate: gate.served_since is not None,
        ),
        Act(
            slug="open-to-all",
            label=_("Open it for every dwelling"),
            perms=("manage_access",),
            run=_open_to_all,
            explained=_(
                "Each dwelling of the neighborhood gets a rule for this gate, at every hour: whoever lives there can"
                " pass, by any way in that they have. Dwellings that have a rule for it keep their hours."
            ),
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Gate | None = None) -> list[str]:
        """From its first day in service on, what it opens by is changed by a plan."""
        served = obj is not None and obj.served_since is not None
        methods = ["by_card", "by_pin", "by_qr", "by_face"] if served else []
        return [*super().get_readonly_fields(request, obj), *methods]

    def save_model(self, request: HttpRequest, obj: Gate, form: Any, change: bool) -> None:
        gates.save(gate=obj, at=moment(request))

    @admin.display(description=_("opens by"))
    def opens_by(self, gate: Gate) -> str:
        return "、".join(str(words.METHODS[method]) for method in gate.methods)


class RetireForm(forms.Form):
    takes_effect_on = forms.DateField(
        label=_("from which day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "At least fourteen days after the announcement. It is announced by a second person, gate by gate."
        ),
    )
    why = forms.CharField(
        label=_("why"), max_length=300, help_text=_("The residents read it. Write nobody’s name.")
    )


def _retire_faces(request: HttpRequest, neighborhood: Neighborhood, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        retiring.retire_faces(
            neighborhood=neighborhood,
            takes_effect_on=given["takes_effect_on"],
            why=given["why"],
            by=request.user,
            at=moment(request),
        )
    except retiring.NothingToRetire as nothing:
        raise Refused(gettext("No gate here opens by face, and nobody is asked for one.")) from nothing
    except changing.ChangeRefused as refused:
        raise Refused(words.of_change(refused)) from refused


add_act(
    Neighborhood,
    Act(
        slug="retire-faces",
        label=_("Give up face entry"),
        perms=("publish_forms",),
        form=RetireForm,
        run=_retire_faces,
        explained=_(
            "A plan is made for each gate that takes faces; a second person announces it at the desk. From that day on no"
            " gate here opens by face. The forms that ask for it end, each person’s face data is erased everywhere, and"
            " they see where. Cards, PINs and rules stay as they are. To offer it again takes a plan and new forms;"
            " nobody’s yes comes back."
        ),
    ),
)


def _revoke(request: HttpRequest, device: Device, given: dict[str, Any]) -> HttpResponse | None:
    if not devices.revoke(device=device, at=moment(request)):
        raise Refused(gettext("It was revoked before."))
    return None


@admin.register(Device)
class DeviceAdmin(ScopedAdmin[Device]):
    view_perms = ("manage_access",)
    list_display = ("short_id", "gate", "paired_at", "last_poll_at", "revoked_at")
    list_filter = (("neighborhood", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = ("gate",)
    ordering = ("-paired_at", "pk")
    fields = ("id", "gate", "paired_at", "last_poll_at", "clock_skew", "revoked_at")
    acts = (
        Act(
            slug="revoke",
            label=_("Revoke"),
            perms=("manage_access",),
            run=_revoke,
            explained=_(
                "For a reader that is lost or taken down. It is refused from now on and told to erase itself."
                " What it had not confirmed as erased is shown to residents as lost, not as gone."
            ),
            when=lambda device: device.revoked_at is None,
        ),
        signs_admin.POST,
    )

    @admin.display(description=_("number"))
    def short_id(self, device: Device) -> str:
        return str(device.pk)[:8]


class RuleForm(ScopedForm):
    on_days = forms.MultipleChoiceField(
        label=_("days"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked means every day."),
        choices=[
            ("1", _("Monday")),
            ("2", _("Tuesday")),
            ("3", _("Wednesday")),
            ("4", _("Thursday")),
            ("5", _("Friday")),
            ("6", _("Saturday")),
            ("7", _("Sunday")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on_days", [str(day) for day in self.instance.days])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        gate = given.get("gate") or getattr(self.instance, "gate", None)
        if gate is not None:
            self.instance.neighborhood = gate.neighborhood
            for target in (given.get("unit"), given.get("resident")):
                if target is not None and target.neighborhood_id != gate.neighborhood_id:
                    raise forms.ValidationError(gettext("A gate opens for its own neighborhood."))
        if bool(given.get("unit")) == bool(given.get("resident")):
            raise forms.ValidationError(gettext("A rule is for a dwelling or for a resident: choose one."))
        self.instance.days = [int(day) for day in given.get("on_days", [])]
        return given


def _remove(request: HttpRequest, rule: Rule, given: dict[str, Any]) -> HttpResponse | None:
    rules.remove(rule=rule, at=moment(request))
    return HttpResponse(status=303, headers={"Location": "../../"})  # the row is no more: back to the list


@admin.register(Rule)
class RuleAdmin(ScopedAdmin[Rule]):
    view_perms = add_perms = change_perms = ("manage_access",)
    form = RuleForm
    refusals = (rules.RuleRefused,)
    list_display = ("short_id", "gate", "unit", "resident", "from_time", "to_time")
    list_filter = (("neighborhood", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = ("gate", "unit__building", "resident")
    ordering = ("gate__name", "pk")
    autocomplete_fields = ("unit", "resident")
    fields = ("gate", "unit", "resident", "on_days", "from_time", "to_time")
    acts = (
        Act(
            slug="remove",
            label=_("Remove this rule"),
            perms=("manage_access",),
            run=_remove,
            explained=_("The gate hears of it with its next poll."),
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> list[str]:
        return [] if obj is None else ["gate"]

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        rules.save(rule=obj, at=moment(request))

    @admin.display(description=_("number"))
    def short_id(self, rule: Rule) -> str:
        return str(rule.pk)[:8]


# --- Cards


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
    search_fields = ("id__startswith", "resident__id__startswith")
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


@admin.register(EntryEvent)
class EntryEventAdmin(ScopedAdmin[EntryEvent]):
    """That a gate opened or stayed shut. Whose card it was is left out, not masked (law 6)."""

    view_perms = ("manage_access",)
    list_display = ("received_at", "gate", "outcome", "reason", "device_time")
    list_filter = (("gate", ScopedFilter), "outcome")
    list_select_related = ("gate",)
    ordering = ("-received_at", "pk")
    fields = ("gate", "outcome", "reason", "device_time", "received_at")
