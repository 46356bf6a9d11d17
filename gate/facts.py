"""What a page of the feed says of the gate itself, beside who may pass: special days, an emergency, a lock-down, one opening.

Each has its own end, so that a gate cut off in the middle ends it by its own clock. What a page does not say is not so:
a site of before sends none of it, and nothing is open, shut or asked for then.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

# No order opens a door later than this after the page that brought it, whatever end it names.
LONGEST_ORDER_SECONDS = 120
MOST_DAYS = 400
_CALL = re.compile(r"[0-9+()\-–/ ]{0,40}")


@dataclass(frozen=True)
class Order:
    """One of the site's: known by its number, so that it is carried out once however often a page says it."""

    order: str
    until: datetime


@dataclass(frozen=True)
class Facts:
    high_risk: bool = False
    second_factor: bool = False  # a face is asked for a card or a PIN as well
    calendar: Mapping[date, int] = field(
        default_factory=dict
    )  # days that count as another day of the week, 1 is Monday
    held_open: Order | None = None  # an emergency
    open_once: Order | None = None  # opened by the staff from afar
    locked_down_until: datetime | None = None
    call: str = ""  # the office's telephone, as it is written there

    @property
    def asks_faces_for_more(self) -> bool:
        """A high-risk door does, even if whoever set it up forgot to say so."""
        return self.high_risk or self.second_factor

    def written(self) -> str:
        return json.dumps(
            {
                "high_risk": self.high_risk,
                "second_factor": self.second_factor,
                "calendar": {day.isoformat(): counts_as for day, counts_as in sorted(self.calendar.items())},
                "held_open": _order_written(self.held_open),
                "open_once": _order_written(self.open_once),
                "locked_down_until": self.locked_down_until.isoformat() if self.locked_down_until else None,
                "call": self.call,
            }
        )


NOTHING = Facts()


def read(said: Mapping[str, Any]) -> Facts:
    """Of a page's body, or of what was written down. Raises: ValueError, TypeError, KeyError, AttributeError"""
    locked = said.get("locked_down_until")
    return Facts(
        high_risk=_flag(said.get("high_risk", False)),
        second_factor=_flag(said.get("second_factor", False)),
        calendar=_calendar(said.get("calendar", {})),
        held_open=_order(said.get("held_open")),
        open_once=_order(said.get("open_once")),
        locked_down_until=None if locked is None else _moment(locked),
        call=_call(said.get("call", "")),
    )


def of(stored: str | None) -> Facts:
    return NOTHING if stored is None else read(json.loads(stored))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _calendar(said: Any) -> dict[date, int]:
    if len(said) > MOST_DAYS:
        raise ValueError("more special days than a year has")
    found = {date.fromisoformat(day): counts_as for day, counts_as in said.items()}
    if any(type(counts_as) is not int or not 1 <= counts_as <= 7 for counts_as in found.values()):
        raise ValueError("a special day counts as one of 1 to 7")
    return found


def _order(said: Any) -> Order | None:
    if said is None:
        return None
    return Order(order=str(uuid.UUID(_text(said["order"]))), until=_moment(said["until"]))


def _order_written(order: Order | None) -> dict[str, str] | None:
    return None if order is None else {"order": order.order, "until": order.until.isoformat()}


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _call(value: Any) -> str:
    """Shown and perhaps spoken at the gate. What is no telephone is left out: it is no reason to miss what else is said."""
    text = _text(value)
    return text if _CALL.fullmatch(text) else ""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value
