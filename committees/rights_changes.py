"""What became of rights, for auditors (obligation 23): read here, and written by the database's own triggers.

`accounts.acting` says who does it, for as long as the transaction lasts; the triggers take the name from there. What no
trigger sees, because a part that came later holds it, that part writes with `note`.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from committees.models import RightsChange
from residents.models import Neighborhood, User


def note(
    *,
    user: User,
    neighborhood: Neighborhood | None,
    what: str,
    by: User | None,
    at: datetime,
    capacity: str = "",
    about: UUID | None = None,
    starts: date | None = None,
    ends: date | None = None,
) -> RightsChange:
    """For what the triggers do not see. Inside the transaction of the act itself; `what` is a code."""
    return RightsChange.objects.create(
        user=user,
        neighborhood=neighborhood,
        what=what,
        capacity=capacity,
        about=about,
        starts=starts,
        ends=ends,
        by=by,
        at=at,
    )


def between(*, neighborhood: Neighborhood, since: datetime, until: datetime) -> QuerySet[RightsChange]:
    """Here, and what holds everywhere; newest first."""
    here = Q(neighborhood=neighborhood) | Q(neighborhood=None)
    found = RightsChange.objects.filter(here, at__gte=since, at__lt=until)
    return found.select_related("user", "by").order_by("-at", "pk")


def in_words(what: str) -> str | Promise:
    """A code that is known here; of a part that came later, the code itself."""
    return RightsChange.What(what).label if what in RightsChange.What.values else what
