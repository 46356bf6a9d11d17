"""Alarms, for whoever audits: what happened, by whom, when. Read one by one, and by each for themself."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from residents import alarms
from residents.acts import Act
from residents.admin.living import account
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import Alarm, AlarmRead


def _read(request: HttpRequest, alarm: Alarm, given: dict[str, Any]) -> None:
    alarms.read(alarm=alarm, by=account(request), at=moment(request))


@admin.register(Alarm)
class AlarmAdmin(ScopedAdmin[Alarm]):
    view_perms = (alarms.PERM,)
    list_display = ("at", "kind", "by", "about", "read_by_me")
    list_filter = (("neighborhood", ScopedFilter), "kind")
    list_select_related = ("by",)
    ordering = ("-at", "pk")
    fields = ("at", "kind", "by", "subject", "read_by_me")
    readonly_fields = fields
    acts = (
        Act(
            slug="read",
            label=_("I have read it"),
            perms=(alarms.PERM,),
            run=_read,
            explained=_("It goes from your first page. Other auditors are shown it still."),
            when=lambda alarm: not vars(alarm).get("is_read"),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:
        read = AlarmRead.objects.filter(alarm=OuterRef("pk"), by=request.user.pk)
        return super().get_queryset(request).annotate(is_read=Exists(read))

    @admin.display(description=_("about"))
    def about(self, alarm: Alarm) -> str:
        """The beginning of a number: of a look-up, an emergency, or whatever the kind says."""
        return str(alarm.subject)[:8] if alarm.subject else ""

    @admin.display(description=_("read by me"), boolean=True)
    def read_by_me(self, alarm: Alarm) -> bool:
        return bool(vars(alarm)["is_read"])
