"""Neighborhoods, buildings and dwellings on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from residents import areas
from residents.desk import OPERATOR, ScopedAdmin, ScopedFilter, ScopedForm
from residents.desk_lists import spellings
from residents.models import Building, Neighborhood, Unit, User


@admin.register(Neighborhood)
class NeighborhoodAdmin(ScopedAdmin[Neighborhood]):
    view_perms = ("view_register", "audit")
    add_perms = change_perms = (OPERATOR,)
    ordering = ("name", "pk")
    list_display = ("name", "name_en", "time_zone")
    fields = (
        "name",
        "name_en",
        "time_zone",
        "office",
        "guard_phone",
        "entry_event_days",
        "fewest_counted",
        "jurisdiction",
        "answer_days",
    )


@admin.register(Building)
class BuildingAdmin(ScopedAdmin[Building]):
    view_perms = ("view_register",)
    add_perms = change_perms = ("manage_register",)
    ordering = ("name", "pk")
    list_display = ("name", "neighborhood")
    list_filter = (("neighborhood", ScopedFilter),)
    list_select_related = ("neighborhood",)
    fields = ("neighborhood", "name")


class UnitForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        building = self.cleaned_data.get("building")
        if building is not None:
            self.instance.neighborhood = building.neighborhood  # a dwelling is where its building is
        return self.cleaned_data


@admin.register(Unit)
class UnitAdmin(ScopedAdmin[Unit]):
    view_perms = ("view_register",)
    add_perms = change_perms = ("manage_register",)
    form = UnitForm
    list_display = ("building", "number", "neighborhood")
    list_display_links = ("number",)
    list_filter = (("building", ScopedFilter), ("neighborhood", ScopedFilter))
    list_select_related = ("building", "neighborhood")
    ordering = ("building__name", "number", "pk")
    search_fields = ("number",)  # see `get_search_results`
    fields = ("building", "number", "area")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Unit], search_term: str
    ) -> tuple[QuerySet[Unit], bool]:
        """The number as it stands on the door."""
        term = search_term.strip()
        return (queryset.filter(number__in=spellings(term)) if term else queryset), False

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> Any:
        return () if obj is None else ("building", "neighborhood")

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: bool) -> None:
        """The area apart from the rest: what it was is written down."""
        assert isinstance(request.user, User)
        area = obj.area
        obj.area = Unit.objects.values_list("area", flat=True).get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)
        areas.measured(unit=obj, area=area, by=request.user)
        obj.area = area
