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
from itertools import chain, islice
from time import monotonic

from committees import pdf_acts

# What looking through may cost: bytes that are read or unpacked, and seconds on however slow a machine. A file of a thousand
# pages takes a small part of both, since pictures are passed over.
MOST_UNPACKED = 256 * 1024 * 1024
LONGEST_SECONDS = 10
_CHUNK = 1 << 18
_FIRST = 1 << 10  # of a stream that may be three bytes long
_ESCAPE_COSTS = 64
# What begins before the next piece does is followed by so much that all that is read of it is there, be each letter of it
# written in three; what begins later stands whole in the next one.
_OVERLAP = 3 * (pdf_acts.NAMED_WITHIN + pdf_acts.READ)
_HEAD = 4096

# A name in a PDF ends where something begins that is no letter. Long names only: three letters stand in any picture by chance.
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoTo[ER]|Rendition|Movie|XFA)(?![A-Za-z0-9])"
)
_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,9})[\s\0]{1,100}+[0-9]{1,5}[\s\0]{1,100}+obj(?![A-Za-z0-9])")
_FIRST_OBJECT = re.compile(
    rb"/First[\s\0]{0,100}+([0-9]{1,9})(?![0-9])(?![\s\0]{1,100}+[0-9]{1,5}[\s\0]{1,100}+R)"
)
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
        for act in pdf_acts.BY_ITSELF.finditer(plain):
            inside = plain[act.end() : act.end() + pdf_acts.READ]
            begun = _begins(inside, len(inside) == pdf_acts.READ, work, must=act["must"] is not None)
            named |= begun if len(named) <= _MOST_ACTS else set()
        has_pages = has_pages or _PAGE.search(plain) is not None
        if is_packed:
            who += _made_by(part, _WHO_MOST - len(who))
    _look_up(data, named, work)
    if not has_pages:
        raise PdfRefused("unreadable")
    return _listed(who)


def _named_plainly(part: bytes, work: _Work) -> bytes:
    """With `#4a` read as the letter it stands for. Raises: PdfRefused"""
    plain, escapes = _ESCAPED.subn(_letter, part)
    work.spend(escapes * _ESCAPE_COSTS)
    return plain


def _letter(found: re.Match[bytes]) -> bytes:
    """A bracket or a space within a name is no bracket and no space: as some other letter it begins and ends nothing."""
    said = bytes([int(found[1], 16)])
    return said if said.isalnum() else b"_"


def _begins(act: bytes, goes_on: bool, work: _Work, *, must: bool = False) -> set[int]:
    """The objects that it names. A link that waits for a press is let be; this does not wait. Raises: PdfRefused"""
    work.spend(len(act))
    try:
        return pdf_acts.begins(act, goes_on=goes_on, must=must)
    except pdf_acts.OpensAnAddress:
        raise PdfRefused("acts") from None
    except pdf_acts.Unread:
        raise PdfRefused("unreadable") from None


def _look_up(data: bytes, named: set[int], work: _Work) -> None:
    """Whether one of these objects opens an address, or one that it names. Raises: PdfRefused"""
    known: set[int] = set()
    while named:
        known |= named
        if len(known) > _MOST_ACTS:
            raise PdfRefused("unreadable")
        found: set[int] = set()
        work.spend(len(data))
        for inside in chain(_in_the_open(data, named), _packed(data, named, work)):
            found |= _begins(_named_plainly(inside, work), len(inside) == pdf_acts.READ, work)
        named = found - known


def _in_the_open(data: bytes, named: set[int]) -> Iterator[bytes]:
    for found in _OBJECT.finditer(data):
        if int(found[1]) in named:
            yield data[found.end() : found.end() + pdf_acts.READ]


def _packed(data: bytes, named: set[int], work: _Work) -> Iterator[bytes]:
    """Objects that stand together in a stream: it begins with their numbers and places. Raises: PdfRefused"""
    for start, head in _streams(data, work):
        if not _holds_objects(head):
            continue
        if (said := _FIRST_OBJECT.search(head)) is None:
            raise PdfRefused(
                "unreadable"
            )  # where its first one is stands elsewhere: lawful, and written by nobody
        if b"/Filter" in head:
            parts = _unpacked(memoryview(data), start, True, work)
        else:
            parts = (data[at : at + _CHUNK] for at in range(start, len(data), _CHUNK))
        yield from _objects(parts, int(said[1]), named, work)


def _objects(parts: Iterator[bytes], first: int, named: set[int], work: _Work) -> Iterator[bytes]:
    """Those that are named, each from its beginning on. No more is held than what is to be read. Raises: PdfRefused"""
    if first > _CHUNK:
        raise PdfRefused("unreadable")
    held, begins, places = b"", 0, None
    for part in parts:
        work.spend(len(part))
        held += part
        if places is None:
            if len(held) < first:
                continue
            places = _places(held[:first], first, named)
        while places and places[-1] + pdf_acts.READ <= begins + len(held):
            place = places.pop() - begins
            yield held[place : place + pdf_acts.READ]
        if not places:
            return
        passed = min(max(0, places[-1] - begins), len(held))
        held, begins = held[passed:], begins + passed
    for place in reversed(places or ()):
        yield held[max(0, place - begins) :][: pdf_acts.READ]


def _places(header: bytes, first: int, named: set[int]) -> list[int]:
    """Where the named ones begin; the last first. Raises: PdfRefused"""
    said = header.replace(b"\0", b" ").split()
    numbers = [int(each) for each in said if each.isdigit() and len(each) < 10]
    if len(numbers) < len(said):
        raise PdfRefused("unreadable")
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    return sorted((first + place for number, place in pairs if number in named), reverse=True)


def _holds_objects(head: bytes) -> bool:
    """Some readers do not ask what it calls itself."""
    return b"/ObjStm" in head or _FIRST_OBJECT.search(head) is not None


def _streams(data: bytes, work: _Work) -> Iterator[tuple[int, bytes]]:
    """Where each begins, and the dictionary before it. Raises: PdfRefused"""
    for found in _STREAM.finditer(data):
        work.spend(_FIRST)
        start = max(0, found.start() - _HEAD)
        yield found.end(), _named_plainly(data[start : found.start()].rpartition(b"obj")[2], work)


def _parts(data: bytes, work: _Work) -> Iterator[tuple[bytes, bool]]:
    """The file itself in pieces, then what its streams unpack to, and which of both it is. Raises: PdfRefused"""
    for start in range(0, len(data), _CHUNK):
        part = data[max(0, start - _OVERLAP) : start + _CHUNK]
        work.spend(len(part))
        yield part, False
    for start, head in _streams(data, work):
        of_objects = _holds_objects(head)
        if _PICTURE.search(head) and not of_objects:
            continue
        if of_objects and (b"/Predictor" in head or not _FLATE_ONLY.search(head)):
            if b"/Filter" in head:
                raise PdfRefused("unreadable")  # lawful, and written by nobody
            continue  # packed by nothing: it stands in the file itself
        tail = b""
        for part in _unpacked(memoryview(data), start, of_objects, work):
            work.spend(len(tail))
            whole = tail + part  # so that no name is cut in two
            yield whole, True
            tail = whole[-_OVERLAP:]


def _unpacked(data: memoryview, start: int, of_objects: bool, work: _Work) -> Iterator[bytes]:
    """In pieces. What is not packed this way gives nothing.

    Raises: PdfRefused
    """
    engine, size = zlib.decompressobj(), _FIRST
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
            yield part
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
