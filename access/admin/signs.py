"""Signs on the desk: recorded where the reader is, and what hung there before stays to be read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import signs
from access.models import Device, Sign
from residents.acts import Act, Refused
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import User


class SignForm(forms.Form):
    hangs = forms.CharField(
        label=_("Where it hangs"),
        max_length=120,
        help_text=_("So that somebody else finds it: to the right of the door, at eye height."),
    )
    purpose = forms.CharField(
        label=_("The purpose it states"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("As it is written there: what the camera is for, and that cards open as well."),
    )


def _post(request: HttpRequest, device: Device, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        signs.post(device=device, by=request.user, at=moment(request), **given)
    except signs.LooksAtNobody as nobody:
        raise Refused(gettext("This reader looks at no faces, so no sign belongs there.")) from nobody


def _take_down(request: HttpRequest, sign: Sign, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        signs.take_down(sign=sign, by=request.user, at=moment(request))
    except signs.NoSuchSign as gone:
        raise Refused(gettext("It was taken down before.")) from gone


POST: Act[Device] = Act(
    slug="sign",
    label=_("A sign hangs here"),
    perms=("manage_access",),
    form=SignForm,
    run=_post,
    explained=_(
        "Hang it up first, then record it here. Until then this reader is sent no face and opens by none. One that"
        " hung here before counts as taken down."
    ),
    when=lambda device: device.revoked_at is None and device.gate.by_face,
)


@admin.register(Sign)
class SignAdmin(ScopedAdmin[Sign]):
    view_perms = ("manage_access", "assess", "audit")
    list_display = ("hangs", "gate", "posted_at", "taken_down_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("device__gate", "neighborhood")
    ordering = ("-posted_at", "pk")
    fields = (
        *("neighborhood", "gate", "hangs", "purpose"),
        *("posted_by", "posted_at", "taken_down_by", "taken_down_at"),
    )
    readonly_fields = fields
    acts = (
        Act(
            slug="take-down",
            label=_("It hangs here no more"),
            perms=("manage_access",),
            run=_take_down,
            explained=_(
                "From now on this reader is sent no face. If no other reader of its gate has a sign, the gate opens by"
                " no face, and what it has of faces is called back from it. Cards, PINs and codes go on. To hang up a"
                " new one in its place, record the new one at the reader instead."
            ),
            when=lambda sign: sign.taken_down_at is None,
        ),
    )

    @admin.display(description=_("gate"))
    def gate(self, sign: Sign) -> str:
        return str(sign.device.gate)
