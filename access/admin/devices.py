"""Readers on the desk, and the sign beside each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import devices
from access.admin import signs
from access.models import Device
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, moment


def _revoke(request: HttpRequest, device: Device, given: dict[str, Any]) -> HttpResponse | None:
    if not devices.revoke(device=device, at=moment(request)):
        raise Refused(gettext("It was revoked before."))
    return None


@admin.register(Device)
class DeviceAdmin(ScopedAdmin[Device]):
    view_perms = ("manage_access",)
    list_display = ("short_id", "gate", "paired_at", "last_poll_at", "revoked_at")
    list_filter = (("neighborhood", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = ("gate",)
    ordering = ("-paired_at", "pk")
    fields = ("id", "gate", "paired_at", "last_poll_at", "clock_skew", "revoked_at")
    acts = (
        Act(
            slug="revoke",
            label=_("Revoke"),
            perms=("manage_access",),
            run=_revoke,
            explained=_(
                "For a reader that is lost or taken down. It is refused from now on and told to erase itself."
                " What it had not confirmed as erased is shown to residents as lost, not as gone."
            ),
            when=lambda device: device.revoked_at is None,
        ),
        signs.POST,
    )

    @admin.display(description=_("number"))
    def short_id(self, device: Device) -> str:
        return str(device.pk)[:8]
