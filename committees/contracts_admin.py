"""The contract with the property company, on the desk: one of the committees writes it, another confirms it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import contracts
from committees.contracts import PERM
from committees.models import Committee, CompanyContract
from residents.acts import Act, Refused
from residents.ages import today_in
from residents.desk import OPERATOR, ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User

REFUSED = {
    "office": _(
        "For this you must be in office in one of the committees today. A company never keeps its own contract."
    ),
    "not_a_company": _("A contract is with a property company."),
    "dates": _("It ends after it began, not earlier than today, and on another day than before."),
    "over": _("It is over, or another has taken its place: write a new contract."),
    "same_person": _("Whoever wrote it cannot confirm it: it takes a second person."),
    "not_waiting": _("It was confirmed or called off before."),
    "another": _("Another contract of this company holds in these days: change that one."),
}


class ContractForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if committee := given.get("committee"):
            self.instance.neighborhood = committee.neighborhood
        starts, ends = given.get("starts"), given.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", gettext("The last day comes after the first."))
        return given


class ChangeForm(forms.Form):
    ends = forms.DateField(
        label=_("until"),
        help_text=_("The first day on which it holds no more. Today: it ends at once, once it is confirmed."),
    )
    paper = forms.CharField(label=_("where its paper is kept"), max_length=200)


def _doing(
    act: Callable[..., object], request: HttpRequest, found: CompanyContract, **given: Any
) -> HttpResponse | None:
    try:
        act(contract=found, by=request.user, at=moment(request), **given)
    except contracts.ContractRefused as refused:
        raise Refused(REFUSED[refused.reason]) from refused
    return None


def _confirm(request: HttpRequest, found: CompanyContract, given: dict[str, Any]) -> HttpResponse | None:
    return _doing(contracts.confirm, request, found)


def _call_off(request: HttpRequest, found: CompanyContract, given: dict[str, Any]) -> HttpResponse | None:
    return _doing(contracts.call_off, request, found)


def _change(request: HttpRequest, found: CompanyContract, given: dict[str, Any]) -> HttpResponse | None:
    return _doing(contracts.change, request, found, **given)


def _lasts(found: CompanyContract) -> bool:
    return found.is_current and found.ends > today_in(found.committee.neighborhood, timezone.now())


@admin.register(CompanyContract)
class CompanyContractAdmin(ScopedAdmin[CompanyContract]):
    form = ContractForm
    view_perms = (PERM, "audit")
    add_perms = (PERM, OPERATOR)
    list_display = ("committee", "starts", "ends", "confirmed_at", "superseded_at", "called_off_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("committee__neighborhood",)
    ordering = ("-written_at", "pk")
    refusals = (contracts.ContractRefused,)
    acts = (
        Act(
            slug="confirm",
            label=_("Confirm: the paper says so"),
            perms=(PERM, OPERATOR),
            run=_confirm,
            explained=_(
                "The rights of everybody who works for this company end with its contract, whatever their terms say. Look into"
                " the paper first."
            ),
            when=lambda found: found.is_waiting,
        ),
        Act(
            slug="change",
            label=_("Extend it, or end it earlier"),
            perms=(PERM, OPERATOR),
            run=_change,
            form=ChangeForm,
            explained=_(
                "Another person confirms it; until then nothing changes. What is over is not brought back."
            ),
            when=_lasts,
        ),
        Act(
            slug="call-off",
            label=_("Call it off"),
            perms=(PERM, OPERATOR),
            run=_call_off,
            explained=_("Nobody can confirm it any more. It stays written down that it was to be."),
            when=lambda found: found.is_waiting,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: CompanyContract | None = None) -> Any:
        said = ("committee", "starts", "ends", "paper")
        return (
            said if obj is None else (*said, "written_at", "confirmed_at", "superseded_at", "called_off_at")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: CompanyContract | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "committee" and field.queryset is not None:
            field.queryset = field.queryset.filter(kind=Committee.Kind.PROPERTY)
        return field

    def save_model(self, request: HttpRequest, obj: CompanyContract, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        given = {name: form.cleaned_data[name] for name in ("committee", "starts", "ends", "paper")}
        made = contracts.write(by=request.user, at=moment(request), **given)
        obj.pk, obj._state = made.pk, made._state
