"""People on the desk: masked, until somebody gives a reason that the person will read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import contact, correcting, effects, lookups, register
from residents.acts import Act, Refused
from residents.ages import today_in
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment, reach, within
from residents.desk_lists import MEANT, by_number, spellings
from residents.importing.identity import has_identity
from residents.models import Approval, Occupancy, Resident, Unit, User


def without_number(name: str) -> str:
    """No identity number comes into the register, not even inside a name."""
    if has_identity(name):
        raise forms.ValidationError(gettext("Write the name alone, without the number of a document."))
    return name.strip()


class RegisterForm(ScopedForm):
    phone = forms.CharField(
        label=_("phone"), required=False, help_text=_("May stay empty. Nobody needs a phone.")
    )

    def clean_name(self) -> str:
        name = without_number(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(gettext("Write the name."))
        return name

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone.strip():
            try:
                contact.normalise(phone)
            except contact.PhoneRefused as refused:
                raise forms.ValidationError(str(refused)) from refused
        return phone


class ReasonForm(forms.Form):
    # None is chosen beforehand: a reason is given, not passed over.
    what_for = forms.ChoiceField(
        label=_("what for"),
        choices=[
            ("", "—"),
            ("asked", _("the resident asked for it")),
            ("urgent", _("an emergency in the dwelling")),
            ("repair", _("a repair or a delivery")),
            ("correct", _("correcting the register")),
            ("other", _("something else")),
        ],
    )
    words = forms.CharField(
        label=_("in your words"),
        max_length=200,
        min_length=4,
        help_text=_("The resident reads this, word for word, with your role and the time."),
    )

    def reason(self) -> str:
        chosen = dict(self.fields["what_for"].choices)  # type: ignore[attr-defined]
        return f"{chosen[self.cleaned_data['what_for']]}: {self.cleaned_data['words']}"

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            self.cleaned_data["reason"] = self.reason()
        return self.cleaned_data


class CorrectForm(forms.Form):
    name = forms.CharField(label=_("new name"), max_length=100, required=False)
    phone = forms.CharField(label=_("new phone"), max_length=40, required=False)
    no_phone = forms.BooleanField(label=_("remove the phone"), required=False)

    def clean_name(self) -> str:
        return without_number(self.cleaned_data["name"])


def _look_up(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse | None:
    at, by = moment(request), request.user
    assert isinstance(by, User)
    try:
        done = lookups.look_up_or_ask(
            resident=resident,
            by=by,
            reason=given["reason"],
            capacity=effects.call(
                "capacity", user=by, neighborhood=resident.neighborhood, perm="look_up", at=at
            ),
            at=at,
        )
    except lookups.ReasonMissing:
        raise Refused(gettext("Give a reason.")) from None
    except lookups.LooksSpent as spent:
        raise Refused(
            gettext(
                "You have looked at people’s details as often as one may in that time. You can look again from %(again)s."
                " If a life is in danger, open it as an emergency at the desk."
            )
            % {"again": date_format(localtime(spent.again_at), "DATETIME_FORMAT")}
        ) from spent
    if isinstance(done, Approval):
        messages.info(
            request, gettext("They are under eighteen: another of the staff has been asked to approve it.")
        )
    return None


def _letters(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse:
    """Letters have a page of their own at the desk, above the admin."""
    return HttpResponseRedirect(
        f"{reverse('desk_letters_of', args=[resident.pk])}?in={resident.neighborhood_id}"
    )


def _correct(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    phone = "" if given["no_phone"] else given["phone"] or None
    try:
        correcting.correct(
            resident=resident, name=given["name"], phone=phone, by=request.user, at=moment(request)
        )
    except contact.PhoneRefused as refused:
        raise Refused(str(refused)) from refused
    except correcting.NothingToCorrect:
        raise Refused(gettext("Fill in what is to be corrected.")) from None
    return None


@admin.register(Resident)
class ResidentAdmin(ScopedAdmin[Resident]):
    view_perms = ("view_register",)
    add_perms = ("manage_register",)
    form = RegisterForm
    list_display = ("short_id", "masked_name", "dwelling", "neighborhood")
    list_display_links = ("short_id",)
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("neighborhood",)
    ordering = ("-created_at", "pk")
    search_fields = ("id", "occupancies__unit__number")  # see `get_search_results`
    # Not by name: asking for a name is a way of learning it, and a look-up needs a reason.
    search_help_text = _("By the beginning of the number, or by dwelling.")
    acts = (
        Act(
            slug="look-up",
            label=_("Look up name and phone"),
            perms=("look_up",),
            form=ReasonForm,
            run=_look_up,
            explained=_(
                "Opens name and phone for a quarter of an hour. It is recorded, and the resident sees it."
            ),
        ),
        Act(
            slug="letters",
            label=_("Letters"),
            perms=("manage_register",),
            run=_letters,
            explained=_("Leads to the letters of this person: a first one, another one, a way back in."),
            when=lambda resident: resident.erased_at is None,
        ),
        Act(
            slug="correct",
            label=_("Correct name or phone"),
            perms=("manage_register",),
            form=CorrectForm,
            run=_correct,
            explained=_("What you leave empty stays as it is. What was written before is not shown."),
            when=lambda resident: resident.erased_at is None,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resident]:
        return super().get_queryset(request).prefetch_related("occupancies__unit__building")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Resident], search_term: str
    ) -> tuple[QuerySet[Resident], bool]:
        """By the beginning of the number, or by dwelling: who lives or lived in one of that number. Two queries."""
        if not search_term.strip():
            return queryset, False
        units = Unit.objects.filter(number__in=spellings(search_term))
        where = reach(request, self.view_perms)
        lived = Occupancy.objects.filter(unit__in=within(units, where, "neighborhood"))
        people = list(lived.order_by("-since").values_list("resident", flat=True)[:MEANT])
        return queryset.filter(by_number(search_term, "pk") | Q(pk__in=people)), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Resident | None:
        """Carries the details along while a look-up is open."""
        resident = super().get_object(request, object_id, from_field)
        if resident is not None and isinstance(request.user, User):
            opened = lookups.is_open(resident=resident, by=request.user, at=moment(request))
            vars(resident)["opened"] = (
                lookups.details(resident=resident, by=request.user, at=moment(request)) if opened else None
            )
        return resident

    def get_fields(self, request: HttpRequest, obj: Resident | None = None) -> Any:
        if obj is None:
            return ("neighborhood", "name", "phone")
        return ("id", "neighborhood", "shown_name", "shown_phone", "dwelling", "account", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Resident | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Resident, form: Any, change: bool) -> None:
        made = register.register(
            neighborhood=obj.neighborhood, name=obj.name, phone=form.cleaned_data["phone"]
        )
        obj.pk, obj._state = made.pk, made._state

    @admin.display(description=_("number"))
    def short_id(self, resident: Resident) -> str:
        return str(resident.pk)[:8]

    @admin.display(description=_("name"))
    def masked_name(self, resident: Resident) -> str:
        return lookups.masked_name(resident)

    @admin.display(description=_("name"))
    def shown_name(self, resident: Resident) -> str:
        opened = vars(resident).get("opened")
        return opened[0] if opened else lookups.masked_name(resident)

    @admin.display(description=_("phone"))
    def shown_phone(self, resident: Resident) -> str:
        opened = vars(resident).get("opened")
        if opened:
            return opened[1] or gettext("none given")
        return "•••" if resident.phone_sealed else gettext("none given")

    @admin.display(description=_("dwelling"))
    def dwelling(self, resident: Resident) -> str:
        today = today_in(resident.neighborhood, timezone.now())
        return "、".join(
            str(lived.unit)
            for lived in resident.occupancies.all()
            if lived.until is None or lived.until > today
        )

    @admin.display(description=_("account"), boolean=True)
    def account(self, resident: Resident) -> bool:
        return resident.user_id is not None


@admin.register(Occupancy)
class OccupancyAdmin(ScopedAdmin[Occupancy]):
    """To be read. Who comes is let in on their own page, with a way in; who goes says so themself (law 13)."""

    view_perms = ("view_register",)
    list_display = ("unit", "resident", "tenure", "since", "until")
    list_filter = (("neighborhood", ScopedFilter), "tenure")
    list_select_related = ("unit__building", "resident")
    ordering = ("-since", "pk")
    fields = ("resident", "unit", "tenure", "since", "until")
