"""What every page of the feed says of the gate itself: the one place where columns of a gate become fields of a page.

The columns are the database's to write, in the transaction that changed what they come from, so that an idle poll reads
one row and a gate that is waiting is woken by that row (access 0029). A cursor says which facts came with it, so a device
that has others is answered at once. What has ended by the clock is not said any more.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from access.devices import Caller
from access.gates import methods
from access.models import Gate

ENCODER = DjangoJSONEncoder(separators=(",", ":"))


@dataclass(frozen=True)
class Said:
    """The facts of a gate as they are said to one device."""

    written: str  # as the JSON of an object
    name: str  # 8 characters; of other facts it is another
    until: datetime | None  # when one of them ends


# While a device calls and nothing has changed of it or its gate, it is the very same caller (`access.api.holding`).
_said: WeakKeyDictionary[Caller, Said] = WeakKeyDictionary()


def said_to(caller: Caller, *, at: datetime) -> Said:
    said = _said.get(caller)
    if said is None or (said.until is not None and at >= said.until):
        said = _said[caller] = _say(caller, at)
    return said


def _say(caller: Caller, at: datetime) -> Said:
    gate = caller.device.gate
    written = ENCODER.encode(facts_of(gate, signed=caller.signed, at=at))
    name = base64.urlsafe_b64encode(hashlib.sha256(written.encode()).digest()[:6]).decode()
    ends = (gate.held_open_until, gate.open_once_until, gate.locked_down_until)
    return Said(written, name, min((end for end in ends if end is not None and at < end), default=None))


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
