"""A reader that was lost, stolen or scrapped: two of the staff say so, and nobody waits for it any more (obligation 9).

It is revoked first, and stays so. What it was to erase is then closed, which is not gone; see `residents.closing`.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from access.models import Device
from residents import closing
from residents.closing import ClosingRefused
from residents.models import Closing, User
from residents.scope import may

PERM = "manage_access"


@transaction.atomic
def say(*, device: Device, reason: Closing.Reason, words: str, by: User, at: datetime) -> Closing:
    """What became of it. Raises: ClosingRefused, PermissionDenied"""
    _insist(device, by, at)
    # As a withdrawal takes it, which may be writing down at this moment what it is to erase.
    held = Device.objects.select_for_update(no_key=True).get(pk=device.pk)
    if held.revoked_at is None:
        raise ClosingRefused("trusted")
    return closing.say(
        kind=Closing.Kind.DEVICE,
        what=device.pk,
        neighborhood=device.neighborhood,
        reason=reason,
        words=words,
        by=by,
        at=at,
    )


@transaction.atomic
def answer(*, device: Device, agreed: bool, by: User, at: datetime) -> int:
    """By another of the staff. How many places are closed by it. Raises: ClosingRefused, PermissionDenied"""
    _insist(device, by, at)
    said = standing(device)
    if said is None:
        raise ClosingRefused("nothing")
    return closing.answer(closing=said, agreed=agreed, by=by, at=at)


def standing(device: Device) -> Closing | None:
    return closing.standing(kind=Closing.Kind.DEVICE, what=device.pk)


def _insist(device: Device, by: User, at: datetime) -> None:
    if not may(by, PERM, device.neighborhood, at):
        raise PermissionDenied
