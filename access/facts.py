"""What every page of the feed says of the gate itself: the one place where columns of a gate become fields of a page.

The columns are the database's to write, in the transaction that changed what they come from, so that an idle poll reads
one row and a gate that is waiting is woken by that row (access 0029). A cursor says which facts came with it, so a device
that has others is answered at once. What has ended by the clock is not said any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from access.gates import methods
from access.models import Gate


def facts_of(gate: Gate, *, signed: bool, at: datetime) -> dict[str, Any]:
    """`signed`: a sign hangs beside the device that asks."""
    locked = gate.locked_down_until
    return {
        "gate": gate.pk,
        "time_zone": gate.neighborhood.time_zone,
        "methods": methods(gate, signed=signed),
        "offline_hours": settings.OFFLINE_HOURS,
        "face_offline_hours": settings.OFFLINE_HOURS,  # as devices of before codes and passes call it
        "beside": gate.beside_since is not None,
        "high_risk": gate.high_risk,
        "second_factor": gate.second_factor,
        "calendar": gate.calendar,
        "call": gate.call,
        "held_open": _order(gate.held_open_by, gate.held_open_until, at),
        "open_once": _order(gate.open_once_by, gate.open_once_until, at),
        "locked_down_until": locked if locked is not None and at < locked else None,
    }


def _order(order: UUID | None, until: datetime | None, at: datetime) -> dict[str, Any] | None:
    if order is None or until is None or until <= at:
        return None
    return {"order": order, "until": until}
