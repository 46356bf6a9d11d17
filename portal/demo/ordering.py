"""What the staff of the demo did with gates: days with other hours, a drill, a lock-down that was lifted, an opening from afar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from access import emergency, lockdown, remote, special_days
from access.models import Gate, Lockdown, RemoteOpening, SpecialDay
from residents.ages import today_in
from residents.models import Neighborhood, User

PRESSES, CONFIRMS = "clerk", "manager"
# From the first start: what it is, in both languages, and which day of the week it counts as.
DAYS = (
    (5, "小区开放日（放假）", "Neighborhood day (holiday)", 7),
    (12, "补班", "A working day made up", 1),
)


def order(*, neighborhood: Neighborhood, users: Mapping[str, User], at: datetime) -> None:
    """The drill waits for its review: `manager` does it, because `clerk` pressed."""
    by, second = users[PRESSES], users[CONFIRMS]
    today = today_in(neighborhood, at)
    for ahead, name, name_en, counts_as in DAYS:
        day = SpecialDay(
            neighborhood=neighborhood,
            day=today + timedelta(days=ahead),
            name=name,
            name_en=name_en,
            counts_as=counts_as,
        )
        special_days.enter(day=day, by=by, at=at)
    pressed = emergency.open_now(neighborhood=neighborhood, by=by, at=at)
    emergency.end(opening=pressed, by=by, at=at)
    gate = Gate.objects.filter(neighborhood=neighborhood, in_service=True).select_related("neighborhood")
    remote.open_once(gate=gate.order_by("name")[0], why=RemoteOpening.Why.WORK, by=by, at=at)
    asked = lockdown.ask(neighborhood=neighborhood, why=Lockdown.Why.MISUSE, minutes=30, by=by, at=at)
    lockdown.lift(lockdown=lockdown.confirm(lockdown=asked, by=second, at=at), by=by, at=at)
