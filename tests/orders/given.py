"""One of each order, for tests that look at everything."""

from __future__ import annotations

from datetime import datetime, timedelta

from access import emergency, lockdown, remote, special_days
from access.models import EmergencyOpening, Gate, Lockdown, RemoteOpening, SpecialDay
from residents.ages import today_in
from residents.models import User

ORDERS = (EmergencyOpening, Lockdown, RemoteOpening, SpecialDay)


def ordered(gate: Gate, clerk: User, now: datetime) -> None:
    """Opened from afar and in an emergency, a lock-down asked for, and a day with other hours."""
    here = gate.neighborhood
    remote.open_once(gate=gate, why=RemoteOpening.Why.HELP, by=clerk, at=now)
    emergency.open_now(neighborhood=here, gate=gate, by=clerk, at=now)
    lockdown.ask(neighborhood=here, why=Lockdown.Why.DANGER, by=clerk, at=now)
    day = SpecialDay(neighborhood=here, day=today_in(here, now) + timedelta(days=9), name="柳神节")
    special_days.enter(day=day, by=clerk, at=now)
