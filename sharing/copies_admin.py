"""What is given, on the desk: how far it is. There is nothing here to open."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.desk import ScopedAdmin, ScopedFilter
from sharing.models import Copy, Disclosure


@admin.register(Disclosure)
class DisclosureAdmin(ScopedAdmin[Disclosure]):
    """What is given is encrypted to whoever it is for: there is nothing here to open, and no way to it from here."""

    view_perms = ("draft_sharing", "approve_sharing", "audit")
    list_display = ("short_id", "recipient", "asked_at", "how_far")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("request__recipient",)
    ordering = ("-asked_at", "pk")
    fields = ("id", "recipient", "asked_by", "asked_at", "how_far")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Disclosure]:
        living = Prefetch("copies", Copy.objects.living(), to_attr="standing")
        return super().get_queryset(request).prefetch_related(living)

    @admin.display(description=_("number"))
    def short_id(self, given: Disclosure) -> str:
        return str(given.pk)[:8]

    @admin.display(description=_("recipient"))
    def recipient(self, given: Disclosure) -> str:
        return str(given.request.recipient)

    @admin.display(description=_("how far it is"))
    def how_far(self, given: Disclosure) -> str:
        [copy] = vars(given)["standing"] or [None]
        if copy is None:
            return gettext("not made yet")
        if copy.state == Copy.State.BUILDING:
            return gettext("%(percent)s%% encrypted") % {"percent": copy.percent}
        return str(copy.get_state_display())
