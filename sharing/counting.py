"""Numbers in place of names: how many live in each building, of each age, and as what (obligations 27, 31).

Whoever wants to share something is shown these first, for a number harms nobody. The database counts, hides each cell of
fewer people than the neighborhood's `fewest_counted`, and with it the smallest of the others, so that neither the total
nor the rule gives a hidden one away (primary and complementary cell suppression), and refuses to count again within ninety days.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from residents.models import Building, Neighborhood, Occupancy
from sharing.models import Count

SAME_FOR = timedelta(days=90)
BANDS: dict[str, Promise] = {
    "under_14": _("under fourteen"),
    "under_18": _("fourteen to seventeen"),
    "of_age": _("eighteen and older"),
}


@dataclass(frozen=True)
class Table:
    """One count as it may be given to anybody. A row is a name and a number, or None where the number is not told."""

    neighborhood: Neighborhood
    cut: Count.Cut
    at: datetime
    rows: list[tuple[str, int | None]]


def due() -> list[tuple[UUID, Count.Cut]]:
    """What was not counted within ninety days, by the database's clock. One query."""
    young = Count.objects.filter(at__gt=Now() - SAME_FOR).values_list("neighborhood", "cut")
    places = list(Neighborhood.objects.order_by("pk").values_list("pk", flat=True))
    known = set(young)
    return [(place, cut) for place in places for cut in Count.Cut if (place, cut.value) not in known]


@transaction.atomic
def count(*, neighborhood: UUID, cut: Count.Cut) -> bool:
    """Count once in ninety days. Safe to repeat and to race: False where somebody has counted."""
    held = Neighborhood.objects.select_for_update(no_key=True).get(pk=neighborhood)
    if Count.objects.filter(neighborhood=held, cut=cut, at__gt=Now() - SAME_FOR).exists():
        return False
    Count.objects.create(neighborhood=held, cut=cut)
    return True


def tables(neighborhoods: Collection[Neighborhood]) -> list[Table]:
    """The newest counts of these neighborhoods, by cut. Two queries."""
    newest = Count.objects.filter(neighborhood__in=neighborhoods).order_by(
        "neighborhood", "cut", "-at", "-pk"
    )
    found = {(each.neighborhood_id, each.cut): each for each in newest.distinct("neighborhood", "cut")}
    names = dict(
        Building.objects.filter(neighborhood__in=neighborhoods)
        .order_by("name", "pk")
        .values_list("pk", "name")
    )
    words: dict[Count.Cut, dict[str, str | Promise]] = {
        Count.Cut.BUILDING: {str(pk): name for pk, name in names.items()},
        Count.Cut.AGE: dict(BANDS),
        Count.Cut.TENURE: dict(Occupancy.Tenure.choices),
    }
    return [
        Table(place, cut, counted.at, _rows(counted, words[cut]))
        for place in neighborhoods
        for cut in Count.Cut
        if (counted := found.get((place.pk, cut.value)))
    ]


def _rows(counted: Count, words: dict[str, str | Promise]) -> list[tuple[str, int | None]]:
    return [(str(word), counted.cells[of]) for of, word in words.items() if of in counted.cells]
