"""Giving up a way in altogether: what it kept is emptied, and nobody is moved to another one (A3, obligation 11).

Faces go from every gate in the act itself; their forms go out of force, so that nobody can say yes again; and each
person's consent is ended by the next sweep, one by one, each with an order that says where everything was. Cards, PINs
and rules are not touched: nobody gets a way in by this, and nobody loses a card.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from access.feed import lock_counter, refresh
from access.models import Gate
from consent.models import Purpose
from consent.publishing import retire
from ledger.record import record
from residents.models import Neighborhood, User

# Every consent that only serves getting in by face.
FACES = (Purpose.TEMPLATE_ON_SERVER, Purpose.PHOTO_OVER_INTERNET, Purpose.FACE_AT_GATE)


class NothingToRetire(Exception):
    """No gate here opens by face, and no form asks for one."""


@transaction.atomic
def retire_faces(*, neighborhood: Neighborhood, by: User, at: datetime) -> int:
    """No gate here opens by face any more. How many gates did.

    Raises: NothingToRetire
    """
    retired = [retire(neighborhood=neighborhood, purpose=purpose, by=by, at=at) for purpose in FACES]
    lock_counter(neighborhood.pk)  # before the gates: see `gates.save`
    gates = Gate.objects.filter(neighborhood=neighborhood, by_face=True).update(by_face=False)
    if not gates and not any(retired):
        raise NothingToRetire
    record(
        kind="faces.retired",
        subject=neighborhood.pk,
        neighborhood=neighborhood.pk,
        payload={"by": by.pk, "gates": gates},
    )
    refresh(neighborhood=neighborhood, at=at)
    return gates
