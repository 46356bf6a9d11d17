"""Gates on the desk: what they open by, since when, and a code for each new reader."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from access import gates, pairing, rules, words
from access.models import Gate
from residents.acts import Act, shown_once
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import User


def _pair(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    code = pairing.make_code(gate=gate, by=request.user, at=moment(request))
    until = date_format(moment(request) + pairing.LIFE, "DATETIME_FORMAT")
    return shown_once(
        request,
        page=admin.site.get_model_admin(Gate),  # type: ignore[arg-type]
        obj=gate,
        title=gettext("Code for a reader"),
        code=code,
        lines=[str(gate), gettext("Type it on the reader. It works once, until %(time)s.") % {"time": until}],
    )


def _plan_methods(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> HttpResponse:
    """The page for it is at the desk, where those are listed who would need a card first."""
    return HttpResponseRedirect(f"{reverse('desk_gate_methods', args=[gate.pk])}?in={gate.neighborhood_id}")


def _open_to_all(request: HttpRequest, gate: Gate, given: dict[str, Any]) -> None:
    count = rules.open_to_every_dwelling(gate=gate, at=moment(request))
    words = ngettext(
        "The gate opens for %(count)s more dwelling.", "The gate opens for %(count)s more dwellings.", count
    )
    messages.info(request, words % {"count": count})


@admin.register(Gate)
class GateAdmin(ScopedAdmin[Gate]):
    view_perms = add_perms = change_perms = ("manage_access",)
    refusals = (gates.GateRefused,)
    list_display = ("name", "place", "in_service", "beside_since", "opens_by", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "in_service")
    list_select_related = ("neighborhood",)
    ordering = ("name", "pk")
    fields = (
        *("neighborhood", "name", "name_en", "place", "in_service"),
        *("by_card", "by_pin", "by_qr", "by_face", "high_risk", "second_factor"),
    )
    acts = (
        Act(
            slug="pair",
            label=_("Code for a new reader"),
            perms=("manage_access",),
            run=_pair,
            explained=_("The reader trades the code for its own identity. It works once, for an hour."),
        ),
        Act(
            slug="methods",
            label=_("Plan a change of methods"),
            perms=("manage_access",),
            run=_plan_methods,
            explained=_(
                "What a gate opens by is changed by a plan: a second person announces it, the residents read it two"
                " weeks before, and nobody is moved by it. It goes on at the desk."
            ),
            when=lambda gate: gate.served_since is not None,
        ),
        Act(
            slug="open-to-all",
            label=_("Open it for every dwelling"),
            perms=("manage_access",),
            run=_open_to_all,
            explained=_(
                "Each dwelling of the neighborhood gets a rule for this gate, at every hour: whoever lives there can"
                " pass, by any way in that they have. Dwellings that have a rule for it keep their hours."
            ),
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Gate | None = None) -> list[str]:
        """From its first day in service on, what it opens by is changed by a plan."""
        served = obj is not None and obj.served_since is not None
        methods = ["by_card", "by_pin", "by_qr", "by_face"] if served else []
        return [*super().get_readonly_fields(request, obj), *methods]

    def save_model(self, request: HttpRequest, obj: Gate, form: Any, change: bool) -> None:
        gates.save(gate=obj, at=moment(request))

    @admin.display(description=_("opens by"))
    def opens_by(self, gate: Gate) -> str:
        return "、".join(str(words.METHODS[method]) for method in gate.methods)
