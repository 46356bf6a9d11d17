"""Where a line says that somebody lives: `1-1-101`, `1幢1单元101室`, or a building and a number in columns of their own."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_BUILDING = re.compile(r"^(.{1,12}?)-?(?:号楼|幢|栋|座|楼|#)-?")
_ENTRANCE = re.compile(r"^(.{1,6}?)-?(?:单元|门)-?")
_ROOM = re.compile(r"-?(?:室|房|户|号)$")
_PART = re.compile(r"[0-9A-Z\u3400-\u9fff]{1,10}")


class DwellingUnreadable(ValueError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Address(NamedTuple):
    """One dwelling, in one spelling: no leading noughts, no words for building, entrance or room."""

    building: str
    entrance: str
    room: str

    @property
    def number(self) -> str:
        """As the register has it below the building."""
        return f"{self.entrance}-{self.room}" if self.entrance else self.room

    def __str__(self) -> str:
        return f"{self.building}-{self.number}"


def address(building: str, entrance: str, room: str) -> Address:
    """What three cells say together; each may say it all, or part of it, or nothing.

    Raises: DwellingUnreadable
    """
    building, entrance, room = (_folded(text) for text in (building, entrance, room))
    if not room:
        raise DwellingUnreadable("no_dwelling")
    if not building and (found := _BUILDING.match(room)):
        building, room = found[1], room[found.end() :]
    if not entrance and (found := _ENTRANCE.match(room)):
        entrance, room = found[1], room[found.end() :]
    parts = [part for part in _ROOM.sub("", room).split("-") if part]
    # What a column of its own says is not said again: 3 | 1 | 3-1-101 is 3-1-101. But 1 | | 1-101 is entrance 1.
    for text, most in ((building, 1 if entrance else 2), (entrance, 1)):
        if text and len(parts) > most and _bare(parts[0]) == _bare(text):
            parts = parts[1:]
    if not building and len(parts) > 1:
        building, *parts = parts
    if not entrance and len(parts) == 2:
        entrance, *parts = parts
    if not building or len(parts) != 1:
        raise DwellingUnreadable("dwelling_unreadable")
    [number] = parts
    found_parts = [_bare(building), _bare(entrance) if entrance else "", _bare(number)]
    readable = all(_PART.fullmatch(part) for part in found_parts if part)
    # Buildings may be called by a word; a dwelling without any digit is somebody's note.
    if not readable or not found_parts[0] or not re.search(r"[0-9]", found_parts[2]):
        raise DwellingUnreadable("dwelling_unreadable")
    return Address(*found_parts)


def known_as(building: str, number: str) -> Address | None:
    """A dwelling that stands in the register, in the spelling that a list's are compared in."""
    try:
        return address(building, "", number)
    except DwellingUnreadable:
        return None


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"-+", "-", re.sub(r"[‐‑‒–—―−~/\\_.]", "-", re.sub(r"\s", "", folded))).strip("-")


def _bare(part: str) -> str:
    """`03幢` is 3, `A座` is A."""
    part = re.sub(r"-?(?:号楼|幢|栋|座|楼|单元|门|室|房|户|号|#)$", "", part).strip("-")
    return part.lstrip("0") or part[-1:]
