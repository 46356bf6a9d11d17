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
from itertools import islice
from time import monotonic

# What looking through may cost: bytes that are read or unpacked, and seconds on however slow a machine. A file of a thousand
# pages takes a small part of both, since pictures are passed over.
MOST_UNPACKED = 256 * 1024 * 1024
LONGEST_SECONDS = 10
_CHUNK = 1 << 18
_FIRST = 1 << 10  # of a stream that may be three bytes long
_ESCAPE_COSTS = 64
_OVERLAP = 64
_HEAD = 4096

# A name in a PDF ends where something begins that is no letter. Long names only: three letters stand in any picture by chance.
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoTo[ER]|Rendition|Movie|XFA)(?![A-Za-z0-9])"
)
# What is done when the file or a page is opened: there itself, or in an object that is named there.
_BY_ITSELF = re.compile(rb"/(?:OpenAction|AA)\s{0,100}+(?=<<|[0-9])")
_BRACES = re.compile(rb"<<|>>")
_REFERENCE = re.compile(rb"([0-9]{1,9})\s{1,100}+[0-9]{1,5}\s{1,100}+R(?![A-Za-z0-9])")
_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,9})\s{1,100}+[0-9]{1,5}\s{1,100}+obj(?![A-Za-z0-9])")
_OPENS_AN_ADDRESS = re.compile(rb"/URI(?![A-Za-z0-9])")
_ACT_READ = 1000
_MOST_ACTS = 10_000
_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_PAGE = re.compile(rb"/Type\s*+/Pages?(?![A-Za-z0-9])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n)")
_PICTURE = re.compile(rb"/Subtype\s*+/Image(?![A-Za-z0-9])")
_FLATE_ONLY = re.compile(rb"/Filter\s*+\[?+\s*+/FlateDecode\s*+[]/>]")

# Who made it: so many strings are read, of each so much, and so much of that is shown.
_WHO_MOST = 200
_WHO_READ = 2000
_WHO_LONGEST = 120
_WHO = re.compile(rb"/(Author|Company)\s{0,100}+(?=[(<])|<dc:(creator)>")
_STRING = re.compile(
    rb"\((?:\\.|[^\\()]|\((?:\\.|[^\\()]){0,2000}+\)){0,2000}+\)?|<[0-9A-Fa-f\s]{0,2000}+>?", re.DOTALL
)
_TAG = re.compile(rb"<[^<>]*>")
_BACKSLASHED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)


class PdfRefused(Exception):
    """`reason` is one of: not_a_pdf, truncated, locked, acts, unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Work:
    """What may still be spent on one file."""

    def __init__(self) -> None:
        self.left = MOST_UNPACKED
        self.until = monotonic() + LONGEST_SECONDS

    def spend(self, amount: int) -> None:
        """Raises: PdfRefused"""
        self.left -= amount
        if self.left < 0 or monotonic() > self.until:
            raise PdfRefused("unreadable")


def check(data: bytes) -> str:
    """What it says of who made it; empty if nothing was found. Raises: PdfRefused"""
    if not data.startswith(b"%PDF-"):
        raise PdfRefused("not_a_pdf")
    if b"%%EOF" not in data[-2048:]:
        raise PdfRefused("truncated")
    has_pages, work, named = False, _Work(), set[int]()
    who = list(_made_by(data, _WHO_MOST))
    for part, is_packed in _parts(data, work):
        plain = _named_plainly(part, work)
        if _LOCKED.search(plain):
            raise PdfRefused("locked")
        if _ACTS.search(plain):
            raise PdfRefused("acts")
        for act in _by_themselves(plain):
            work.spend(_ACT_READ)
            named |= _begins(act) if len(named) <= _MOST_ACTS else set()
        has_pages = has_pages or _PAGE.search(plain) is not None
        if is_packed:
            who += _made_by(part, _WHO_MOST - len(who))
    _look_up(data, named, work)
    if not has_pages:
        raise PdfRefused("unreadable")
    return _listed(who)


def _named_plainly(part: bytes, work: _Work) -> bytes:
    """With `#4a` read as the letter it stands for. Raises: PdfRefused"""
    plain, escapes = _ESCAPED.subn(lambda found: bytes([int(found[1], 16)]), part)
    work.spend(escapes * _ESCAPE_COSTS)
    return plain


def _by_themselves(plain: bytes) -> Iterator[bytes]:
    """What is done without a press on anything: a dictionary, or where else it stands."""
    for found in _BY_ITSELF.finditer(plain):
        after, depth = plain[found.end() : found.end() + _ACT_READ], 0
        if not after.startswith(b"<<"):
            elsewhere = _REFERENCE.match(after)
            yield elsewhere[0] if elsewhere else b""
            continue
        for brace in _BRACES.finditer(after):
            depth += 1 if brace[0] == b"<<" else -1
            if depth == 0:
                after = after[: brace.end()]
                break
        yield after


def _begins(act: bytes) -> set[int]:
    """The objects that it names. A link that waits for a press is let be; this does not wait. Raises: PdfRefused"""
    if _OPENS_AN_ADDRESS.search(act):
        raise PdfRefused("acts")
    return {int(number) for number in _REFERENCE.findall(act)}


def _look_up(data: bytes, named: set[int], work: _Work) -> None:
    """Whether one of these objects opens an address. Raises: PdfRefused"""
    if len(named) > _MOST_ACTS:
        raise PdfRefused("unreadable")
    for found in _OBJECT.finditer(data) if named else ():
        if int(found[1]) in named:
            work.spend(_ACT_READ)
            inside = data[found.end() : found.end() + _ACT_READ].partition(b"endobj")[0]
            _begins(_named_plainly(inside, work))


def _parts(data: bytes, work: _Work) -> Iterator[tuple[bytes, bool]]:
    """The file itself in pieces, then what its streams unpack to, and which of both it is. Raises: PdfRefused"""
    for start in range(0, len(data), _CHUNK):
        part = data[max(0, start - _OVERLAP) : start + _CHUNK]
        work.spend(len(part))
        yield part, False
    for found in _STREAM.finditer(data):
        work.spend(_FIRST)
        start = max(0, found.start() - _HEAD)
        head = _named_plainly(data[start : found.start()].rpartition(b"obj")[2], work)
        of_objects = b"/ObjStm" in head
        if _PICTURE.search(head) and not of_objects:
            continue
        if of_objects and (b"/Predictor" in head or not _FLATE_ONLY.search(head)):
            if b"/Filter" in head:
                raise PdfRefused("unreadable")  # lawful, and written by nobody
            continue  # packed by nothing: it stands in the file itself
        for part in _unpacked(memoryview(data), found.end(), of_objects, work):
            yield part, True


def _unpacked(data: memoryview, start: int, of_objects: bool, work: _Work) -> Iterator[bytes]:
    """In pieces that overlap, so that no name is cut in two. What is not packed this way gives nothing.

    Raises: PdfRefused
    """
    engine, tail, size = zlib.decompressobj(), b"", _FIRST
    rest: bytes | memoryview = data[start : start + size]
    position = start + len(rest)
    while rest and not engine.eof:
        try:
            part = engine.decompress(rest, _CHUNK)
        except zlib.error:
            if of_objects:
                raise PdfRefused("unreadable") from None
            return
        work.spend(len(rest) + len(part))
        if part:
            yield tail + part
            tail = part[-_OVERLAP:]
        rest = engine.unconsumed_tail
        if not rest:
            size = min(size * 2, _CHUNK)
            rest = data[position : position + size]
            position += len(rest)


def _made_by(part: bytes, most: int) -> Iterator[tuple[str, str]]:
    """By the name it is said under, with the string. Of what goes on for too long, the beginning."""
    for found in islice(_WHO.finditer(part), max(0, most)):
        start, end = found.end(), found.end() + _WHO_READ
        if found[2]:
            closed = part.find(b"</dc:creator>", start, end)
            if closed >= 0 or end <= len(part):
                yield "Author", _xmp(part[start : end if closed < 0 else closed])
            continue
        value = _STRING.match(part, start, end)
        if value is not None and (value[0].endswith((b")", b">")) or end <= len(part)):
            yield found[1].decode(), _text(value[0])


def _text(value: bytes) -> str:
    """A string of a PDF as people read it."""
    if value.startswith(b"<"):
        digits = re.sub(rb"\s", b"", value[1:].rstrip(b">")).decode()
        raw = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        raw = _BACKSLASHED.sub(_unescaped, value[1:].removesuffix(b")"))
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", errors="replace")
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found[1]
    if b"0" <= said[:1] <= b"7":  # \\8 and \\9 are an 8 and a 9
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
