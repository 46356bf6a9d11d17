"""What a page of the feed says of the gate itself: the one place where columns of a gate become fields of a page.

The columns are the database's to write, in the transaction that changed what they come from, so that an idle poll reads
one row and a gate that is waiting wakes by that row. What has ended by the clock is not said any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from access.models import Gate


def facts_of(gate: Gate, at: datetime) -> dict[str, Any]:
    locked = gate.locked_down_until
    return {
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
