"""A board that is played: for tests, for a desk, and to try a configuration before anything is wired.

Read are JSON objects, one a line: {"card": "04A2…"}, {"pin": "48213482915"}, {"qr": "LM1.…"}, {"press": "exit"} (or
"scan", "test"), {"contact": "open"}. What moves is told the same way: {"relay": "open"}, {"relay": "rest"}, {"light": "red"}.
"""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gate.drivers import CLOSED, OPEN, Colour, Gone, Kind, Shown
from gate.drivers.lines import LONGEST_OPEN
from gate.photos import FILE_LIMIT

CHUNK = 64 * 1024
_BUTTONS = {Kind.SCAN, Kind.EXIT, Kind.TEST}
_TOLD = (Kind.CARD, Kind.PIN, Kind.QR)


class Lines:
    """From a named pipe, or a file that is open already (0 is standard input)."""

    def __init__(self, source: Path | int) -> None:
        # A pipe that is open for writing here too does not end when whoever writes goes away.
        self._fd = source if isinstance(source, int) else os.open(source, os.O_RDWR | os.O_NONBLOCK)
        self._waiting = b""

    def fileno(self) -> int:
        return self._fd

    def read(self) -> list[Shown]:
        try:
            chunk = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return []
        if not chunk:
            raise Gone("nobody plays any more")
        *whole, waiting = (self._waiting + chunk).split(b"\n")
        self._waiting = waiting[:CHUNK]
        return [shown for line in whole if (shown := _read(line)) is not None]

    def close(self) -> None:
        if self._fd > 2:
            os.close(self._fd)


def _read(line: bytes) -> Shown | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    for kind in _TOLD:
        if isinstance(told.get(kind), str):
            return Shown(kind, told[kind], "simulated")
    if told.get("press") in _BUTTONS:
        return Shown(Kind(told["press"]))
    return Shown(Kind.CONTACT, told["contact"]) if told.get("contact") in (OPEN, CLOSED) else None


class ToldRelay:
    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._ends: threading.Timer | None = None

    def open_for(self, seconds: float) -> None:
        if self._ends is not None:
            self._ends.cancel()
        self._ends = threading.Timer(min(seconds, LONGEST_OPEN), self.rest)
        self._ends.daemon = True
        self._ends.start()
        self._say({"relay": "open"})

    def rest(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
        self._say({"relay": "rest"})

    def close(self) -> None:
        self.rest()


class ToldLight:
    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say

    def show(self, colour: Colour | None) -> None:
        self._say({"light": colour})

    def close(self) -> None:
        self.show(None)


class Picture:
    """A camera that always sees the same file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def look(self) -> bytes:
        with self._file.open("rb") as file:
            return file.read(FILE_LIMIT + 1)
