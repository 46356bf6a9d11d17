"""Bodies and terms on the desk. Who runs the system appoints; auditors read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import appointing
from committees.models import Committee, Term
from residents.acts import Act, Refused
from residents.desk import OPERATOR, ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User


@admin.register(Committee)
class CommitteeAdmin(ScopedAdmin[Committee]):
    view_perms = ("view_register", "audit")
    add_perms = change_perms = (OPERATOR,)
    ordering = ("name", "pk")
    list_display = ("name", "kind", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    list_select_related = ("neighborhood",)
    fields = ("neighborhood", "kind", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Committee | None = None) -> list[str]:
        return [] if obj is None else ["neighborhood", "kind"]


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
        return self.cleaned_data


def _end(request: HttpRequest, term: Term, given: dict[str, Any]) -> HttpResponse | None:
    assert isinstance(request.user, User)
    try:
        appointing.end(term=term, by=request.user, at=moment(request))
    except appointing.TermOver:
        raise Refused(gettext("This term is over already.")) from None
    return None


@admin.register(Term)
class TermAdmin(ScopedAdmin[Term]):
    view_perms = ("audit",)
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
    )

    def get_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        if obj is None:
            return ("committee", "sign_in_name", "role", "starts", "ends")
        return ("committee", "user", "role", "starts", "ends")

    def get_readonly_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

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
        )
        obj.pk, obj._state = made.pk, made._state
