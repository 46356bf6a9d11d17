"""Alarms on silence: a reader of a gate in service that is not heard of is told to those who look after the gates, once.

Found by the rows, by whoever looks: the sweep, each request to `/healthz/`, and the page of the gates shows it whether or
not anybody noticed. It is over when the reader has been heard of for a while without a break, so that a poor line is one
alarm and not one each minute; or at once when the reader is revoked, or its gate is out of service.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from access.models import Device, Silence
from residents import alarms
from residents.models import Alarm

log = logging.getLogger(__name__)

# How long a reader must have been heard of again.
CALM = timedelta(minutes=10)
AT_ONCE = 200
# Who can do something about it, and who answers for the house.
TOLD = ("manage_access", "audit")


def patience() -> timedelta:
    return timedelta(seconds=settings.GATE_SILENT_SECONDS)


def silent(*, at: datetime) -> QuerySet[Device]:
    """Readers that should be heard of and are not; one that never polled counts from its pairing."""
    heard = Coalesce("last_poll_at", "paired_at")
    return _expected().annotate(heard=heard).filter(heard__lt=at - patience())


def look(*, at: datetime) -> int:
    """Write down who fell silent and who is heard of again, and tell of the former. How many alarms sounded."""
    standing = Silence.objects.standing()
    expected = _expected().values("pk")
    standing.exclude(device__in=expected).update(over_at=at)
    quiet = silent(at=at).values("pk")
    standing.filter(device__in=quiet).exclude(heard_at=None).update(heard_at=None)
    standing.filter(heard_at=None).exclude(device__in=quiet).update(heard_at=at)
    standing.filter(heard_at__lte=at - CALM).update(over_at=at)
    new = silent(at=at).filter(~Q(pk__in=standing.values("device"))).select_related("neighborhood")
    return sum(_begin(device, at) for device in new.order_by("pk")[:AT_ONCE])


def watch(*, at: datetime) -> None:
    """`look`, for those who do something else: what keeps them from it is logged, and the next one looks again."""
    try:
        look(at=at)
    except DatabaseError as error:
        log.error("looking for silent readers: %s", type(error).__name__)


def _expected() -> QuerySet[Device]:
    """Beside an old controller a reader opens nothing, and in practice there is none: neither is waited for."""
    return Device.objects.trusted().filter(
        gate__in_service=True, neighborhood__practice=False, neighborhood=F("gate__neighborhood")
    )


def _begin(device: Device, at: datetime) -> bool:
    try:
        with transaction.atomic():
            begun = Silence.objects.create(
                neighborhood_id=device.neighborhood_id,
                gate_id=device.gate_id,
                device=device,
                since=device.last_poll_at or device.paired_at,
                noticed_at=at,
            )
            alarms.sound(
                kind=Alarm.Kind.GATE_SILENT,
                neighborhood=device.neighborhood,
                subject=begun.pk,
                at=at,
                perms=TOLD,
            )
    except IntegrityError:  # somebody else noticed it a moment before
        return False
    return True
