"""Special days, entered here; and what was ordered of gates, to be read. Orders are given at the desk, where one press is one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access import ordering, special_days, words
from access.models import EmergencyOpening, Lockdown, RemoteOpening, SpecialDay
from residents.acts import Act, Refused
from residents.ages import today_in
from residents.desk import ScopedAdmin, ScopedFilter, ScopedForm, moment
from residents.models import User


def _take_out(request: HttpRequest, day: SpecialDay, given: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        special_days.take_out(day=day, by=request.user, at=moment(request))
    except ordering.OrderRefused as refused:
        raise Refused(words.of_order(refused)) from refused
    return HttpResponse(status=303, headers={"Location": "../../"})  # the row is no more: back to the list


class SpecialDayForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        """In words, beside the field; the database says the same to whoever goes round the form."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        here = given.get("neighborhood") or getattr(self.instance, "neighborhood", None)
        day = given.get("day")
        if here is not None and day is not None and day <= today_in(here, timezone.now()):
            self.add_error("day", words.of_order(ordering.OrderRefused("day_has_come")))
        return given


@admin.register(SpecialDay)
class SpecialDayAdmin(ScopedAdmin[SpecialDay]):
    view_perms = add_perms = change_perms = ("manage_access",)
    form = SpecialDayForm
    refusals = (ordering.OrderRefused,)
    list_display = ("day", "name", "counts_as", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("neighborhood",)
    ordering = ("-day", "pk")
    fields = ("neighborhood", "day", "counts_as", "name", "name_en")
    acts = (
        Act(
            slug="take-out",
            label=_("Take it out of the calendar"),
            perms=("manage_access",),
            run=_take_out,
            explained=_("It is a day like any other again. The gates hear of it with their next answer."),
        ),
    )

    def save_model(self, request: HttpRequest, obj: SpecialDay, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        special_days.enter(day=obj, by=request.user, at=moment(request))


@admin.register(EmergencyOpening)
class EmergencyOpeningAdmin(ScopedAdmin[EmergencyOpening]):
    view_perms = ("manage_access", "audit")
    list_display = ("opened_at", "gate", "until", "ended_at", "finding", "review", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "finding")
    list_select_related = ("gate", "neighborhood")
    ordering = ("-opened_at", "pk")
    fields = (
        *("neighborhood", "gate", "opened_by", "opened_at", "until", "ended_by", "ended_at"),
        *("reviewed_by", "reviewed_at", "finding"),
    )
    readonly_fields = fields

    @admin.display(description=_("review"))
    def review(self, opening: EmergencyOpening) -> str:
        if opening.reviewed_at is not None:
            return "✓"
        return f"≤ {opening.review_by:%Y-%m-%d}"


@admin.register(Lockdown)
class LockdownAdmin(ScopedAdmin[Lockdown]):
    view_perms = ("manage_access", "audit")
    list_display = ("asked_at", "why", "began_at", "until", "lifted_at", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "why")
    list_select_related = ("neighborhood",)
    ordering = ("-asked_at", "pk")
    fields = (
        *("neighborhood", "why", "minutes", "asked_by", "asked_at", "confirmed_by", "began_at", "until"),
        *("lifted_by", "lifted_at"),
    )
    readonly_fields = fields


@admin.register(RemoteOpening)
class RemoteOpeningAdmin(ScopedAdmin[RemoteOpening]):
    view_perms = ("manage_access", "audit")
    list_display = ("asked_at", "gate", "why", "outcome", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter), "why")
    list_select_related = ("gate", "neighborhood")
    ordering = ("-asked_at", "pk")
    fields = ("neighborhood", "gate", "why", "asked_by", "asked_at", "until", "heard_at", "outcome")
    readonly_fields = fields
