"""What the site tells a gate, read strictly: a page of the feed, its rows, and the hours they carry.

A page that does not read as one raises BadPage and nothing of it is applied. A row of a kind this version
does not know yet is kept as a version number only: the way in that it stands for simply does not work here.
"""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gate import keypad
from gate.decide import Window
from gate.facts import NOTHING, Facts
from gate.facts import read as read_facts

CARD, FACE, PIN, QR, PASS = "card", "face", "pin", "qr", "pass"
KINDS = (CARD, FACE, PIN, QR, PASS)
_NUMBER = re.compile(rf"[0-9]{{{keypad.NUMBER_DIGITS}}}")


class BadPage(Exception):
    """The site sent, and signed, something this device cannot read."""


@dataclass(frozen=True)
class Row:
    credential: str
    version: int
    present: bool
    kind: str = ""
    digest: str | None = None
    sealed: bytes | None = None
    windows: str = "[]"  # as JSON, checked; `windows_of` reads it
    number: str | None = None
    verifier: str | None = None
    once: bool = False
    holder: str | None = None  # whose it is, by a pseudonym of this gate: at doors that ask a face for more


@dataclass(frozen=True)
class Page:
    rows: tuple[Row, ...]
    cursor: str
    more: bool
    poll_after: float
    keep: frozenset[str] | None  # at the end of a snapshot (changes may follow): all else is to be erased
    gate: str
    time_zone: str
    methods: tuple[str, ...]
    offline_hours: float
    server_time: datetime
    beside: bool = False  # an old controller opens the door; this device only listens
    facts: Facts = NOTHING
    held: bool = False  # the site waits with its answers, where it is asked to


def read_page(body: Mapping[str, Any]) -> Page:
    try:
        ZoneInfo(body["time_zone"])
        return Page(
            rows=tuple(_row(row) for row in body["rows"]),
            cursor=_text(body["cursor"]),
            more=body["more"] is True,
            poll_after=min(3600.0, max(0.0, float(body["poll_after"]))),
            keep=None if body.get("keep") is None else frozenset(_uuid(one) for one in body["keep"]),
            gate=_uuid(body["gate"]),
            time_zone=body["time_zone"],
            methods=tuple(_text(method) for method in body["methods"]),
            offline_hours=max(0.0, float(body["offline_hours"])),
            server_time=read_time(body["server_time"]),
            beside=body.get("beside") is True,
            facts=read_facts(body),
            held=body.get("held") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError, OSError) as error:
        raise BadPage(f"a feed page that cannot be read: {error!r}") from error


def read_time(text: Any) -> datetime:
    moment = datetime.fromisoformat(_text(text))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def windows_of(stored: str) -> tuple[Window, ...]:
    return tuple(_window(window) for window in json.loads(stored))


def _row(row: Mapping[str, Any]) -> Row:
    credential, version = _uuid(row["credential"]), row["version"]
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 2**63:
        raise ValueError("a version is a whole number")
    if not isinstance(row["present"], bool):
        raise ValueError("present is true or false")
    if not row["present"]:
        return Row(credential, version, False)
    windows = list(row["windows"])
    for window in windows:
        _window(window)
    kind, digest, sealed = _text(row["kind"]), row.get("digest"), row.get("template")
    if kind not in KINDS:
        return Row(credential, version, True, kind=kind)
    if kind == CARD and digest is None:
        raise ValueError("a card without its digest")
    number, verifier = _keyed(row) if kind in (PIN, PASS) else (None, None)
    holder = row.get("holder") if kind in (PIN, FACE) else None
    return Row(
        credential,
        version,
        True,
        kind=kind,
        digest=None if digest is None else bytes.fromhex(_text(digest)).hex(),
        sealed=None if sealed is None else base64.b64decode(_text(sealed), validate=True),
        windows=json.dumps(windows),
        number=number,
        verifier=verifier,
        once=_once(row) if kind == PASS else False,
        holder=None if holder is None else _uuid(holder),
    )


def _keyed(row: Mapping[str, Any]) -> tuple[str, str]:
    number, verifier = _text(row["number"]), _text(row["verifier"])
    if not _NUMBER.fullmatch(number):
        raise ValueError("a keypad number has five digits")
    if not keypad.is_verifier(verifier):
        raise ValueError("a verifier is argon2id, within what a device can pay")
    return number, verifier


def _once(row: Mapping[str, Any]) -> bool:
    once = row.get("once", False)
    if not isinstance(once, bool):
        raise ValueError("once is true or false")
    return once


def _window(window: Mapping[str, Any]) -> Window:
    days = frozenset(window["days"])
    if not days <= set(range(1, 8)):
        raise ValueError("days are 1 to 7")
    begin, end = window.get("valid_from"), window.get("valid_until")
    return Window(
        days=days,
        since=time.fromisoformat(window["from"]),
        until=time.fromisoformat(window["to"]),
        valid_from=None if begin is None else read_time(begin),
        valid_until=None if end is None else read_time(end),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value


def _uuid(value: Any) -> str:
    return str(uuid.UUID(_text(value)))
