"""Staff as residents see them: by body and role, in the reader's language, and never by account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from committees.models import Term
from committees.roles import capacity_in_words
from residents.models import Neighborhood

Deed = tuple[UUID, datetime]  # who of the staff, and when


def roles(neighborhood: Neighborhood, deeds: Iterable[Deed]) -> dict[Deed, str]:
    """In which role each of them acted then. One query."""
    wanted = set(deeds)
    zone = ZoneInfo(neighborhood.time_zone)
    terms = (
        Term.objects.filter(neighborhood=neighborhood, user__in={by for by, _at in wanted})
        .select_related("committee")
        .order_by("-starts", "pk")
    )
    found: dict[Deed, str] = {}
    for term in terms:
        for by, at in wanted:
            if by == term.user_id and term.starts <= at.astimezone(zone).date() < term.ends:
                found[by, at] = in_words(f"{term.committee.kind}.{term.role}")
    return {deed: found.get(deed, _("Somebody of the staff")) for deed in wanted}


def in_words(capacity: str) -> str:
    """A recorded role (`property.clerk`) as the reader's language has it."""
    return capfirst(capacity_in_words(capacity=capacity))
