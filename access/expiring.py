"""A copy of a face that a silent gate may still have ends by that gate's own clock: past the offline life it opens nothing.

That is no answer and nothing gone (law 12): the bytes may still be there. So it is said beside 'waiting', with all that it
rests on, and a receipt that comes later counts as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from access.devices import POLL_NOTED_EVERY
from access.models import Device


@dataclass(frozen=True)
class Expired:
    since: datetime
    last_heard: datetime
    offline_hours: int  # as this site tells its gates today
    skew_seconds: int | None  # device minus server, when its newest events came; None if it never sent one


def expired(device: Device, *, at: datetime) -> Expired | None:
    """None while it may still open by the copy, and for one that was never heard: nothing is known of that one's clock."""
    if device.last_poll_at is None:
        return None
    # A clock that is behind counts the hours later than we do; one that is ahead is given no credit for it.
    behind = max(timedelta(), -(device.clock_skew or timedelta()))
    since = device.last_poll_at + POLL_NOTED_EVERY + timedelta(hours=settings.OFFLINE_HOURS) + behind
    if at < since:
        return None
    skew = None if device.clock_skew is None else round(device.clock_skew.total_seconds())
    return Expired(since, device.last_poll_at, settings.OFFLINE_HOURS, skew)
