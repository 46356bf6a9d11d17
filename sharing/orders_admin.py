"""Orders by law, on the desk: one of the staff drafts it and names people one at a time, two others read it, one of them gives.

Whom an order names is shown by name to those who write and read it, and only until it is given: to everybody else, masked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import effects, finding
from residents.acts import Act
from residents.desk import ScopedFilter, ScopedForm, moment
from residents.lookups import masked_name
from residents.models import Resident, User
from sharing import orders, requesting, speaking
from sharing.contracts_admin import LOOK, REFUSED, readers_of, told
from sharing.models import Field, Order, Request
from sharing.watched_admin import WatchedAdmin

PARTS = ("draft_sharing", "approve_sharing")  # who writes an order, and who reads it
BLAME = {
    "authority": "authority",
    "basis": "legal_basis",
    "document": "document",
    "tell_on": "tell_day",
    "forbidden_by": "forbidden_by",
    "fields": "fields_asked",
    "purpose": "purpose",
    "biometrics": "purpose",
}


class OrderForm(ScopedForm):
    by: User
    purpose = forms.CharField(label=_("what for"), max_length=500, widget=forms.Textarea)
    purpose_en = forms.CharField(label=_("what for, in English"), max_length=500, widget=forms.Textarea)
    fields_asked = forms.MultipleChoiceField(
        label=_("fields"), choices=Field.choices, widget=forms.CheckboxSelectMultiple
    )
    tell_day = forms.DateField(
        label=_("tell them only from this day"),
        required=False,
        help_text=_("Empty: at once. A later day only where a law forbids telling; ninety days at most."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        given, order = self.cleaned_data, self.instance
        if self.errors:
            return given
        authority = order.authority = given["authority"]
        order.neighborhood_id = authority.neighborhood_id
        for name in ("legal_basis", "document", "document_sha256", "forbidden_by"):
            setattr(order, name, given[name].strip())
        order.tell_on = _morning(given["tell_day"], authority.neighborhood.time_zone)
        at = timezone.now()
        said = {name: given[name] for name in ("authority", "purpose", "purpose_en")}
        self.asked = orders.wished(**said, fields=given["fields_asked"], by=self.by, at=at)
        try:
            orders.check(order, self.asked, at)
        except speaking.Refusal as refused:
            if refused.reason in requesting.OUTRIGHT:
                requesting.keep_refused(request=self.asked, because=refused.reason, by=self.by)
            self.add_error(BLAME.get(refused.reason), REFUSED[refused.reason])
        order.request = self.asked
        return given


def _morning(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


class PersonForm(forms.Form):
    dwelling = forms.CharField(label=_("dwelling"), max_length=finding.LONGEST)
    called = forms.CharField(
        label=_("whole name"),
        max_length=finding.LONGEST,
        help_text=_("One person at a time, as the order names them."),
    )


class ReadForm(forms.Form):
    yes = forms.ChoiceField(
        label=_("your answer"),
        choices=[("yes", _("Yes, the law orders exactly this")), ("no", _("No, and with that it ends"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("in your words"),
        required=False,
        max_length=500,
        widget=forms.Textarea,
        help_text=_("A no says why."),
    )


def _name(request: HttpRequest, order: Order, given: dict[str, Any]) -> None:
    told(orders.name, request, request=order.request, dwelling=given["dwelling"], called=given["called"])


def _read(request: HttpRequest, order: Order, given: dict[str, Any]) -> None:
    said = {"yes": given["yes"] == "yes", "words": given["words"]}
    told(orders.review, request, request=order.request, **said)


def _give(request: HttpRequest, order: Order, given: dict[str, Any]) -> None:
    told(orders.give, request, request=order.request)


def _stop(request: HttpRequest, order: Order, given: dict[str, Any]) -> None:
    told(requesting.close, request, request=order.request)


def _is_draft(order: Order) -> bool:
    return order.request.state == Request.State.DRAFT


def _speaks(request: HttpRequest, order: Order) -> bool:
    """In office for a body that drafts or reads: whoever runs the system, and whoever audits, see names masked."""
    asked = {"user": request.user, "neighborhood": order.neighborhood, "at": moment(request)}
    return any(effects.call("speaks_for", perm=perm, **asked) for perm in PARTS)


def _named(order: Order, called: Callable[[Resident], str]) -> str:
    named = order.people.select_related("resident").order_by("pk")
    return "、".join(called(each.resident) for each in named) or gettext("nobody so far")


@admin.register(Order)
class OrderAdmin(WatchedAdmin[Order]):
    view_perms = LOOK
    add_perms = ("draft_sharing",)
    form = OrderForm
    refusals = (speaking.Refusal,)
    list_display = ("authority", "state", "drafted_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("authority", "request", "neighborhood")
    ordering = ("-drafted_at", "pk")
    acts = (
        Act(
            slug="name",
            label=_("Name a person"),
            perms=("draft_sharing",),
            run=_name,
            form=PersonForm,
            explained=_(
                "Whom the order names, and nobody else. Once somebody has read it, nobody can be added."
            ),
            when=_is_draft,
        ),
        Act(
            slug="read",
            label=_("Say what you think of it"),
            perms=("approve_sharing",),
            run=_read,
            form=ReadForm,
            explained=_(
                "Read the paper itself first. Two who did not draft it say yes before anything is given. One no ends it."
            ),
            when=_is_draft,
        ),
        Act(
            slug="give",
            label=_("Give what the law orders"),
            perms=("approve_sharing",),
            run=_give,
            explained=_(
                "Makes one file with exactly these people and fields. Only the authority can open it, and each of them is told."
            ),
            when=_is_draft,
        ),
        Act(
            slug="stop",
            label=_("Close it"),
            perms=("approve_sharing",),
            run=_stop,
            explained=_("What was not fetched is not given any more. What was given stays on record."),
            when=lambda order: order.request.state == Request.State.RELEASED,
        ),
    )

    def asked_by(self, object_id: UUID) -> Request | None:
        return Request.objects.select_related("neighborhood").filter(order=object_id).first()

    def get_fields(self, request: HttpRequest, obj: Order | None = None) -> Any:
        paper = ("legal_basis", "document", "document_sha256")
        if obj is None:
            said = ("authority", "purpose", "purpose_en", *paper, "fields_asked")
            return (*said, "tell_day", "forbidden_by")
        people = "people" if _is_draft(obj) and _speaks(request, obj) else "people_masked"
        asked = ("authority", "purpose", *paper, "asked_for", people, "tell_on", "forbidden_by")
        return (*asked, "state", "readers", "drafted_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Order | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def get_form(
        self, request: HttpRequest, obj: Order | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.by = request.user  # type: ignore[attr-defined]
        return form

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        orders.draft(order=obj, request=form.asked, by=request.user, at=moment(request))

    @admin.display(description=_("state"))
    def state(self, order: Order) -> str:
        if order.request.state == Request.State.RELEASED:
            return gettext("given")
        return str(order.request.get_state_display())

    @admin.display(description=_("what for"))
    def purpose(self, order: Order) -> str:
        return order.request.what_for

    @admin.display(description=_("fields"))
    def asked_for(self, order: Order) -> str:
        return "、".join(str(Field(field).label) for field in order.request.fields)

    @admin.display(description=_("whom it names"))
    def people(self, order: Order) -> str:
        return _named(order, lambda who: who.name)

    @admin.display(description=_("whom it names"))
    def people_masked(self, order: Order) -> str:
        return _named(order, masked_name)

    @admin.display(description=_("who read it"))
    def readers(self, order: Order) -> str:
        return readers_of(order.request)
