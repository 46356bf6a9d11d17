"""Sharing on the desk: one drafts, another puts it to residents, and what they gave is encrypted to the recipient.

Nothing here lists who said no, or who said nothing (law 5).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User
from sharing import disclosing, requesting, tallies
from sharing.models import Copy, Disclosure, Field, Recipient, Request

REQUEST_REFUSED = {
    "fields": _("Ask for at least one of name, dwelling and phone."),
    "purpose": _("Say what it is for, in both languages."),
    "retention": _("Say for how many days the recipient may keep it; at least one."),
    "deadline": _("The time to decide must lie ahead."),
    "own_draft": _("Whoever drafted it cannot do this: it takes a second person."),
    "not_a_draft": _("It was put to residents before."),
    "not_open": _("It is not with residents."),
    "no_key": _(
        "The recipient has no confirmed key yet, so nothing can be encrypted to it. Let it prove its key, and confirm it by"
        " telephone."
    ),
    "still_deciding": _("Residents are still deciding. Wait until their time is over."),
}


@admin.register(Recipient)
class RecipientAdmin(ScopedAdmin[Recipient]):
    view_perms = ("draft_sharing", "approve_sharing", "audit")
    add_perms = change_perms = ("draft_sharing",)
    ordering = ("name", "pk")
    list_display = ("name", "contact", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("neighborhood",)
    fields = ("neighborhood", "name", "contact")


class RequestForm(ScopedForm):
    fields_asked = forms.MultipleChoiceField(
        label=_("fields"), choices=Field.choices, widget=forms.CheckboxSelectMultiple
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if recipient := given.get("recipient"):
            self.instance.neighborhood = recipient.neighborhood
        if not self.errors:
            self._ask_the_domain(given)
        return given

    def _ask_the_domain(self, given: dict[str, Any]) -> None:
        try:
            requesting.check(
                purpose=given["purpose"],
                purpose_en=given["purpose_en"],
                fields=given["fields_asked"],
                retention_days=given["retention_days"],
                deadline=given["deadline"],
                at=timezone.now(),
            )
        except requesting.RequestRefused as refused:
            raise forms.ValidationError(REQUEST_REFUSED[refused.reason]) from refused


def _put(request: HttpRequest, asked: Request, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        requesting.put_to_residents(request=asked, by=request.user, at=moment(request))
    except requesting.RequestRefused as refused:
        raise Refused(REQUEST_REFUSED[refused.reason]) from refused
    return None


def _release(request: HttpRequest, asked: Request, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        disclosing.release(request=asked, by=request.user, at=moment(request))
    except disclosing.ReleaseRefused as refused:
        raise Refused(REQUEST_REFUSED[refused.reason]) from refused
    return None


@admin.register(Request)
class RequestAdmin(ScopedAdmin[Request]):
    view_perms = ("draft_sharing", "approve_sharing", "audit")
    add_perms = ("draft_sharing",)
    form = RequestForm
    refusals = (requesting.RequestRefused,)
    list_display = ("recipient", "state", "deadline", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "state")
    list_select_related = ("recipient", "neighborhood")
    ordering = ("-deadline", "pk")
    acts = (
        Act(
            slug="put",
            label=_("Put it to residents"),
            perms=("approve_sharing",),
            run=_put,
            explained=_(
                "Each resident is asked. From then on its words stand; whoever does not answer has said no."
            ),
            when=lambda asked: asked.state == Request.State.DRAFT,
        ),
        Act(
            slug="release",
            label=_("Give what residents agreed to"),
            perms=("approve_sharing",),
            run=_release,
            explained=_(
                "Makes one file with exactly those who say yes, and of each only the fields they agreed to. Only the recipient"
                " can open it."
            ),
            when=lambda asked: asked.state == Request.State.OPEN,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Request | None = None) -> Any:
        if obj is None:
            return (
                *("recipient", "purpose", "purpose_en"),
                *("fields_asked", "retention_days", "deadline"),
            )
        return (
            *("recipient", "purpose", "purpose_en", "asked_for", "retention_days", "deadline"),
            *("state", "agreed", "drafted_by", "opened_by", "opened_at"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Request | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Request | None:
        asked = super().get_object(request, object_id, from_field)
        if asked is not None:
            vars(asked)["agreed"] = tallies.told(request=asked)
        return asked

    def save_model(self, request: HttpRequest, obj: Request, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        made = requesting.draft(
            recipient=obj.recipient,
            purpose=obj.purpose,
            purpose_en=obj.purpose_en,
            fields=form.cleaned_data["fields_asked"],
            retention_days=obj.retention_days,
            deadline=obj.deadline,
            by=request.user,
            at=moment(request),
        )
        obj.pk, obj._state = made.pk, made._state

    @admin.display(description=_("fields"))
    def asked_for(self, asked: Request) -> str:
        return "、".join(str(Field(field).label) for field in asked.fields)

    @admin.display(description=_("how many agreed"))
    def agreed(self, asked: Request) -> str:
        count = vars(asked).get("agreed")
        if count is not None:
            return str(count)
        return gettext("not told: too early, or fewer than 5 agreed, or all but fewer than 5")


@admin.register(Disclosure)
class DisclosureAdmin(ScopedAdmin[Disclosure]):
    """What is given is encrypted to whoever it is for: there is nothing here to open, and no way to it from here."""

    view_perms = ("draft_sharing", "approve_sharing", "audit")
    list_display = ("short_id", "recipient", "asked_at", "how_far")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("request__recipient",)
    ordering = ("-asked_at", "pk")
    fields = ("id", "recipient", "asked_by", "asked_at", "how_far")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Disclosure]:
        living = Prefetch("copies", Copy.objects.living(), to_attr="standing")
        return super().get_queryset(request).prefetch_related(living)

    @admin.display(description=_("number"))
    def short_id(self, given: Disclosure) -> str:
        return str(given.pk)[:8]

    @admin.display(description=_("recipient"))
    def recipient(self, given: Disclosure) -> str:
        return str(given.request.recipient)

    @admin.display(description=_("how far it is"))
    def how_far(self, given: Disclosure) -> str:
        [copy] = vars(given)["standing"] or [None]
        if copy is None:
            return gettext("not made yet")
        if copy.state == Copy.State.BUILDING:
            return gettext("%(percent)s%% encrypted") % {"percent": copy.percent}
        return str(copy.get_state_display())
