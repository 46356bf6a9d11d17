"""One line of what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet


@dataclass(frozen=True)
class Due:
    """`since` is the oldest of them; `by` says whose it is; where a source says nothing, the list names the bodies."""

    icon: str
    words: str
    url: str = ""
    since: datetime | None = None
    by: str = ""


def counted(rows: QuerySet[Any, Any], clock: str) -> tuple[int, datetime | None]:
    """How many there are and since when the oldest of them waits. One query."""
    found = rows.order_by().aggregate(count=Count("pk"), since=Min(clock))
    return found["count"], found["since"]
