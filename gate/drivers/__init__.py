"""What is wired to the board, behind four small shapes: something read, a relay, a light, a camera.

Each speaks with the kernel itself or plays that it does (`simulated`). What is missing or unplugged raises OSError; the
door goes on without it and tries again. A reader hands out what somebody presented and knows nobody.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What somebody did at the door. The first three are decided on; an exit never is (law 13)."""

    CARD = "card"
    PIN = "pin"
    QR = "qr"
    SCAN = "scan"  # the button that asks to be looked at
    EXIT = "exit"  # the button inside
    TEST = "test"  # the button in the box, for whoever looks after it
    CONTACT = "contact"


class Colour(StrEnum):
    GREEN = "green"
    RED = "red"
    AMBER = "amber"


OPEN, CLOSED = "open", "closed"  # what a contact says


@dataclass(frozen=True)
class Shown:
    kind: Kind
    text: str = ""
    at: str = ""  # which reader


class Gone(OSError):
    """What was there is there no more: a cable was pulled."""


class Reader(Protocol):
    def fileno(self) -> int:
        """Readable when there is something to read."""

    def read(self) -> list[Shown]:
        """What came since; never waits. Raises: OSError when the device is gone."""

    def close(self) -> None: ...


class Relay(Protocol):
    def open_for(self, seconds: float) -> None:
        """Opens now, and comes to rest by itself, whatever else this process is busy with."""

    def rest(self) -> None: ...

    def close(self) -> None: ...


class Light(Protocol):
    def show(self, colour: Colour | None) -> None: ...

    def close(self) -> None: ...


class Camera(Protocol):
    def look(self) -> bytes:
        """One picture, in memory. The camera is off before this is called and after it returns."""
