"""Whose copy leaked: from a text that turned up, back to the copy that it was taken from.

Tags say it for certain: each belongs to one row of one copy. Where they were cut off, the values that stand in the text are
compared with what each copy gave, and, as its rows lie in an order of its own, their order too. That ranks copies, and never
proves one: of a few rows it says next to nothing, and that is said with it. Nothing of the text is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from sharing.models import Copy, DisclosedRow

# What one look reads; a longer text is told by its beginning as well.
MOST = 200_000
# Below so many rows, values and their order say little.
FEW = 20
TAG = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
CELL = re.compile(r"[^,;\t\r\n\"|{}\[\]]+")


@dataclass(frozen=True)
class Found:
    """`rows` of the text that are in the copy: by their tags, or else by their values. `in_order` is from -1 to 1, where 1 is
    the very order of this copy; None where there were too few to tell."""

    copy: UUID
    rows: int
    certain: bool
    in_order: float | None = None

    @property
    def few(self) -> bool:
        return not self.certain and self.rows < FEW


def trace(text: str, *, within: UUID | None = None) -> list[Found]:
    """The copies, of this neighborhood or of all, that this may have been taken from, the likeliest first. Two queries, or one
    for each copy that was handed over."""
    text = text[:MOST]
    handed = Copy.objects.filter(state=Copy.State.HANDED)
    copies = handed if within is None else handed.filter(neighborhood=within)
    by_tag = _by_tag(text, copies)
    return by_tag or _by_value(text, copies)


def _by_tag(text: str, copies: QuerySet[Copy]) -> list[Found]:
    tags = set(TAG.findall(text.lower()))
    if not tags:
        return []
    rows = DisclosedRow.objects.filter(copy__in=copies, tag__in=tags)
    counts: dict[UUID, int] = {}
    for copy in rows.values_list("copy", flat=True):
        counts[copy] = counts.get(copy, 0) + 1
    found = [Found(copy, count, certain=True) for copy, count in counts.items()]
    return sorted(found, key=lambda each: (-each.rows, str(each.copy)))


def _by_value(text: str, copies: QuerySet[Copy]) -> list[Found]:
    """By name and dwelling. Where each first stands in the text, against its place in the copy."""
    cells: dict[str, int] = {}
    for place, cell in enumerate(CELL.findall(text)):
        cells.setdefault(cell.strip().removeprefix("'"), place)
    cells.pop("", None)
    found = [_compared(copy, cells) for copy in copies.order_by("pk")]
    likely = [each for each in found if each.rows]
    return sorted(likely, key=lambda each: (-each.rows, -(each.in_order or 0), str(each.copy)))


def _compared(copy: Copy, cells: dict[str, int]) -> Found:
    names = list(cells)
    same = Q(values__name__in=names) | Q(values__name="", values__dwelling__in=names)
    rows = DisclosedRow.objects.filter(same, copy=copy).order_by("tag")
    places: list[int] = []
    for name, dwelling in rows.values_list("values__name", "values__dwelling"):
        places.append(cells[name or dwelling])
    return Found(copy.pk, len(places), certain=False, in_order=_alike(places))


def _alike(places: Sequence[int]) -> float | None:
    """Spearman's rank correlation of the order in the text with that of the copy."""
    count = len(places)
    if count < FEW:
        return None
    ranks = {place: rank for rank, place in enumerate(sorted(set(places)))}
    apart = sum((rank - ranks[place]) ** 2 for rank, place in enumerate(places))
    return 1 - 6 * apart / (count * (count * count - 1))
