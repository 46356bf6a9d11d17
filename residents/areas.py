"""How large a dwelling is by its title deed: what a vote of the owners weighs. Whoever changes it leaves a trace."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from ledger.record import record
from residents.models import Unit, User

# Whole square centimetres in a square metre: votes are counted in those, without any rounding.
WHOLE = 10_000


@transaction.atomic
def measured(*, unit: Unit, area: Decimal | None, by: User) -> None:
    """The staff have seen the deed; nothing of it is kept. What it was before stands in the record that nobody can change,
    and in the roll of every vote of which notice was given."""
    held = Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    if held.area == area:
        return
    was, held.area = held.area, area
    held.save(update_fields=["area"])
    record(
        kind="dwelling.measured",
        subject=None,
        neighborhood=held.neighborhood_id,
        payload={"unit": held.pk, "before": _whole(was), "after": _whole(area), "by": by.pk},
    )


def _whole(area: Decimal | None) -> int | None:
    return None if area is None else int(area * WHOLE)
