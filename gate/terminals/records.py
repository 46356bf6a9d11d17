"""What a terminal says, read strictly: whom it knows, who passed, what became of a command.

Pure, and of bytes: names come in whatever encoding the terminal was sold with, so only the fields that are needed are read,
and those are plain ASCII. A name, a picture or a template is never made into text here, let alone kept. A line that does
not read is counted and passed over: a terminal that had to keep it would send it again for ever, and all others after it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

QUERY_LIMIT = 1024
LINE_LIMIT = 4096
HIGHEST_CARD = 2**56 - 1  # seven bytes: the longest number that a contactless card says

_SERIAL = re.compile(r"[A-Za-z0-9]{4,32}")
_NUMBER = re.compile(rb"[A-Za-z0-9_\-]{1,24}")
_WALL = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_STAMP = re.compile(r"[0-9A-Za-z]{1,20}")
_ANSWER = re.compile(rb"ID=(?P<id>[0-9]{1,15})&Return=(?P<result>-?[0-9]{1,10})(?:&CMD=[ -~]{0,40})?")
_BYTES = re.compile(rb"\[(?P<bytes>[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{2})?)\]")
_DECIMAL = re.compile(rb"\[?(?P<digits>[0-9]{1,17})\]?")
_PASSWORD = re.compile(rb"[0-9]{1,8}")


class Unreadable(ValueError):
    """What came is not what a terminal of this protocol says."""


@dataclass(frozen=True)
class Asked:
    """Who asks for what, by the query. Proves nothing: a serial number is printed on the back."""

    serial: str
    table: str
    stamp: str | None


@dataclass(frozen=True)
class Passed:
    """One line of the terminal's log of entries: it opened for this user."""

    number: str
    wall: datetime  # as the terminal's clock showed it, without a zone
    line: bytes  # what makes it this line and no other


@dataclass(frozen=True)
class User:
    """Somebody whom the terminal knows. No name: it is not read."""

    number: str
    card: int | None
    password: str | None
    administrator: bool


@dataclass(frozen=True)
class Answer:
    command: int
    result: int


def asked(query: str) -> Asked:
    """Raises: Unreadable"""
    if len(query) > QUERY_LIMIT:
        raise Unreadable("too long a query")
    try:
        fields = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=32, errors="strict"))
    except ValueError as error:
        raise Unreadable("a query that cannot be read") from error
    serial = fields.get("SN", "")
    if not _SERIAL.fullmatch(serial):
        raise Unreadable("no serial number")
    table = fields.get("table", "")
    stamp = fields.get("Stamp", "")
    return Asked(
        serial,
        table.upper() if re.fullmatch(r"[A-Za-z]{1,20}", table) else "",
        stamp if _STAMP.fullmatch(stamp) else None,
    )


def is_serial(text: str) -> bool:
    return _SERIAL.fullmatch(text) is not None


def passages(body: bytes) -> tuple[list[Passed], int]:
    """The lines of ATTLOG, and how many could not be read."""
    read: list[Passed] = []
    unread = 0
    for line in _lines(body):
        passed = None if line is None else _passed(line)
        if passed is None:
            unread += 1
        else:
            read.append(passed)
    return read, unread


def users(body: bytes) -> list[User]:
    """Who is told of in OPERLOG; what else stands there (operations, fingerprints, photos) is passed over."""
    return [user for line in _lines(body) if line is not None if (user := _user(line)) is not None]


def answers(body: bytes) -> list[Answer]:
    """One or several; what a terminal adds of itself in further lines is passed over."""
    found = [_ANSWER.fullmatch(line.strip()) for line in _lines(body) if line is not None]
    return [Answer(int(match["id"]), int(match["result"])) for match in found if match is not None]


def _lines(body: bytes) -> Iterator[bytes | None]:
    """None for one that is too long or holds a byte that no line holds."""
    for line in body.split(b"\n"):
        line = line.rstrip(b"\r")
        if line.strip():
            yield None if len(line) > LINE_LIMIT or b"\0" in line or b"\r" in line else line


def _passed(line: bytes) -> Passed | None:
    fields = [field.strip() for field in line.split(b"\t")]
    if len(fields) < 2 or not _NUMBER.fullmatch(fields[0]) or not _WALL.fullmatch(fields[1]):
        return None
    try:
        wall = datetime.fromisoformat(fields[1].decode("ascii"))
    except ValueError:
        return None
    # Some firmware adds fields when it repeats itself: what tells two entries apart is who, when, and which way.
    return Passed(fields[0].decode("ascii"), wall, b"\t".join(fields[:3]))


def _user(line: bytes) -> User | None:
    word, _, rest = line.strip().partition(b" ")
    if word not in (b"USER", b"USERINFO"):
        return None
    fields = _fields(rest)
    number = fields.get(b"PIN", b"")
    if not _NUMBER.fullmatch(number):
        return None
    password = fields.get(b"PASSWD", b"")
    return User(
        number.decode("ascii"),
        _card(fields.get(b"CARD", b"")),
        password.decode("ascii") if _PASSWORD.fullmatch(password) else None,
        # Whoever is not plainly an ordinary user is taken for one who may open the terminal's menu.
        fields.get(b"PRI", b"0") not in (b"", b"0"),
    )


def _fields(rest: bytes) -> Mapping[bytes, bytes]:
    pairs = (field.partition(b"=") for field in rest.split(b"\t"))
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def _card(field: bytes) -> int | None:
    """Bytes in brackets, the lowest first, or a decimal number; nought is no card."""
    if match := _BYTES.fullmatch(field):
        value = int.from_bytes(bytes.fromhex(match["bytes"].decode("ascii")), "little")
    elif match := _DECIMAL.fullmatch(field):
        value = int(match["digits"])
    else:
        return None
    return value if 0 < value <= HIGHEST_CARD else None
