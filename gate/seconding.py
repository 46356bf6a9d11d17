"""What a door waits for, for seconds: a card or a PIN after a face, and a face after the button.

In memory only: a power cut forgets it, and whoever stands there begins again.
"""

import threading
from datetime import datetime, timedelta

# From the face to the end of the PIN or the card, at the same door.
SECOND_FACTOR_WITHIN = timedelta(seconds=15)
# From the button to the picture.
SCAN_WITHIN = timedelta(seconds=10)


class Asked:
    """By door: of whom a card or a PIN is expected. They are pseudonyms of this gate, and never shown."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def ask(self, holders: frozenset[str], *, at_door: str, now: datetime) -> None:
        with self._lock:
            self._waiting[at_door] = (now + SECOND_FACTOR_WITHIN, holders)

    def of(self, at_door: str, *, now: datetime) -> frozenset[str]:
        """Nobody, once the time is over. A clock set back makes it no longer."""
        with self._lock:
            until, holders = self._waiting.get(at_door, (now, frozenset()))
            if not now < until <= now + SECOND_FACTOR_WITHIN:
                self._waiting.pop(at_door, None)
                return frozenset()
            return holders

    def settle(self, at_door: str) -> None:
        with self._lock:
            self._waiting.pop(at_door, None)


class Button:
    """Pressed by whoever wants to be looked at. One press is one picture, so that nobody is captured in passing."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def press(self, at_door: str, *, now: float) -> None:
        """`now` of a clock that nobody sets."""
        self._until[at_door] = now + SCAN_WITHIN.total_seconds()

    def takes(self, at_door: str, *, now: float) -> bool:
        return now < self._until.pop(at_door, now)
