"""What a device says of itself beside its events, so that somebody comes before it fails: when, and how often.

At once when it starts, then whenever something changed, a minute apart at least; and every ten minutes if nothing did.
"""

from collections.abc import Callable
from typing import Any

from gate import power

AGENT = "0.1.0"
APART = 60.0
AT_LEAST_EVERY = 600.0


class Telling:
    def __init__(self, feeding: Callable[[], str] = power.feeding) -> None:
        self._feeding = feeding
        self._said: dict[str, Any] = {}
        self._said_at: float | None = None
        self._wanted = True

    def due(self, *, waiting: int, clock_off: float, now: float) -> dict[str, Any] | None:
        """What is to be said now, or None. `now` is of a clock that nobody sets."""
        if not self._wanted or (self._said_at is not None and now - self._said_at < APART):
            return None
        # To ten seconds: a clock drifts all the time, and that alone is no news.
        state = {
            "waiting": waiting,
            "power": self._feeding(),
            "agent": AGENT,
            "clock_off": round(clock_off / 10) * 10,
        }
        old = self._said_at is None or now - self._said_at >= AT_LEAST_EVERY
        return state if old or state != self._said else None

    def said(self, state: dict[str, Any], now: float) -> None:
        self._said, self._said_at = state, now

    def not_wanted(self) -> None:
        """A site of before does not know of it, and refuses what it did not ask for. Events must not wait for that."""
        self._wanted = False
