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

_WHITE = rb"\0\t\n\f\r "
_WORD = rb"[^" + _WHITE + rb"()<>\[\]{}/%]"
# Within what is read of one action, between two of its words: comments as long as they like.
_BETWEEN = rb"(?:[" + _WHITE + rb"]++|%[^\r\n]*+(?:[\r\n]|\Z))"
_GAP, _SOME_GAP = _BETWEEN + rb"*+", _BETWEEN + rb"++"
# What is done when the file or a page is opened: there itself, or in an object that is named there. Only a first page may
# stand in the place of the one, and fonts may be called as the other is: so much is looked at after the name, in a piece that
# may be full of them. Where comments and spaces go on beyond that, they are read with the action.
NAMED_WITHIN = 1024
_NEAR = rb"(?:[" + _WHITE + rb"]{1,100}+|%[^\r\n]{0,240}+[\r\n]){0,4}+"
BY_ITSELF = re.compile(
    rb"/(?:(?P<must>OpenAction)(?!" + _WORD + rb")" + _NEAR + rb"(?!\[|null)"
    rb"|AA(?!" + _WORD + rb")" + _NEAR + rb"(?=<<|[0-9+.-]|[" + _WHITE + rb"%]))"
)
# A number that some readers take for the beginning of a reference, though it is not spelled as one.
_NUMBER = rb"[0-9+.-]++"
_TOKEN = re.compile(
    _GAP
    + rb"(?:(?P<ref>([0-9]{1,9})"
    + _SOME_GAP
    + rb"[0-9]{1,5}"
    + _SOME_GAP
    + rb"R(?!"
    + _WORD
    + rb"))|(?P<torn>"
    + _NUMBER
    + _GAP
    + rb"(?:"
    + _NUMBER
    + _GAP
    + rb")?+\Z)"
    rb"|(?P<odd>" + _NUMBER + _SOME_GAP + _NUMBER + _SOME_GAP + rb"R(?!" + _WORD + rb"))"
    rb"|(?P<name>/" + _WORD + rb"*+)|(?P<open><<|\[)|(?P<close>>>|\])|(?P<text>\()"
    rb"|(?P<other><[^<>]*>|" + _WORD + rb"++)|(?P<end><[^<>]*\Z|\Z))"
)
_TEXT = re.compile(rb"[^()\\]*+(?:\\.[^()\\]*+)*+([()])", re.DOTALL)


class Unread(Exception):
    """It goes on beyond what is read, goes too deep, says one thing twice, or is not spelled as the format has it."""


@dataclass(frozen=True)
class Reference:
    number: int


Value = Reference | bytes | list["Value"] | dict[bytes, "Value"] | None


class OpensAnAddress(Exception):
    """And nobody pressed anything."""


def begins(act: bytes, *, goes_on: bool, must: bool = False) -> set[int]:
    """The objects that what is done names, to be looked up: `act` begins with a value, whatever comes after it. `goes_on`: what
    is cut off is so because no more was read. `must`: it is what stands where an action has to.

    Raises: OpensAnAddress, Unread
    """
    reader = _Reader(act)
    value = reader.value(0)
    named = set(_followed(value))
    is_none = must and not reader.is_cut and not isinstance(value, Reference | list | dict)
    if is_none or reader.is_odd or (reader.is_cut and goes_on):
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
        self.is_cut = self.is_odd = self.is_stopped = False

    def value(self, depth: int) -> Value:
        found = _TOKEN.match(self.data, self.at)
        if found is None or depth > _DEEPEST:
            # At the beginning: no value at all. Within one: what readers pass over in one way or another.
            self.is_odd = self.is_odd or depth > 0
            self.is_stopped = True
            return None
        self.at = found.end()
        if found["ref"]:
            return Reference(int(found[2]))
        if found["open"] == b"<<":
            return self._dictionary(depth)
        if found["open"]:
            return list(self._until(b"]", depth))
        if found["text"]:
            self._pass_text()
        self.is_odd = self.is_odd or found["odd"] is not None
        self.is_cut = self.is_cut or found["torn"] is not None or found["end"] is not None
        return found["name"]

    def _until(self, close: bytes, depth: int) -> Iterator[Value]:
        """Values up to the end of what holds them."""
        while not self.is_cut and not self.is_stopped:
            after = _TOKEN.match(self.data, self.at)
            if after is not None and after["close"]:
                self.is_odd = self.is_odd or after["close"] != close
                self.at = after.end()
                return
            yield self.value(depth + 1)

    def _dictionary(self, depth: int) -> dict[bytes, Value]:
        made: dict[bytes, Value] = {}
        inside = self._until(b">>", depth)
        for name in inside:
            value = next(inside, None)
            if isinstance(name, bytes):
                self.is_odd = self.is_odd or name[1:] in made
                made[name[1:]] = value
            else:
                self.is_odd = self.is_odd or not self.is_cut
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
