"""Relay, lights, buttons and contacts on the board's pins, through the kernel's GPIO character device (version 2).

Spoken to with ioctl alone: the structures are those of <linux/gpio.h>, and a test has a C compiler say so. A pin belongs
to whoever holds its file, so a second process cannot move this one's relay. When a process dies the kernel closes the
file; what the pin does then is the chip's own affair, some hold their level. Therefore a line that is asked for begins
at rest, and the service puts the relay to rest after any end of it (`python -m gate rest`).
"""

import fcntl
import os
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

from gate.drivers import CLOSED, OPEN, Colour, Gone, Kind, Shown

GET_LINE, GET_VALUES, SET_VALUES = 0xC250B407, 0xC010B40E, 0xC010B40F
_ATTRIBUTES = 10
REQUEST = struct.Struct("=64I 32s QI5I " + "24s" * _ATTRIBUTES + " II5Ii")
VALUES = struct.Struct("=QQ")
EVENT = struct.Struct("=QIIII6I")
_FD = struct.Struct("=i")
_DEBOUNCE = struct.Struct("=IIIIQ")  # id, padding, microseconds, rest of the union, which lines

_ACTIVE_LOW, _INPUT, _OUTPUT, _RISING, _FALLING = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_PULL = {"up": 1 << 8, "down": 1 << 9, "none": 1 << 10}
_RISING_EDGE, _DEBOUNCE_ID = 1, 3
EVENTS_AT_ONCE = 16
DEBOUNCE_MICROSECONDS = 20_000
# Nothing that this program says opens a lock for longer.
LONGEST_OPEN = 30.0


@dataclass(frozen=True)
class Pin:
    chip: Path
    line: int
    active_low: bool = False
    pull: str = "none"


def _ask(pin: Pin, flags: int, consumer: str, *attributes: bytes) -> int:
    """The line's own file. Raises: OSError, when there is no such line or another process has it."""
    padded = [*attributes, *[bytes(24)] * (_ATTRIBUTES - len(attributes))]
    if pin.active_low:
        flags |= _ACTIVE_LOW
    offsets = [pin.line] + [0] * 63
    asked = bytearray(
        REQUEST.pack(
            *offsets, consumer.encode(), flags, len(attributes), *[0] * 5, *padded, 1, 0, *[0] * 5, -1
        )
    )
    chip = os.open(pin.chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(chip, GET_LINE, asked)
    finally:
        os.close(chip)
    fd: int = _FD.unpack_from(asked, REQUEST.size - _FD.size)[0]
    os.set_inheritable(fd, False)
    return fd


class Output:
    """One pin, at rest from the moment it is asked for."""

    def __init__(self, pin: Pin, consumer: str) -> None:
        self._fd = _ask(pin, _OUTPUT, consumer)
        self.set(active=False)

    def set(self, *, active: bool) -> None:
        fcntl.ioctl(self._fd, SET_VALUES, bytearray(VALUES.pack(int(active), 1)))

    def close(self) -> None:
        os.close(self._fd)


class PinRelay:
    """Whoever opens it starts the clock that ends it first; the last to open says for how long."""

    def __init__(self, pin: Pin) -> None:
        self._output = Output(pin, "linmen relay")
        self._lock = threading.Lock()
        self._ends: threading.Timer | None = None

    def open_for(self, seconds: float) -> None:
        with self._lock:
            self._stop_waiting()
            self._ends = threading.Timer(max(0.1, min(seconds, LONGEST_OPEN)), self._end)
            self._ends.daemon = True
            self._ends.start()
            self._output.set(active=True)

    def rest(self) -> None:
        with self._lock:
            self._stop_waiting()
            self._output.set(active=False)

    def close(self) -> None:
        try:
            self.rest()
        finally:
            with self._lock:
                self._output.close()

    def _end(self) -> None:
        with self._lock:
            # A timer that was overtaken while it waited for the lock ends nobody else's opening.
            if self._ends is threading.current_thread():
                self._ends = None
                self._output.set(active=False)

    def _stop_waiting(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None


class PinLight:
    """A lamp for each colour; those that are not wired stay dark."""

    def __init__(self, pins: dict[Colour, Pin]) -> None:
        self._lamps: dict[Colour, Output] = {}
        try:
            for colour, pin in pins.items():
                self._lamps[colour] = Output(pin, f"linmen {colour}")
        except OSError:
            self.close()
            raise

    def show(self, colour: Colour | None) -> None:
        for each, lamp in self._lamps.items():
            lamp.set(active=each is colour)

    def close(self) -> None:
        for lamp in self._lamps.values():
            lamp.close()


class PinInput:
    """A button, which says that it was pressed; or the door's contact, which says each change, and first how it stands."""

    def __init__(self, pin: Pin, *, kind: Kind) -> None:
        self._kind = kind
        edges = _RISING | (_FALLING if kind is Kind.CONTACT else 0)
        debounce = _DEBOUNCE.pack(_DEBOUNCE_ID, 0, DEBOUNCE_MICROSECONDS, 0, 1)
        self._fd = _ask(pin, _INPUT | edges | _PULL[pin.pull], f"linmen {kind}", debounce)
        os.set_blocking(self._fd, False)
        self._stood: str | None = self._stands() if kind is Kind.CONTACT else None

    def fileno(self) -> int:
        return self._fd

    def read(self) -> list[Shown]:
        shown = [] if self._stood is None else [Shown(self._kind, self._stood)]
        self._stood = None
        try:
            raw = os.read(self._fd, EVENTS_AT_ONCE * EVENT.size)
        except BlockingIOError:
            return shown
        if not raw:
            raise Gone(f"the pin of {self._kind} is gone")
        for event in EVENT.iter_unpack(raw[: len(raw) - len(raw) % EVENT.size]):
            rising = event[1] == _RISING_EDGE
            if self._kind is Kind.CONTACT:
                shown.append(Shown(self._kind, OPEN if rising else CLOSED))
            elif rising:
                shown.append(Shown(self._kind))
        return shown

    def close(self) -> None:
        os.close(self._fd)

    def _stands(self) -> str:
        said = bytearray(VALUES.pack(0, 1))
        fcntl.ioctl(self._fd, GET_VALUES, said)
        return OPEN if VALUES.unpack(said)[0] & 1 else CLOSED
