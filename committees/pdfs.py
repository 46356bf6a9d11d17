"""Whether a PDF can be handed to everybody: whole, openable by all, and without anything that acts by itself.

What is looked for is looked for in the bytes as they are and in what its streams unpack to. That finds what programs write:
a password, a script, a program to start, a file within the file, a form that sends. It does not find what somebody builds
in order to get by, nor a fault in the program that shows it; so a PDF is always given as a download, never shown within a
page. Nor does it change a byte: who made the file may stand in it, and is shown to whoever publishes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

# Unpacked bytes that are looked through: some two seconds. Pictures are passed over, so text of a thousand pages is less.
MOST_UNPACKED = 256 * 1024 * 1024
_CHUNK = 1 << 18
_OVERLAP = 64
_WHO_LONGEST = 120

# A name in a PDF ends where something begins that is no letter. Long names only: three letters stand in any picture by chance.
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoToE|XFA)(?![A-Za-z0-9])"
)
_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_PAGE = re.compile(rb"/Type\s*/Pages?(?![A-Za-z0-9])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n)")
_INNER = rb"\((?:\\.|[^\\()])*\)"
_WHO = re.compile(rb"/(Author|Company)\s*(\((?:\\.|[^\\()]|" + _INNER + rb")*\)|<[0-9A-Fa-f\s]*>)", re.DOTALL)
_WHO_XMP = re.compile(rb"<dc:creator>(.{0,2000}?)</dc:creator>", re.DOTALL)
_TAG = re.compile(rb"<[^>]*>")
_BACKSLASHED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)


class PdfRefused(Exception):
    """`reason` is one of: not_a_pdf, truncated, locked, acts, unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(data: bytes) -> str:
    """What it says of who made it; empty if nothing was found. Raises: PdfRefused"""
    if not data.startswith(b"%PDF-"):
        raise PdfRefused("not_a_pdf")
    if b"%%EOF" not in data[-2048:]:
        raise PdfRefused("truncated")
    has_pages, who = False, []
    for part in _parts(data):
        plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)
        if _LOCKED.search(plain):
            raise PdfRefused("locked")
        if _ACTS.search(plain):
            raise PdfRefused("acts")
        has_pages = has_pages or _PAGE.search(plain) is not None
        who += [(name.decode(), _text(value)) for name, value in _WHO.findall(part)]
        who += [("Author", _xmp(value)) for value in _WHO_XMP.findall(part)]
    if not has_pages:
        raise PdfRefused("unreadable")
    return _listed(who)


def _parts(data: bytes) -> Iterator[bytes]:
    """The file itself, then what its streams unpack to. Raises: PdfRefused"""
    yield data
    left = MOST_UNPACKED
    for found in _STREAM.finditer(data):
        head = data[max(0, found.start() - 4096) : found.start()].rpartition(b"obj")[2]
        of_objects = b"/ObjStm" in head
        if b"/Image" in head and not of_objects:
            continue
        if of_objects and (
            b"/Predictor" in head or not re.search(rb"/Filter\s*\[?\s*/FlateDecode\s*[]/>]", head)
        ):
            if b"/Filter" in head:
                raise PdfRefused("unreadable")  # lawful, and written by nobody
            continue  # packed by nothing: it stands in the file itself
        for part in _unpacked(data, found.end(), of_objects):
            left -= len(part)
            if left < 0:
                raise PdfRefused("unreadable")
            yield part


def _unpacked(data: bytes, start: int, of_objects: bool) -> Iterator[bytes]:
    """In pieces that overlap, so that no name is cut in two. What is not packed this way gives nothing."""
    engine, tail, rest = zlib.decompressobj(), b"", data[start : start + _CHUNK]
    position = start + len(rest)
    while rest and not engine.eof:
        try:
            part = engine.decompress(rest, _CHUNK)
        except zlib.error:
            if of_objects:
                raise PdfRefused("unreadable") from None
            return
        if part:
            yield tail + part
            tail = part[-_OVERLAP:]
        rest = engine.unconsumed_tail
        if not rest:
            rest = data[position : position + _CHUNK]
            position += len(rest)


def _text(value: bytes) -> str:
    """A string of a PDF as people read it."""
    if value.startswith(b"<"):
        digits = re.sub(rb"\s", b"", value[1:-1]).decode()
        raw = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        raw = _BACKSLASHED.sub(_unescaped, value[1:-1])
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", errors="replace")
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found[1]
    if said[:1].isdigit():
        return bytes([int(said, 8) & 255])
    known = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b"", b"\r\n": b""}
    return known.get(said, said)


def _xmp(value: bytes) -> str:
    return _TAG.sub(b" ", value).decode("utf-8", errors="replace")


def _listed(who: list[tuple[str, str]]) -> str:
    """Each once, on one line, nothing unprintable."""
    plain = {
        (name, " ".join("".join(c if c.isprintable() else " " for c in said).split())[:_WHO_LONGEST]): None
        for name, said in who
    }
    return "; ".join(f"{name}: {said}" for name, said in plain if said)[:500]
