"""What gates did, on the desk. Events name no person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from access.models import EntryEvent
from residents.desk import ScopedAdmin, ScopedFilter


class OutcomeFilter(admin.SimpleListFilter):
    """What there can be, and not what there is: that would be read from every event."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("opened", _("opened")),
            ("refused", _("stayed shut")),
            ("would_open", _("would have opened; the old controller decides")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[EntryEvent]) -> QuerySet[EntryEvent]:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(EntryEvent)
class EntryEventAdmin(ScopedAdmin[EntryEvent]):
    """That a gate opened or stayed shut. Whose card it was is left out, not masked (law 6)."""

    view_perms = ("manage_access",)
    list_display = ("received_at", "gate", "outcome", "reason", "device_time")
    list_filter = (("gate", ScopedFilter), OutcomeFilter)
    list_select_related = ("gate",)
    ordering = ("-received_at", "pk")
    fields = ("gate", "outcome", "reason", "device_time", "received_at")
