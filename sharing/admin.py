"""Sharing on the desk: one drafts, another puts it to residents, and what they gave is fetched once it is built.

Nothing here lists who said no, or who said nothing (law 5).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.acts import Act, Refused, view_of
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment, reach, within
from residents.models import Neighborhood, User
from sharing import counting, disclosing, requesting, tallies
from sharing.models import Disclosure, Field, Recipient, Request

# Of so many neighborhoods the numbers are shown on one page: staff have one, an operator has all.
NUMBERS_OF = 10
REQUEST_REFUSED = {
    "fields": _("Ask for at least one of name, dwelling and phone."),
    "purpose": _("Say what it is for, in both languages."),
    "retention": _("Say for how many days the recipient may keep it; at least one."),
    "deadline": _("The time to decide must lie ahead."),
    "own_draft": _("Whoever drafted it cannot do this: it takes a second person."),
    "not_a_draft": _("It was put to residents before."),
    "not_open": _("It is not with residents."),
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
                "Makes one file with exactly those who say yes at that moment, and of each only the fields they agreed to."
            ),
            when=lambda asked: asked.state == Request.State.OPEN,
        ),
    )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Numbers first: most of what is asked for needs nobody's name (obligations 27, 31)."""
        if request.method == "POST" or "names" in request.GET or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        where = reach(request, self.add_perms)
        places = within(Neighborhood.objects.filter(practice=False).order_by("name", "pk"), where, "pk")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Would numbers do?"),
            "opts": self.opts,
            "tables": counting.tables(places[:NUMBERS_OF]),
        }
        return TemplateResponse(request, "admin/sharing/numbers.html", context)

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


def _fetch(request: HttpRequest, given: Disclosure, _nothing: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        content = disclosing.fetch(disclosure=given, by=request.user, at=moment(request))
    except disclosing.FileNotReady:
        raise Refused(gettext("It is still being made. Try again in a minute.")) from None
    except disclosing.FileForgotten:
        raise Refused(
            gettext("The file was deleted, as promised. That it was given stays on record.")
        ) from None
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="linmen-{str(given.pk)[:8]}.csv"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


@admin.register(Disclosure)
class DisclosureAdmin(ScopedAdmin[Disclosure]):
    view_perms = ("draft_sharing", "approve_sharing", "audit")
    list_display = ("short_id", "recipient", "asked_at", "built_at", "fetched_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("request__recipient",)
    ordering = ("-asked_at", "pk")
    fields = ("id", "recipient", "asked_by", "asked_at", "built_at", "fetched_at")
    acts = (
        Act(
            slug="file",
            label=_("Fetch the file"),
            perms=("approve_sharing",),
            run=_fetch,
            explained=_("It is recorded that you fetched it. A day later the file is deleted here."),
            when=lambda given: given.file_sealed is not None,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        name = "sharing_disclosure_file_watched"
        watched = path("<uuid:object_id>/file/", self.admin_site.admin_view(self.file_view), name=name)
        return [watched, *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Whoever tries without the right is refused like everywhere, and here it is written down too (A2, 28)."""
        given = Disclosure.objects.select_related("neighborhood").filter(pk=object_id).first()
        if given is not None and not self.allows(request, ("approve_sharing",), given):
            assert isinstance(request.user, User)
            try:
                disclosing.fetch(disclosure=given, by=request.user, at=moment(request))
            except PermissionDenied:
                if not self.has_view_permission(request, given):
                    raise Http404 from None
                raise
        [act] = self.acts
        return view_of(act, self)(request, object_id)

    @admin.display(description=_("number"))
    def short_id(self, given: Disclosure) -> str:
        return str(given.pk)[:8]

    @admin.display(description=_("recipient"))
    def recipient(self, given: Disclosure) -> str:
        return str(given.request.recipient)
