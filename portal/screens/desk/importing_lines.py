"""The lines of an import as a page shows them: fifty at a time, by fate, and as much of them as the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet

from residents.importing import sealed, words
from residents.importing.cleaning import Entry
from residents.lookups import masked
from residents.models import Import, ImportRow, Occupancy
from vault.keys import KeyDestroyed

PER_PAGE = 50
Fate = ImportRow.Fate
ICONS = {Fate.NEW: "plus", Fate.CHANGED: "pen", Fate.SAME: "check", Fate.REFUSED: "cross"}
LEFT = "left"  # beside the fates: lines of which something stayed


@dataclass(frozen=True)
class Lines:
    rows: list[dict[str, Any]]
    filters: list[dict[str, Any]]
    newer: str  # addresses within this page, or empty
    older: str
    number: int
    pages: int


def page_of_lines(source: Import, *, fate: str, page: str, clear: bool) -> Lines:
    lines = ImportRow.objects.filter(source=source).order_by("number")
    chosen = fate if fate in {*Fate.values, LEFT} else ""
    paginator = Paginator(_of(lines, chosen), PER_PAGE)
    found = paginator.get_page(page)
    rows = list(found.object_list)
    try:
        entries: list[Entry] = sealed.entries(source, rows)
    except KeyDestroyed:
        rows, entries = [], []
    return Lines(
        rows=[_line(row, entry, clear) for row, entry in zip(rows, entries, strict=True)],
        filters=_filters(source, lines, chosen),
        newer=_address(chosen, found.number - 1) if found.has_previous() else "",
        older=_address(chosen, found.number + 1) if found.has_next() else "",
        number=found.number,
        pages=paginator.num_pages,
    )


def _of(lines: QuerySet[ImportRow], chosen: str) -> QuerySet[ImportRow]:
    """What came of a line counts, once something has; until then what is planned for it."""
    if chosen == LEFT:
        return lines.exclude(left=[])
    return lines.filter(Q(outcome=chosen) | Q(outcome="", fate=chosen)) if chosen else lines


def _filters(source: Import, lines: QuerySet[ImportRow], chosen: str) -> list[dict[str, Any]]:
    offered: list[tuple[str, Any]] = [(fate.value, fate.label) for fate in Fate]
    counts = {fate: _of(lines, fate).count() for fate, _label in offered}
    found = [
        {"label": label, "count": counts[fate], "url": _address(fate, 1), "here": fate == chosen}
        for fate, label in offered
    ]
    if source.kept:
        found.append(
            {
                "label": LEFT,
                "count": source.kept,
                "url": _address(LEFT, 1),
                "here": chosen == LEFT,
                "left": True,
            }
        )
    return [{"label": "", "count": sum(counts.values()), "url": "?#lines", "here": not chosen}, *found]


def _address(fate: str, page: int) -> str:
    asked = {"fate": fate} if fate else {}
    return f"?{urlencode(asked | ({'page': page} if page > 1 else {}))}#lines"


def _line(row: ImportRow, entry: Entry, clear: bool) -> dict[str, Any]:
    fate = Fate(row.outcome or row.fate)
    return {
        "number": row.number,
        "dwelling": str(entry.dwelling) if entry.dwelling else "",
        "name": (entry.name if clear else masked(entry.name)) if entry.name else "",
        "phone": entry.phone if clear else "",
        "tenure": Occupancy.Tenure(entry.tenure).label if entry.tenure else "",
        "cards": len(entry.cards),
        "fate": fate.label,
        "icon": ICONS[fate],
        "refused": fate == Fate.REFUSED,
        "reason": words.REASONS.get(row.reason, ""),
        "otherwise": Fate(row.fate).label if row.outcome and row.outcome != row.fate else "",
        "notes": [words.NOTES[note] for note in row.notes if note in words.NOTES],
        "left": [words.LEFT[code] for code in row.left if code in words.LEFT],
    }
