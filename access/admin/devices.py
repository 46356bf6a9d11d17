"""Readers on the desk, and the sign beside each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import devices, giving_up
from access.admin import signs
from access.models import Device
from residents import closing_forms
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import Closing


def _revoke(request: HttpRequest, device: Device, given: dict[str, Any]) -> HttpResponse | None:
    if not devices.revoke(device=device, at=moment(request)):
        raise Refused(gettext("It was revoked before."))
    return None


CLOSE = closing_forms.acts(
    perms=("manage_access",),
    reasons=Closing.OF_DEVICES,
    say=lambda device, **said: giving_up.say(device=device, **said),
    answer=lambda device, **said: giving_up.answer(device=device, **said),
    standing=giving_up.standing,
    may_be_said=lambda device: device.revoked_at is not None,
    explained=_(
        "For a reader that was lost, stolen or scrapped, and will never confirm what it was to erase. Another of the staff"
        " answers. Only then does nobody wait for it any more; residents read what became of it, and that it is not known"
        " to be gone."
    ),
)


@admin.register(Device)
class DeviceAdmin(ScopedAdmin[Device]):
    view_perms = ("manage_access",)
    list_display = ("short_id", "gate", "paired_at", "last_poll_at", "revoked_at")
    list_filter = (("neighborhood", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = ("gate",)
    ordering = ("-paired_at", "pk")
    fields = ("id", "gate", "paired_at", "last_poll_at", "clock_skew", "revoked_at", "became")
    readonly_fields = ("became",)
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
        *CLOSE,
    )

    @admin.display(description=_("number"))
    def short_id(self, device: Device) -> str:
        return str(device.pk)[:8]

    @admin.display(description=_("what became of it"))
    def became(self, device: Device) -> str:
        return closing_forms.told(giving_up.standing(device))
