"""Within how many days a body answers, on the desk: its chair says so, its staff and auditors read what was said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from committees import roles, service_days
from committees.models import Committee, ServiceTimes
from committees.models.service import MOST_DONE_DAYS, MOST_REPLY_DAYS, Kind
from committees.service import ANSWER
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment, reach
from residents.models import User


class DaysForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if committee := given.get("committee"):
            self.instance.neighborhood = committee.neighborhood
        kind = given.get("kind")
        if kind:
            for name, most in (
                ("reply_days", MOST_REPLY_DAYS[Kind(kind)]),
                ("done_days", MOST_DONE_DAYS[Kind(kind)]),
            ):
                if (given.get(name) or 0) > most:
                    words = gettext("At most %(most)s days for this kind.")
                    self.add_error(name, words % {"most": most})
        return given


def chaired(request: HttpRequest) -> QuerySet[Committee]:
    """For which bodies the reader may say it."""
    if not isinstance(request.user, User):
        return Committee.objects.none()
    return service_days.chaired(user=request.user, at=moment(request))


@admin.register(ServiceTimes)
class ServiceTimesAdmin(ScopedAdmin[ServiceTimes]):
    form = DaysForm
    view_perms = (ANSWER, "audit")
    add_perms = (ANSWER,)
    fields = ("committee", "kind", "reply_days", "done_days")
    list_display = ("committee", "kind", "reply_days", "done_days", "set_at")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    list_select_related = ("committee__neighborhood",)
    ordering = ("-set_at", "pk")
    refusals = (service_days.DaysRefused,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and chaired(request).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceTimes]:
        """Of one's own bodies; auditors and who runs the system read them all."""
        found = super().get_queryset(request)
        audited = reach(request, ("audit",))
        if audited is None or not isinstance(request.user, User):
            return found
        own = roles.bodies(user=request.user, perm=ANSWER, at=moment(request))
        return found.filter(Q(neighborhood__in=audited) | Q(committee__in=own))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "committee":
            field.queryset = chaired(request)
        return field

    def save_model(self, request: HttpRequest, obj: ServiceTimes, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        given = {name: form.cleaned_data[name] for name in ("committee", "reply_days", "done_days")}
        made = service_days.say(kind=Kind(obj.kind), by=request.user, at=moment(request), **given)
        obj.pk, obj._state = made.pk, made._state
