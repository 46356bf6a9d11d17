"""What time it is at the door, when the device's own clock may be a year off or start at 1970 after a power cut."""

import time
from datetime import UTC, datetime, timedelta


class DoorClock:
    """The site's time, carried on by the monotonic clock, which nobody can set.

    Until the site answers, the device's clock is used with the difference learned last time; never a moment before the
    site was last heard, so that a clock at 1970 does not declare every card not yet valid.
    """

    def __init__(self, *, last_sync: datetime | None, offset: float) -> None:
        started = datetime.now(UTC) + timedelta(seconds=offset)
        # A clock before the last sync lost its time: how long we were offline is then unknown (no faces).
        self.trusted = last_sync is None or started >= last_sync - timedelta(minutes=10)
        self._anchor = started if last_sync is None else max(started, last_sync)
        self._since = time.monotonic()

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=time.monotonic() - self._since)

    def set(self, server_time: datetime) -> float:
        """Follows the site. Returns the offset of the device's clock, in seconds, to be remembered."""
        self._anchor, self._since, self.trusted = server_time, time.monotonic(), True
        return (server_time - datetime.now(UTC)).total_seconds()
