"""When somebody may pass a gate: rules and the dates of residence, as windows that a device can read by itself.

Pure. No kind of credential is mentioned here: all of them get their windows from the same call, so they cannot differ
(law 2); a face only ends earlier, with the consent it stands on, and a visitor's pass is cut out of its host's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class Window:
    """Days (ISO, 1 is Monday) and hours in the gate's local time; equal hours of midnight are the whole day."""

    days: tuple[int, ...]
    since: time
    until: time
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @classmethod
    def of(cls, *, days: Iterable[int], since: time | None, until: time | None) -> Window:
        return cls(tuple(sorted(set(days))) or EVERY_DAY, since or time.min, until or time.min)

    def during(self, *, since: date, until: date | None, today: date, zone: ZoneInfo) -> Window:
        """The same hours while somebody lives in a dwelling. A past first day is left out: no gate needs to know it."""
        return replace(
            self,
            valid_from=_midnight(since, zone) if since > today else None,
            valid_until=_midnight(until, zone) if until else None,
        )

    def ending(self, at: datetime) -> Window:
        return replace(self, valid_until=min(at, self.valid_until) if self.valid_until else at)

    def within(self, since: datetime, until: datetime) -> Window:
        """The same hours, no longer than from `since` to `until`: what a visitor gets of their host's."""
        return replace(
            self,
            valid_from=max(since, self.valid_from) if self.valid_from else since,
            valid_until=min(until, self.valid_until) if self.valid_until else until,
        )

    def is_open_after(self, at: datetime) -> bool:
        """Whether there is a moment of it yet to come."""
        if self.valid_until is None:
            return True
        return at < self.valid_until and (self.valid_from is None or self.valid_from < self.valid_until)

    def as_sent(self) -> dict[str, Any]:
        return {
            "valid_from": self.valid_from.astimezone(UTC).isoformat() if self.valid_from else None,
            "valid_until": self.valid_until.astimezone(UTC).isoformat() if self.valid_until else None,
            "days": list(self.days),
            "from": f"{self.since:%H:%M}",
            "to": f"{self.until:%H:%M}",
        }


def as_sent(windows: Iterable[Window]) -> list[dict[str, Any]]:
    """In one order and each once, so that equal rights give equal bytes and no version is spent on nothing."""
    unlimited = {
        (window.days, window.since, window.until)
        for window in windows
        if window.valid_from is None and window.valid_until is None
    }
    kept = {
        window
        for window in windows
        if (window.days, window.since, window.until) not in unlimited
        or (window.valid_from is None and window.valid_until is None)
    }
    return sorted(
        (window.as_sent() for window in kept), key=lambda sent: [str(value) for value in sent.values()]
    )


def next_end(windows: Iterable[Window]) -> datetime | None:
    """The first moment at which one of them is over."""
    return min((window.valid_until for window in windows if window.valid_until), default=None)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)
