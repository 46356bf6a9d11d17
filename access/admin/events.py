"""What gates did, on the desk. Events name no person."""

from __future__ import annotations

from django.contrib import admin

from access.models import EntryEvent
from residents.desk import ScopedAdmin, ScopedFilter


@admin.register(EntryEvent)
class EntryEventAdmin(ScopedAdmin[EntryEvent]):
    """That a gate opened or stayed shut. Whose card it was is left out, not masked (law 6)."""

    view_perms = ("manage_access",)
    list_display = ("received_at", "gate", "outcome", "reason", "device_time")
    list_filter = (("gate", ScopedFilter), "outcome")
    list_select_related = ("gate",)
    ordering = ("-received_at", "pk")
    fields = ("gate", "outcome", "reason", "device_time", "received_at")
