"""Giving up faces in the whole neighborhood: a plan for each gate that takes them, on one day (A3, obligation 11).

Nothing happens before the day that was announced. Then each gate forgets, with an order for each person; with the last
one the forms go out of force, and each consent ends with an order that says where everything was. Cards, PINs and rules
are not touched: nobody gets a way in by this, and nobody loses a card.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from access import changing, emptying, gates
from access.feed import lock_counter
from access.models import Gate, MethodChange
from ledger.record import record
from residents.models import Neighborhood, User


class NothingToRetire(Exception):
    """No gate here opens by face, and no form asks for one."""


@transaction.atomic
def retire_faces(
    *, neighborhood: Neighborhood, takes_effect_on: date, why: str, by: User, at: datetime
) -> list[MethodChange]:
    """One plan for each gate that residents use; a second person announces each. Where none is left, the forms end now.

    Raises: NothingToRetire, changing.ChangeRefused, PermissionDenied
    """
    lock_counter(neighborhood.pk)
    taking = list(Gate.objects.filter(neighborhood=neighborhood, by_face=True).order_by("name", "pk"))
    for gate in taking:
        if gate.served_since is None:
            gate.by_face = False
            gates.save(gate=gate, at=at)
    plans = [
        changing.plan(
            gate=gate,
            methods=[method for method in gate.methods if method != "face"],
            takes_effect_on=takes_effect_on,
            why=why,
            by=by,
            at=at,
        )
        for gate in taking
        if gate.served_since is not None
    ]
    ended = emptying.give_up_forms_of_no_gate(neighborhood, by=by, at=at)
    if not taking and not ended:
        raise NothingToRetire
    record(
        kind="faces.retired",
        subject=neighborhood.pk,
        neighborhood=neighborhood.pk,
        payload={"by": by.pk, "gates": len(taking), "from_day": takes_effect_on},
    )
    return plans
