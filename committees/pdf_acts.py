"""What a PDF does by itself: read as what it is, a value of the format, and followed to where the rest of it stands.

An action may stand in a packed object of its own and be named from another one, and that from a third. Only what is done
without a press is followed: an action, what comes next after it, and the table of actions of a file, a page or a field. What
an action leads to, a page with its links, is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# So much is read of one action; what goes on beyond it is written by nobody.
READ = 8192
_DEEPEST = 30

# In a table of actions: when each is done. A press (`D`, `U`) is somebody's own.
_WITHOUT_A_PRESS = (
    *(b"O", b"C", b"E", b"X", b"Fo", b"Bl", b"PO", b"PC", b"PV", b"PI"),
    *(b"WC", b"WS", b"DS", b"WP", b"DP", b"K", b"F", b"V"),
)

_BETWEEN = rb"(?:[\s\0]|%[^\r\n]{0,500}+(?:[\r\n]|\Z))"
_GAP, _SOME_GAP = _BETWEEN + rb"{0,4000}+", _BETWEEN + rb"{1,4000}+"
# What is done when the file or a page is opened: there itself, or in an object that is named there.
BY_ITSELF = re.compile(rb"/(?:OpenAction|AA)" + _GAP + rb"(?=<<|[0-9])")
_TOKEN = re.compile(
    _GAP
    + rb"(?:(?P<ref>([0-9]{1,9})"
    + _SOME_GAP
    + rb"[0-9]{1,5}"
    + _SOME_GAP
    + rb"R(?![A-Za-z0-9]))|(?P<name>/[^\s\0()<>\[\]{}/%]*)"
    rb"|(?P<open><<|\[)|(?P<close>>>|\])|(?P<text>\()|(?P<other><[^<>]*>|[^\s\0()<>\[\]{}/%]+))"
)
_TEXT = re.compile(rb"[^()\\]*+(?:\\.[^()\\]*+)*+([()])", re.DOTALL)


class Unread(Exception):
    """It goes on beyond what is read, goes too deep, or says one thing twice."""


@dataclass(frozen=True)
class Reference:
    number: int


Value = Reference | bytes | list["Value"] | dict[bytes, "Value"] | None


class OpensAnAddress(Exception):
    """And nobody pressed anything."""


def begins(act: bytes, *, goes_on: bool) -> set[int]:
    """The objects that what is done names, to be looked up: `act` begins with a value, whatever comes after it. `goes_on`: what
    is cut off is so because no more was read.

    Raises: OpensAnAddress, Unread
    """
    reader = _Reader(act)
    named = set(_followed(reader.value(0)))
    if reader.is_odd or (reader.is_cut and goes_on):
        raise Unread
    return named


def _followed(value: Value) -> Iterator[int]:
    if isinstance(value, Reference):
        yield value.number
    elif isinstance(value, list):
        for each in value:
            yield from _followed(each)
    elif isinstance(value, dict):
        if b"S" in value or b"URI" in value:
            kind = value.get(b"S")
            if b"URI" in value or kind == b"/URI" or isinstance(kind, Reference):
                raise OpensAnAddress
            yield from _followed(value.get(b"Next"))
        else:
            for when in _WITHOUT_A_PRESS:
                yield from _followed(value.get(when))


class _Reader:
    """One value from the beginning of some bytes. What is cut off is read as far as it goes, as readers of PDFs do."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.is_cut = self.is_odd = False

    def value(self, depth: int) -> Value:
        found = _TOKEN.match(self.data, self.at)
        if found is None or depth > _DEEPEST:
            self.is_cut = True
            self.is_odd = self.is_odd or depth > _DEEPEST
            return None
        self.at = found.end()
        if found["ref"]:
            return Reference(int(found[2]))
        if found["open"] == b"<<":
            return self._dictionary(depth)
        if found["open"]:
            return list(self._until(depth))
        if found["text"]:
            self._pass_text()
        return found["name"]

    def _until(self, depth: int) -> Iterator[Value]:
        """Values up to the end of what holds them."""
        while not self.is_cut:
            after = _TOKEN.match(self.data, self.at)
            if after is not None and after["close"]:
                self.at = after.end()
                return
            yield self.value(depth + 1)

    def _dictionary(self, depth: int) -> dict[bytes, Value]:
        made: dict[bytes, Value] = {}
        inside = self._until(depth)
        for name in inside:
            value = next(inside, None)
            if isinstance(name, bytes):
                self.is_odd = self.is_odd or name[1:] in made
                made[name[1:]] = value
        return made

    def _pass_text(self) -> None:
        depth = 1
        while depth:
            found = _TEXT.match(self.data, self.at)
            if found is None:
                self.is_cut = True
                return
            self.at = found.end()
            depth += 1 if found[1] == b"(" else -1
