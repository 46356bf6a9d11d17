"""Lists of the desk where a hundred thousand people live: bounded counts, and searches that an index answers.

A list shows its newest rows and counts no further than `MOST`; whoever looks for something else narrows it by a filter or a
search. A number is looked for as a range of numbers, and never as text, which would be read through from end to end.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q

# How far a list counts, and how far one can turn its pages.
MOST = 1000
# Of what somebody may mean by a word, no more than this.
MEANT = 200


class BoundedPaginator(Paginator[Any]):
    """Counts up to `MOST` and says so: `SELECT count(*)` of everybody costs as much as there are."""

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        # In its order, so that the index that the page itself goes by answers this too.
        return int(rows.values("pk")[: MOST + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._found, MOST)

    @property
    def is_capped(self) -> bool:
        return self._found > MOST


def by_number(term: str, *paths: str) -> Q:
    """Rows whose number, or that of what they point to, begins so. None where it is no beginning of a number."""
    start = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", term)).lower()
    if not re.fullmatch(r"[0-9a-f]{1,32}", start):
        return Q(pk__in=[])
    first, last = UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f"))
    found = Q()
    for path in paths:
        found |= Q(**{f"{path}__gte": first, f"{path}__lte": last})
    return found


def spellings(term: str) -> set[str]:
    """As somebody may have written it on the keyboard that they had."""
    plain = unicodedata.normalize("NFKC", term).strip()
    return {term.strip(), plain, plain.upper(), plain.lower()}
