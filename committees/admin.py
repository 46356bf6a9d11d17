"""Bodies and terms on the desk. Who runs the system appoints; a body says itself how it is reached; auditors read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import (
    appointing,
    contracts_admin,
    members_admin,
    notices_admin,
    service_days_admin,
    suspending,
)
from committees.models import Committee, Term
from committees.publishing import PERM
from residents.acts import Act, Refused
from residents.desk import OPERATOR, ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User

__all__ = ["CommitteeAdmin", "TermAdmin", "contracts_admin", "notices_admin", "service_days_admin"]


@admin.register(Committee)
class CommitteeAdmin(ScopedAdmin[Committee]):
    view_perms = ("view_register", "audit")
    add_perms = (OPERATOR,)
    change_perms = (OPERATOR, PERM)
    ordering = ("name", "pk")
    list_display = ("name", "kind", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    list_select_related = ("neighborhood",)
    fields = ("neighborhood", "kind", "name", "office", "hours", "phone", "night_phone")

    def has_change_permission(self, request: HttpRequest, obj: Committee | None = None) -> bool:
        """How it is reached is said by who runs the system, or by the very body."""
        if not super().has_change_permission(request, obj):
            return False
        return request.user.is_superuser or obj is None or obj.pk in notices_admin.speaks_for(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Committee | None = None) -> list[str]:
        if obj is None:
            return []
        return ["neighborhood", "kind"] if request.user.is_superuser else ["neighborhood", "kind", "name"]


NAME_SHOWN = _(
    "Residents read it while the term lasts. The law asks for it in an owners' committee; in any other body, only if they have"
    " agreed. Without a name, the post alone is shown."
)


class TermForm(ScopedForm):
    sign_in_name = forms.CharField(
        label=_("sign-in name"), max_length=64, help_text=_("Of an account that exists, in full.")
    )

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("sign_in_name")
        if name is not None:
            user = User.objects.filter(username=name, is_active=True).first()
            if user is None:
                self.add_error("sign_in_name", gettext("There is no such account."))
            else:
                self.instance.user = user
        if committee := self.cleaned_data.get("committee"):
            self.instance.neighborhood = committee.neighborhood
            if said := _name_refused(committee, self.cleaned_data):
                self.add_error("name_agreed", said)
        return self.cleaned_data


def _name_refused(committee: Committee, given: dict[str, Any]) -> str:
    if given.get("public_name") and not given.get("name_agreed") and committee.kind != Committee.Kind.OWNERS:
        return gettext(
            "Only the names of the owners' committee are public by law. Tick this if they have agreed, or leave the name empty."
        )
    return ""


class NameForm(forms.Form):
    """What residents read of somebody who is in office."""

    public_name = forms.CharField(
        label=_("name that residents read"), max_length=50, required=False, help_text=NAME_SHOWN
    )
    name_agreed = forms.BooleanField(label=_("has agreed in writing to be named"), required=False)

    def clean_public_name(self) -> str:
        name: str = self.cleaned_data["public_name"]
        if any(each.isdigit() or each == "@" for each in name):
            raise forms.ValidationError(gettext("Only the name: no number, no address."))
        return name


def _name(request: HttpRequest, term: Term, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        appointing.publish_name(
            term=term,
            name=given["public_name"],
            agreed=given["name_agreed"],
            by=request.user,
            at=moment(request),
        )
    except appointing.NotAgreed:
        raise Refused(_name_refused(term.committee, given)) from None
    except appointing.TermOver:
        raise Refused(gettext("This term is over already.")) from None
    return None


def _end(request: HttpRequest, term: Term, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        appointing.end(term=term, by=request.user, at=moment(request))
    except appointing.TermOver:
        raise Refused(gettext("This term is over already.")) from None
    except appointing.OnRecord:
        raise Refused(
            gettext(
                "It begins today or later, by a decision that is kept: suspend it, and end it another day."
            )
        ) from None
    return None


@admin.register(Term)
class TermAdmin(members_admin.OfOwnBody[Term]):
    view_perms = ("audit", suspending.PERM)
    add_perms = (OPERATOR,)
    form = TermForm
    list_display = ("committee", "role", "user", "starts", "ends")
    list_filter = (("neighborhood", ScopedFilter), "role")
    list_select_related = ("committee", "user")
    ordering = ("-ends", "pk")
    acts = (
        Act(
            slug="end",
            label=_("End this term today"),
            perms=(OPERATOR,),
            run=_end,
            explained=_("Every right that hangs on it ends at once."),
        ),
        Act(
            slug="name",
            label=_("Change the name that residents read"),
            perms=(OPERATOR,),
            run=_name,
            form=NameForm,
            explained=_("What you leave empty is shown no more from now on."),
        ),
        *members_admin.ACTS,
    )

    def get_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        who = "sign_in_name" if obj is None else "user"
        return ("committee", who, "role", "starts", "ends", "public_name", "name_agreed")

    def get_readonly_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "public_name" and field is not None:
            field.help_text = NAME_SHOWN
        return field

    def save_model(self, request: HttpRequest, obj: Term, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        made = appointing.appoint(
            committee=obj.committee,
            user=obj.user,
            role=obj.role,
            starts=obj.starts,
            ends=obj.ends,
            by=request.user,
            at=moment(request),
            public_name=obj.public_name,
            name_agreed=obj.name_agreed,
        )
        obj.pk, obj._state = made.pk, made._state
