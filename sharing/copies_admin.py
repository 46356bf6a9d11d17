"""What was released, on the desk: how far its copy is. What is in it nobody here can read, and how many are in it neither."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.desk import ScopedAdmin, ScopedFilter
from sharing.models import Copy, Disclosure


@admin.register(Disclosure)
class DisclosureAdmin(ScopedAdmin[Disclosure]):
    view_perms = ("draft_sharing", "approve_sharing", "audit")
    list_display = ("short_id", "recipient", "asked_at", "state", "handed_at")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("request__recipient",)
    ordering = ("-asked_at", "pk")
    fields = ("id", "recipient", "asked_by", "asked_at", "state", "ready_at", "handed_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Disclosure]:
        newest = Copy.objects.order_by("-made_at", "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("copies", newest))

    @admin.display(description=_("number"))
    def short_id(self, given: Disclosure) -> str:
        return str(given.pk)[:8]

    @admin.display(description=_("recipient"))
    def recipient(self, given: Disclosure) -> str:
        return str(given.request.recipient)

    @admin.display(description=_("state"))
    def state(self, given: Disclosure) -> str:
        copy = _newest(given)
        if copy is None or copy.state == Copy.State.VOID:
            return gettext("waits to be made")
        if copy.state == Copy.State.BUILDING and copy.people:
            return gettext("being written: %(percent)s %%") % {"percent": 50 * copy.written // copy.people}
        return str(copy.get_state_display())

    @admin.display(description=_("ready"))
    def ready_at(self, given: Disclosure) -> datetime | None:
        copy = _newest(given)
        return copy.ready_at if copy else None

    @admin.display(description=_("fetched"))
    def handed_at(self, given: Disclosure) -> datetime | None:
        copy = _newest(given)
        return copy.handed_at if copy else None


def _newest(given: Disclosure) -> Copy | None:
    copies: list[Any] = list(given.copies.all())
    return copies[0] if copies else None
