"""What was planned and who stands by whom, on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from residents import moving, standing_by
from residents.acts import Act
from residents.admin.living import MANAGE, account, in_words
from residents.desk import ScopedAdmin, ScopedFilter, moment
from residents.models import Guardianship, Helper, MoveOut


def _call_off(request: HttpRequest, plan: MoveOut, given: dict[str, Any]) -> None:
    try:
        moving.call_off(move_out=plan, by=account(request), at=moment(request))
    except moving.MovingRefused as refused:
        raise in_words(refused) from refused


@admin.register(MoveOut)
class MoveOutAdmin(ScopedAdmin[MoveOut]):
    view_perms = ("view_register",)
    list_display = ("short_id", "on", "route", "called_off_at", "carried_out_at")
    list_filter = (("neighborhood", ScopedFilter), "route")
    ordering = ("-on", "pk")
    fields = ("on", "route", "paper", "written_at", "called_off_at", "carried_out_at")
    acts = (
        Act(slug="call-off", label=_("Call it off"), perms=MANAGE, run=_call_off,
            explained=_("With the person at the desk. Everything is as it was."),
            when=lambda plan: plan.called_off_at is None and plan.carried_out_at is None),
    )  # fmt: skip

    @admin.display(description=_("number"))
    def short_id(self, plan: MoveOut) -> str:
        return str(plan.pk)[:8]


def _end_guardianship(request: HttpRequest, row: Guardianship, given: dict[str, Any]) -> None:
    standing_by.end_guardianship(guardianship=row, by=account(request), at=moment(request))


def _end_helper(request: HttpRequest, row: Helper, given: dict[str, Any]) -> None:
    standing_by.end_helper(helper=row, by=account(request), at=moment(request))


@admin.register(Guardianship)
class GuardianshipAdmin(ScopedAdmin[Guardianship]):
    view_perms = MANAGE
    list_display = ("child", "guardian", "since", "until", "verified")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("child", "guardian")
    ordering = ("-since", "pk")
    fields = ("child", "guardian", "since", "until", "verified")
    acts = (
        Act(slug="end", label=_("End it"), perms=MANAGE, run=_end_guardianship,
            explained=_("You have seen a paper that says so."), when=lambda row: row.until is None),
    )  # fmt: skip


@admin.register(Helper)
class HelperAdmin(ScopedAdmin[Helper]):
    view_perms = MANAGE
    list_display = ("resident", "helper", "since", "until")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("resident", "helper")
    ordering = ("-since", "pk")
    fields = ("resident", "helper", "since", "until")
    acts = (
        Act(slug="end", label=_("End it"), perms=MANAGE, run=_end_helper,
            explained=_("One of the two is at the desk."), when=lambda row: row.until is None),
    )  # fmt: skip
