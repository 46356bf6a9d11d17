"""What was planned and who stands by whom, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from residents import moving, owning, standing_by
from residents.acts import Act
from residents.admin.living import MANAGE, DwellingField, account, in_words
from residents.desk import ScopedAdmin, ScopedFilter, add_act, moment
from residents.models import Guardianship, Helper, MoveOut, Ownership, Resident


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


class BarForm(forms.Form):
    paper = forms.CharField(
        label=_("where the court's paper is kept"),
        max_length=120,
        help_text=_("No scan, and no number of anybody."),
    )


def _bar(request: HttpRequest, row: Guardianship, given: dict[str, Any]) -> None:
    try:
        standing_by.bar(guardianship=row, paper=given["paper"], by=account(request), at=moment(request))
    except standing_by.StandingByRefused as refused:
        raise in_words(refused) from refused


def _end_helper(request: HttpRequest, row: Helper, given: dict[str, Any]) -> None:
    standing_by.end_helper(helper=row, by=account(request), at=moment(request))


@admin.register(Guardianship)
class GuardianshipAdmin(ScopedAdmin[Guardianship]):
    view_perms = MANAGE
    list_display = ("child", "guardian", "since", "until", "verified")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("child", "guardian")
    ordering = ("-since", "pk")
    fields = ("child", "guardian", "since", "until", "verified", "barred_at", "bar_paper", "bar_read_at")
    acts = (
        Act(slug="end", label=_("End it"), perms=MANAGE, run=_end_guardianship,
            explained=_("You have seen a paper that says so."), when=lambda row: row.until is None),
        Act(slug="bar", label=_("Barred by a court"), perms=MANAGE, form=BarForm, run=_bar,
            explained=_("At once: they decide nothing and see nothing of the child any more, and what only they had agreed"
                        " to ends. A second of the staff reads the paper afterwards. Only a court lets them in again."),
            when=lambda row: row.barred_at is None),
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


class OwnForm(forms.Form):
    dwelling = DwellingField(label=_("dwelling"), help_text=_("Building and number, such as: 1 101"))
    since = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}))


def _own(request: HttpRequest, resident: Resident, given: dict[str, Any]) -> None:
    try:
        owning.own(
            resident=resident,
            unit=DwellingField().of(resident, given["dwelling"]),
            since=given["since"],
            by=account(request),
            at=moment(request),
        )
    except owning.OwningRefused as refused:
        raise in_words(refused) from refused


def _sold(request: HttpRequest, row: Ownership, given: dict[str, Any]) -> None:
    try:
        owning.end(ownership=row, by=account(request), at=moment(request))
    except owning.OwningRefused as refused:
        raise in_words(refused) from refused


add_act(
    Resident,
    Act(slug="owns", label=_("Owns a dwelling"), perms=MANAGE, form=OwnForm, run=_own,
        explained=_("You have seen the deed. It opens no gate, and counts for votes."),
        when=lambda resident: resident.erased_at is None),
)  # fmt: skip


@admin.register(Ownership)
class OwnershipAdmin(ScopedAdmin[Ownership]):
    view_perms = MANAGE
    list_display = ("unit", "resident", "since", "until")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("unit__building", "resident")
    ordering = ("-since", "pk")
    fields = ("resident", "unit", "since", "until")
    acts = (
        Act(slug="sold", label=_("Owns it no more"), perms=MANAGE, run=_sold,
            explained=_("It ends today. Where they live is not touched by it."),
            when=lambda row: row.until is None),
    )  # fmt: skip
