"""A device's keys, replaced by the device itself: the old one signs the request, the new one proves that it is held, and from
then on only the new ones count. Both at once (access 0030), so that nothing is sealed any more to a key that may be known.

What was sealed to it before, the device seals anew itself: no face is sent again for that (law 10).
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from access.models import Device
from access.pairing import KeyInUse, sealed_card_key


class DeviceGone(Exception):
    """It was revoked, or took other keys, a moment ago."""


def renew(*, device: Device, public_key: bytes, sealing_key: bytes) -> bytes:
    """The neighborhood's card key, sealed to the new key. The caller has checked that whoever asks holds both private halves:
    of the key that the device has, and of `public_key`.

    A device that lost the answer asks again, under the new key, and gets the same one.

    Raises: KeyInUse, DeviceGone
    """
    known, held = bytes(device.public_key), bytes(device.sealing_key)
    if (public_key, sealing_key) != (known, held):
        try:
            with transaction.atomic():
                changed = (
                    Device.objects.trusted()
                    .filter(pk=device.pk, public_key=known)
                    .update(public_key=public_key, sealing_key=sealing_key)
                )
        except IntegrityError as error:
            raise KeyInUse from error
        if not changed:
            raise DeviceGone
        device.public_key, device.sealing_key = public_key, sealing_key
    return sealed_card_key(device)
