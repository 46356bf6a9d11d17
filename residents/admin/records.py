"""What was looked at and what was erased, on the desk."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import effects
from residents.desk import ScopedAdmin, ScopedFilter, ScopedInline
from residents.models import ErasureOrder, ErasurePlace, LookUp


@admin.register(LookUp)
class LookUpAdmin(ScopedAdmin[LookUp]):
    view_perms = ("audit",)
    list_display = ("at", "until", "by", "role", "resident", "reason", "approved")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("by", "resident", "approval")
    ordering = ("-at", "pk")
    fields = ("at", "until", "by", "role", "resident", "reason", "approved")

    @admin.display(description=_("in which role"))
    def role(self, entry: LookUp) -> str:
        return str(effects.call("capacity_in_words", capacity=entry.capacity))

    @admin.display(description=_("approved in which role"))
    def approved(self, entry: LookUp) -> str:
        """Of somebody under eighteen; nobody else is asked."""
        if entry.approval is None:
            return ""
        return str(effects.call("capacity_in_words", capacity=entry.approval.answered_capacity))


class PlaceInline(ScopedInline):
    model = ErasurePlace
    fields = ("kind", "label", "state", "attempts", "due_at", "changed_at")
    readonly_fields = fields
    ordering = ("kind", "label", "pk")


@admin.register(ErasureOrder)
class ErasureOrderAdmin(ScopedAdmin[ErasureOrder]):
    """Whether what was promised is gone. Not whose it was: that would be a list of who said no."""

    view_perms = ("audit", "manage_access")
    list_display = ("short_id", "cause", "opened_at", "progress")
    list_filter = (("neighborhood", ScopedFilter),)
    ordering = ("-opened_at", "pk")
    fields = ("id", "cause", "opened_at", "progress")
    inlines = (PlaceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErasureOrder]:
        """The places of those that are shown, and of no others."""
        return super().get_queryset(request).prefetch_related("places")

    @admin.display(description=_("number"))
    def short_id(self, order: ErasureOrder) -> str:
        return str(order.pk)[:8]

    @admin.display(description=_("state"))
    def progress(self, order: ErasureOrder) -> str:
        states = [place.state for place in order.places.all()]
        waiting, places = sum(state != ErasurePlace.State.GONE for state in states), len(states)
        if not waiting and places:
            return gettext("deleted everywhere")
        return gettext("%(waiting)d of %(places)d places still to confirm") % {
            "waiting": waiting,
            "places": places,
        }
