"""Within how many days whoever asks about their own data has an answer, by jurisdiction (obligation 32).

A table, with the source of each line and how sure we are of it. A neighborhood may promise fewer days and never more; the
database holds the same numbers (`residents_answer_days`), and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from residents.models import Neighborhood


@dataclass(frozen=True)
class Deadline:
    """`days` of the calendar, at most. `confidence` as in docs/obligations.toml: S of the text itself, P of its practice."""

    days: int
    source: str | Promise
    confidence: str


# Days of the calendar that are never later than what the source says, so that no list of holidays is needed: fifteen come
# before fifteen working days, and twenty-eight before any month.
DEADLINES: Mapping[str, Deadline] = {
    "CN": Deadline(
        15,
        _("Personal Information Protection Law 50 says “in good time”; practice is fifteen working days"),
        "P",
    ),
    "EU": Deadline(28, _("General Data Protection Regulation 12(3): one month"), "S"),
    "HK": Deadline(40, _("Personal Data (Privacy) Ordinance 19: forty days"), "S"),
}
# Whoever answers is reminded when this part of the time is left.
REMINDED = 3


def of(neighborhood: Neighborhood) -> Deadline:
    return DEADLINES[neighborhood.jurisdiction]


def days(neighborhood: Neighborhood) -> int:
    """As it is promised here."""
    longest = of(neighborhood).days
    return min(neighborhood.answer_days or longest, longest)


def within(neighborhood: Neighborhood) -> timedelta:
    return timedelta(days=days(neighborhood))
