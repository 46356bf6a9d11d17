"""What stays here and why: who held an office is public by law, and an office ends by its own date (obligation 46)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from residents.retention import Kept, Rule

RULES: Sequence[Rule] = ()

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Who held which office, and from when until when"),
        why=_(
            "So that it can be said later who was allowed to do what. The rights themselves end on the last day."
        ),
        until=_("For good."),
        covers=("committees.Committee", "committees.Term", "committees.NeighborhoodPermission"),
    ),
)
