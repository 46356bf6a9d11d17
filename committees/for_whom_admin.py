"""Whom a notice is for, on the desk: chosen in the draft, and told in words from then on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from committees import openings
from committees.models import Committee, Notice
from residents.models import Building

ALL, BUILDINGS = Notice.Audience.ALL, Notice.Audience.BUILDINGS


class BuildingsField(forms.ModelMultipleChoiceField[Building]):
    """Gives their numbers, which is what a notice keeps. Those of several neighborhoods are told apart by name."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, queryset: QuerySet[Building], **given: Any) -> None:
        super().__init__(
            queryset=queryset.select_related("neighborhood").order_by("neighborhood__name", "name"),
            label=_("Which buildings"),
            help_text=_("Only if it is for buildings."),
            required=False,
            **given,
        )

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.neighborhood} · {obj.name}"

    def clean(self, value: Any) -> Any:
        return sorted(each.pk for each in super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {str(each) for each in initial or ()} != {str(each) for each in data or ()}


def refused(*, given: dict[str, Any], committee: Committee, corrects: Notice | None) -> dict[str, str]:
    """Field -> what is wrong with whom it is for. The database says the same (committees 0019)."""
    audience, buildings = given.get("audience") or ALL, given.get("buildings") or []
    found: dict[str, str] = {}
    if bool(buildings) != (audience == BUILDINGS):
        found["buildings"] = gettext("Choose buildings where it is for buildings, and nowhere else.")
    elif Building.objects.filter(pk__in=buildings).exclude(neighborhood=committee.neighborhood_id).exists():
        found["buildings"] = gettext("A building of another neighborhood.")
    if audience != ALL:
        if given.get("sort"):
            found["audience"] = gettext("Minutes, accounts, rules and contracts are for everybody here.")
        elif committee.kind == Committee.Kind.OWNERS and (
            given.get("kind") == "meeting" or given.get("meeting")
        ):
            found["audience"] = gettext("A meeting of the owners and its papers are for everybody here.")
        elif corrects is not None and not _reaches(corrects, audience, buildings):
            found["audience"] = gettext("It puts a notice right, and must reach all who could read that one.")
    return found


def _reaches(wrong: Notice, audience: str, buildings: list[UUID]) -> bool:
    """Whoever could read it that is: nobody lives in a building that is no more, and nobody can choose it."""
    there = Building.objects.filter(pk__in=set(wrong.buildings) - set(buildings))
    return audience == wrong.audience and not there.exists()


def in_words(notice: Notice) -> str:
    """One query, if it is for buildings."""
    words = str(capfirst(notice.get_audience_display()))
    if notice.audience != BUILDINGS:
        return words
    names = Building.objects.filter(pk__in=notice.buildings).order_by("name").values_list("name", flat=True)
    return f"{words}: {', '.join(names)}"


def opened(notice: Notice, at: datetime) -> str:
    """How widely it was opened, as coarsely as it is told."""
    if notice.published_at is None:
        return "-"
    told = openings.told(notice=notice, at=at)
    if told is None:
        return gettext("Not told: it is for too few people.")
    said = {"people": told.people, "fewest": told.fewest, "browsers": told.browsers}
    if told.nearly_all:
        return (
            gettext(
                "As of yesterday: on nearly as many browsers as people it is for (about %(people)s), or more."
            )
            % said
        )
    if told.browsers is None:
        return (
            gettext("As of yesterday: on fewer than %(fewest)s browsers, for about %(people)s people.") % said
        )
    return gettext("As of yesterday: on about %(browsers)s browsers, for about %(people)s people.") % said
