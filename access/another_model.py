"""Another face model: numbers of the old one say nothing to it, and a yes to the old way is no yes to the new one.

The gates match nobody by what another model made, from the moment they run it (`gate/face_models.py`). Here every yes to face
entry that was given before is ended as when a form changes: what hung on it is erased, in the open, with its order; and what was
assessed is out of date, so that nobody is asked anew before two people have looked at the change (obligations 7 and 18).
Cards, PINs and rules are not touched.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from access.models import FaceModelUse
from consent import enabling, withdrawal
from consent.models import Modality, Purpose, Standing
from gate import face_models
from residents.models import ErasureOrder, Neighborhood


@transaction.atomic
def note(*, at: datetime) -> FaceModelUse:
    """The newest model in use here. The first there ever was is nothing new to anybody."""
    newest = FaceModelUse.objects.order_by("-number").first()
    if newest is not None and newest.number >= face_models.CURRENT.number:
        return newest
    # Of two sweeps at once the second waits for the first one's row, and finds it.
    used, is_new = FaceModelUse.objects.get_or_create(
        number=face_models.CURRENT.number, defaults={"since": at}
    )
    if is_new and newest is not None:
        for neighborhood in Neighborhood.objects.order_by("pk"):
            enabling.make_stale(
                neighborhood=neighborhood,
                modality=Modality.FACE,
                because=enabling.Because.FORM_CHANGED,
                at=at,
            )
    return used


def due(*, at: datetime) -> QuerySet[Standing]:
    """Each yes to face entry that was given before the model in use."""
    used = note(at=at)
    found = Standing.objects.filter(purpose=Purpose.FACE_AT_GATE, since__lt=used.since)
    if not FaceModelUse.objects.filter(number__lt=used.number).exists():
        return found.none()
    return found.select_related("resident").order_by("since", "pk")


def end(*, standing: Standing, at: datetime) -> ErasureOrder | None:
    return withdrawal.end_with_the_method(standing=standing, at=at)
