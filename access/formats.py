"""Keeping what was learned about card numbers: from then on `cards.canonical` reads them so."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from access.learning import Pair
from access.models import CardFormat
from ledger.record import record
from residents.models import Neighborhood, User


@transaction.atomic
def keep(*, neighborhood: Neighborhood, pair: Pair, by: User, at: datetime) -> CardFormat:
    """Cards issued before stay as they are: their numbers are not known any more, and their holders tap as ever."""
    found, _made = CardFormat.objects.update_or_create(
        neighborhood=neighborhood,
        defaults={
            "written": pair.written.code,
            "said": pair.said.code,
            "learned_at": at,
            "learned_by": by,
        },
    )
    record(
        kind="cards.format_learned",
        subject=None,
        neighborhood=neighborhood.pk,
        payload={"written": pair.written.code, "said": pair.said.code, "by": by.pk},
    )
    return found
