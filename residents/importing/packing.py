"""Whether an XLSX is safe to open, asked before anything opens it.

It is a zip of XML. What a zip says of its sizes is believed only where its bytes agree: each entry is unpacked once,
piece by piece, and counted. Then each sheet is walked by a parser that stops at the first line too many, so that neither
200,000 lines nor one cell at the far corner makes the machine hold the sheet that they pretend to be.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.parsers import expat

from residents.importing.refusals import FileRefused

FILE_BYTES = 10 * 1024 * 1024
ENTRIES = 1_000
UNPACKED_BYTES = 120 * 1024 * 1024
RATIO = 250
SMALL_BYTES = 256 * 1024  # a few kilobytes of one letter pack well, and harm nobody
ROWS = 20_000
COLUMNS = 200
# Lines are counted by what is in them; a sheet with a few empty ones in between is not refused for those.
LAST_ROW = 3 * ROWS
PIECE = 1024 * 1024

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"

Place = tuple[int, int]  # row and column, from 0


@dataclass
class Sheet:
    """What the walk found and the values themselves do not tell."""

    name: str
    # Cells with a formula that nobody has worked out yet, and those that show an error.
    without_value: set[Place] = field(default_factory=set)
    errors: set[Place] = field(default_factory=set)


def look_into(content: bytes) -> list[Sheet]:
    """The sheets of an XLSX, in order.

    Raises: FileRefused
    """
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused("old_or_locked")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = _parts(archive, content)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, ValueError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused("unreadable") from None
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise FileRefused("macros")
    if _WORKBOOK not in parts or _RELATIONS not in parts:
        raise FileRefused("unreadable")
    return [_walk(name, parts[path]) for name, path in _sheets(parts) if path in parts]


def _parts(archive: zipfile.ZipFile, content: bytes) -> dict[str, bytes]:
    """Every entry that is XML, unpacked, after all were counted."""
    entries = archive.infolist()
    if len(entries) > ENTRIES:
        raise FileRefused("zip_bomb")
    if sum(entry.file_size for entry in entries) > UNPACKED_BYTES:
        raise FileRefused("zip_bomb")
    for entry in entries:
        if entry.flag_bits & 1:
            raise FileRefused("old_or_locked")
        if entry.file_size > SMALL_BYTES and entry.file_size > RATIO * max(entry.compress_size, 1):
            raise FileRefused("zip_bomb")
    parts: dict[str, bytes] = {}
    room = UNPACKED_BYTES
    for entry in entries:
        kept = entry.filename.endswith((".xml", ".rels"))
        pieces: list[bytes] = []
        size = 0
        for piece in _unpacked(entry, content):
            size += len(piece)
            room -= len(piece)
            if size > entry.file_size or room < 0:
                raise FileRefused("zip_bomb")
            if kept:
                pieces.append(piece)
        parts[entry.filename] = b"".join(pieces)
    return parts


def _unpacked(entry: zipfile.ZipInfo, content: bytes) -> Iterator[bytes]:
    """The entry's real bytes, whatever its header says of their number."""
    header = _LOCAL_HEADER.unpack_from(content, entry.header_offset)
    begins = entry.header_offset + _LOCAL_HEADER.size + header[9] + header[10]
    packed = content[begins : begins + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise FileRefused("unreadable")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while packed and not inflater.eof:
        yield inflater.decompress(packed, PIECE)
        packed = inflater.unconsumed_tail


def _sheets(parts: dict[str, bytes]) -> list[tuple[str, str]]:
    """Names as people see them, and where each sheet lies in the zip."""
    found: list[tuple[str, str]] = []
    targets: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = posixpath.normpath(
                target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            )

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            ids = [value for name, value in attributes.items() if name.rpartition(":")[2] == "id"]
            found.append((attributes.get("name", ""), targets.get(ids[0], "") if ids else ""))

    _parse(parts[_RELATIONS], start=relation)
    _parse(parts[_WORKBOOK], start=sheet)
    return found


def _walk(name: str, xml: bytes) -> Sheet:
    walker = _Walker(Sheet(name))
    _parse(xml, start=walker.start, end=walker.end, text=walker.text)
    return walker.sheet


class _Walker:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.rows = 0
        self.row = self.column = -1
        self.last_full = -1
        self.kind = ""
        self.has_formula = self.has_value = self.listening = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self.row = int(attributes["r"]) - 1 if attributes.get("r", "").isdigit() else self.row + 1
            self.column = -1
        elif tag == "c":
            self._cell(attributes)
        elif tag == "f":
            self.has_formula = True
        elif tag in ("v", "t"):
            self.listening = True

    def text(self, words: str) -> None:
        if self.listening and words and not self.has_value:
            self.has_value = True

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self.listening = False
        elif tag == "c":
            self._ended()

    def _cell(self, attributes: dict[str, str]) -> None:
        place = _REFERENCE.fullmatch(attributes.get("r", ""))
        if place:
            self.column, self.row = _column(place[1]), int(place[2]) - 1
        else:
            self.column += 1
        self.kind = attributes.get("t", "")
        self.has_formula = self.has_value = False

    def _ended(self) -> None:
        place = (self.row, self.column)
        if self.kind == "e":
            self.sheet.errors.add(place)
        elif self.has_formula and not self.has_value and self.kind != "str":  # "" may well be its value
            self.sheet.without_value.add(place)
        elif not self.has_value:
            return
        if self.row != self.last_full:
            self.rows, self.last_full = self.rows + 1, self.row
        if self.rows > ROWS + 1 or self.row > LAST_ROW:
            raise FileRefused("too_many_rows", sheet=self.sheet.name, most=ROWS)
        if self.column >= COLUMNS:
            raise FileRefused("too_many_columns", sheet=self.sheet.name, most=COLUMNS)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _nothing(*_: Any) -> None:
    return None


def _parse(xml: bytes, *, start: Any, end: Any = _nothing, text: Any = _nothing) -> None:
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise FileRefused(
            "unreadable"
        )  # no spreadsheet defines entities; who does has something else in mind

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise FileRefused("unreadable") from None
