"""Sharing on the desk: one drafts, two others read it, residents are asked, and what they gave is encrypted to the recipient.

Nothing here lists who said no, or who said nothing (law 5).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.acts import Act
from residents.desk import ScopedFilter, ScopedForm, moment, reach, within
from residents.models import Building, Neighborhood, Occupancy, User
from sharing import audience, counting, disclosing, requesting, tallies
from sharing.contracts_admin import REFUSED, readers_of, told
from sharing.copies_admin import DisclosureAdmin as DisclosureAdmin  # isort: split

from sharing.models import Contract, Field, Request
from sharing.orders_admin import OrderAdmin as OrderAdmin
from sharing.receiving_admin import RecallAdmin as RecallAdmin
from sharing.watched_admin import WatchedAdmin

# Of so many neighborhoods the numbers are shown on one page: staff have one, an operator has all.
NUMBERS_OF = 10
FIELD_TO_BLAME = {
    "fields": "fields_asked",
    "beyond": "fields_asked",
    "purpose": "purpose",
    "biometrics": "purpose",
    "costs": "no_costs",
    "retention": "retention_days",
    "deadline": "deadline",
    "repeats": "repeats_until",
    "contract": "contract",
}


class ContractField(forms.ModelChoiceField[Contract]):
    def __init__(self, queryset: QuerySet[Contract], **kwargs: Any) -> None:
        super().__init__(queryset.filter(ended_at=None).select_related("recipient"), **kwargs)

    def label_from_instance(self, obj: Contract) -> str:
        return f"{obj.recipient.name}, {obj.starts} – {obj.until}"


class RequestForm(ScopedForm):
    by: User
    fields_asked = forms.MultipleChoiceField(
        label=_("fields"), choices=Field.choices, widget=forms.CheckboxSelectMultiple
    )
    buildings = forms.CharField(
        label=_("only these buildings"),
        required=False,
        help_text=_("Their names with commas between. Empty: all of them."),
    )
    roles = forms.MultipleChoiceField(
        label=_("only who lives there as"),
        required=False,
        choices=Occupancy.Tenure.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    ages = forms.MultipleChoiceField(
        label=_("only these ages"),
        required=False,
        choices=list(audience.AGES.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if recipient := given.get("recipient"):
            self.instance.neighborhood = recipient.neighborhood
        if not self.errors:
            self._ask_the_domain(given, self._named(given))
        return given

    def _named(self, given: dict[str, Any]) -> list[str]:
        names = [name.strip() for name in re.split(r"[,，、]", given["buildings"]) if name.strip()]
        known = Building.objects.filter(neighborhood=given["recipient"].neighborhood, name__in=names)
        found = {building.name: str(building.pk) for building in known} if names else {}
        if unknown := [name for name in names if name not in found]:
            self.add_error(
                "buildings", gettext("No such building: %(names)s") % {"names": ", ".join(unknown)}
            )
        return [found[name] for name in dict.fromkeys(names) if name in found]

    def _ask_the_domain(self, given: dict[str, Any], buildings: list[str]) -> None:
        at = timezone.now()
        said = (
            "recipient",
            "kind",
            "purpose",
            "purpose_en",
            "retention_days",
            "deadline",
            "basis",
            "contract",
        )
        self.asked = requesting.wished(
            **{name: given[name] for name in (*said, "repeats_until", "onward", "no_costs")},
            fields=given["fields_asked"],
            about={"buildings": buildings, "ages": given["ages"], "roles": given["roles"]},
            by=self.by,
        )
        try:
            requesting.check(self.asked, at)
        except requesting.RequestRefused as refused:
            if refused.reason in requesting.OUTRIGHT:
                requesting.keep_refused(request=self.asked, because=refused.reason, by=self.by)
            self.add_error(FIELD_TO_BLAME.get(refused.reason), REFUSED[refused.reason])


class ReviewForm(forms.Form):
    yes = forms.ChoiceField(
        label=_("your answer"),
        choices=[
            ("yes", _("Yes, residents may be asked this")),
            ("no", _("No, and with that it ends")),
        ],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("in your words"),
        required=False,
        max_length=500,
        widget=forms.Textarea,
        help_text=_("A no says why."),
    )


def _review(request: HttpRequest, asked: Request, given: dict[str, Any]) -> None:
    yes = given["yes"] == "yes"
    told(requesting.review, request, request=asked, yes=yes, words=given["words"])


def _put(request: HttpRequest, asked: Request, given: dict[str, Any]) -> None:
    told(requesting.put_to_residents, request, request=asked)


def _release(request: HttpRequest, asked: Request, given: dict[str, Any]) -> None:
    told(disclosing.release, request, request=asked)


def _close(request: HttpRequest, asked: Request, given: dict[str, Any]) -> None:
    told(requesting.close, request, request=asked)


@admin.register(Request)
class RequestAdmin(WatchedAdmin[Request]):
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
            slug="review",
            label=_("Say what you think of it"),
            perms=("approve_sharing",),
            run=_review,
            form=ReviewForm,
            explained=_("Two who did not draft it say yes before residents are asked. One no ends it."),
            when=lambda asked: asked.state == Request.State.DRAFT,
        ),
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
            when=lambda asked: asked.state == Request.State.OPEN or asked.repeats_until is not None,
        ),
        Act(
            slug="close",
            label=_("Close it"),
            perms=("approve_sharing",),
            run=_close,
            explained=_("Nothing more is asked or given. What was given stays on record."),
            when=lambda asked: asked.state in (Request.State.OPEN, Request.State.RELEASED),
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

    def asked_by(self, object_id: UUID) -> Request | None:
        return Request.objects.select_related("neighborhood").filter(pk=object_id).first()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        """Orders by law have a page of their own."""
        return super().get_queryset(request).filter(order=None)

    def get_fields(self, request: HttpRequest, obj: Request | None = None) -> Any:
        said = ("recipient", "contract", "kind", "purpose", "purpose_en", "basis")
        until = ("retention_days", "repeats_until", "onward", "no_costs", "deadline")
        if obj is None:
            return (*said, "fields_asked", "buildings", "roles", "ages", *until)
        return (
            *(*said, "asked_for", "about_whom", *until, "state", "refused_because", "readers"),
            *("agreed", "drafted_by", "opened_by", "opened_at"),
        )

    def get_form(
        self, request: HttpRequest, obj: Request | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.by = request.user  # type: ignore[attr-defined]
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "contract":
            kwargs["form_class"] = ContractField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

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
        made = requesting.write(request=form.asked, by=request.user, at=moment(request))
        obj.pk, obj._state = made.pk, made._state

    @admin.display(description=_("about whom"))
    def about_whom(self, asked: Request) -> str:
        return audience.in_words(asked)

    @admin.display(description=_("who read it"))
    def readers(self, asked: Request) -> str:
        return readers_of(asked)

    @admin.display(description=_("fields"))
    def asked_for(self, asked: Request) -> str:
        return "、".join(str(Field(field).label) for field in asked.fields)

    @admin.display(description=_("how many agreed"))
    def agreed(self, asked: Request) -> str:
        count = vars(asked).get("agreed")
        if count is not None:
            return str(count)
        fewest = {"fewest": asked.neighborhood.fewest_counted}
        return (
            gettext("not told: too early, or fewer than %(fewest)s agreed, or all but fewer than %(fewest)s")
            % fewest
        )
