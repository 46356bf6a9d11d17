"""Card readers, keypads and scanners that pretend to be a USB keyboard: what they type, read from the kernel's events.

The device is grabbed (EVIOCGRAB), so that a card number never reaches a console or a login prompt. Nothing of what is
typed is kept beyond its line.
"""

import fcntl
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

from gate.drivers import Gone, Kind, Shown

# struct input_event of <linux/input.h>; its time is two longs, as wide as the machine's.
EVENT = struct.Struct("@llHHi")
EVIOCGRAB = 0x40044590
EVENTS_AT_ONCE = 64
_EV_SYN, _EV_KEY, _SYN_DROPPED = 0, 1, 3
_RELEASED, _PRESSED = 0, 1  # 2 is a key that repeats because it is held

# A token has 138 characters, and nothing that is shown at a door has more.
LINE_LIMIT = 160
# What was begun and not ended is no part of what the next one shows; at a keypad people think.
FORGOTTEN_AFTER = {Kind.CARD: 3.0, Kind.QR: 5.0, Kind.PIN: 20.0}
# A scanner that sees the same picture ten times a second shows it once, and so does a reader on which a card was left. Two
# people may type the same after one another.
SAME_AGAIN_AFTER = 2.0
# A reader that has gone mad must not fill the disk: so many lines at once, and then so many a second.
BURST, LINES_A_SECOND = 10.0, 5.0

_ENTER = {28, 96}
_SHIFT = {42, 54}
_CAPS_LOCK, _BACKSPACE, _ESCAPE = 58, 14, 1
_POUND = 523  # "#" of a telephone's keypad: the end of a PIN
_KEYS = {
    **{code: "1234567890"[code - 2] for code in range(2, 12)},
    **{code: "qwertyuiop"[code - 16] for code in range(16, 26)},
    **{code: "asdfghjkl"[code - 30] for code in range(30, 39)},
    **{code: "zxcvbnm"[code - 44] for code in range(44, 51)},
    **dict(zip((71, 72, 73, 75, 76, 77, 79, 80, 81, 82), "7894561230", strict=True)),
    **{512 + digit: str(digit) for digit in range(10)},
    12: "-",
    39: ";",
    52: ".",
    74: "-",
    83: ".",
}
_SHIFTED = {"-": "_", ";": ":", "3": "#"}


class Typing:
    """Key after key, until Enter. What it cannot make sense of, it drops up to the next Enter."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._line = ""
        self._spoilt = False
        self._shifts: set[int] = set()
        self._capitals = False
        self._touched = 0.0
        self._said, self._said_at = "", float("-inf")
        self._allowance, self._counted_at = BURST, 0.0

    def key(self, code: int, value: int, now: float) -> str | None:
        """The line, when this key ends one."""
        if code in _SHIFT:
            (self._shifts.discard if value == _RELEASED else self._shifts.add)(code)
        if value != _PRESSED or code in _SHIFT:
            return None
        if now - self._touched > FORGOTTEN_AFTER[self._kind]:
            self._begin_anew()
        self._touched = now
        if code in _ENTER or (self._kind is Kind.PIN and self._character(code) == "#"):
            return self._end(now)
        self._take(code)
        return None

    def spoil(self) -> None:
        """The kernel had to drop events: what is being typed cannot be known any more."""
        self._spoilt = True
        self._shifts.clear()

    def _take(self, code: int) -> None:
        if code == _CAPS_LOCK:
            self._capitals = not self._capitals
        elif code == _ESCAPE:
            self._begin_anew()
        elif code == _BACKSPACE:
            self._line = self._line[:-1]
        else:
            self._line += self._character(code)
            self._spoilt = self._spoilt or len(self._line) > LINE_LIMIT
            self._line = self._line[:LINE_LIMIT]

    def _character(self, code: int) -> str:
        if code == _POUND:
            return "#"
        character = _KEYS.get(code, "")
        if character.isalpha():
            return character.upper() if bool(self._shifts) != self._capitals else character
        return _SHIFTED.get(character, "") if self._shifts else character

    def _end(self, now: float) -> str | None:
        line, whole = self._line, not self._spoilt
        self._begin_anew()
        if not line or not whole or not self._is_allowed(now):
            return None
        again = line == self._said and now - self._said_at < SAME_AGAIN_AFTER
        self._said, self._said_at = line, now
        return None if again and self._kind is not Kind.PIN else line

    def _is_allowed(self, now: float) -> bool:
        earned = (now - self._counted_at) * LINES_A_SECOND
        self._allowance, self._counted_at = min(BURST, self._allowance + earned), now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _begin_anew(self) -> None:
        self._line, self._spoilt = "", False


class Wedge:
    def __init__(
        self, path: Path, *, kind: Kind, name: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._kind, self._name, self._now = kind, name, now
        self._typing = Typing(kind)
        self._left = b""
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._fd, EVIOCGRAB, 1)
        except OSError:
            # Not grabbed, every card would be typed into whatever else listens to keyboards.
            os.close(self._fd)
            raise

    def fileno(self) -> int:
        return self._fd

    def read(self) -> list[Shown]:
        try:
            raw = os.read(self._fd, EVENTS_AT_ONCE * EVENT.size)
        except BlockingIOError:
            return []
        if not raw:
            raise Gone(f"{self._name} has been unplugged")
        raw = self._left + raw
        whole = len(raw) - len(raw) % EVENT.size
        self._left = raw[whole:]
        shown = []
        for _, _, type_, code, value in EVENT.iter_unpack(raw[:whole]):
            if type_ == _EV_SYN and code == _SYN_DROPPED:
                self._typing.spoil()
            elif type_ == _EV_KEY and (line := self._typing.key(code, value, self._now())) is not None:
                shown.append(Shown(self._kind, line, self._name))
        return shown

    def close(self) -> None:
        os.close(self._fd)
