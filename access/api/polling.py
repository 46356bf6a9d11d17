"""One poll of the feed, whoever serves it: what was asked, and what the page says. The site's web server answers each at
once (`views.Feed`); the gates' own server may wait with it (`holding`)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.utils import timezone

from access import cursor as cursors
from access.api.authentication import Signer
from access.api.problems import Problem
from access.api.serializers import LONGEST_WAIT, MOST_PAGE, USUAL_PAGE
from access.cursor import Cursor
from access.facts import ENCODER, Said, said_to
from access.reading import Page, is_idle, read_page

SAID, ROWS = "said", "rows"


@dataclass(frozen=True)
class Asked:
    """Of the query string."""

    cursor: str | None = None
    limit: int = USUAL_PAGE
    wait: int = 0  # seconds for which an answer that says nothing may be held back


@dataclass(frozen=True)
class Poll:
    """Who asks, where they are, and what their gate's facts are called just now."""

    signer: Signer
    asked: Asked
    cursor: Cursor | None
    said: Said

    @property
    def holds(self) -> int | None:
        return None if self.cursor is None else self.cursor.version


def read_query(text: str) -> Asked:
    """Raises: Problem"""
    given = dict(_parts(text))
    cursor = given.get("cursor")
    if cursor is not None and not 0 < len(cursor) <= 100:
        raise _malformed("cursor", "From 1 to 100 characters.")
    return Asked(
        cursor,
        _whole(given, "limit", USUAL_PAGE, 1, MOST_PAGE),
        _whole(given, "wait", 0, 0, LONGEST_WAIT),
    )


def read_poll(*, signer: Signer, asked: Asked) -> Poll:
    """Raises: Problem"""
    caller = signer.caller
    try:
        cursor = None if asked.cursor is None else cursors.read(asked.cursor, device=caller.device.pk)
    except cursors.CursorRefused as error:
        raise _refused(error) from error
    return Poll(signer, asked, cursor, said_to(caller, at=timezone.now()))


def says_nothing(poll: Poll) -> bool:
    """Whether the answer would hold no row and no news.

    Raises: Problem
    """
    try:
        return is_idle(caller=poll.signer.caller, cursor=poll.cursor, told=poll.said.name)
    except cursors.CursorRefused as error:
        raise _refused(error) from error


def page_for(poll: Poll, *, at: datetime) -> dict[str, Any]:
    """For `encode`.

    Raises: Problem
    """
    try:
        page = read_page(caller=poll.signer.caller, cursor=poll.cursor, limit=poll.asked.limit, at=at)
    except cursors.CursorRefused as error:
        raise _refused(error) from error
    return _said(poll, page)


def empty_page(poll: Poll) -> dict[str, Any]:
    """For whom nothing is new."""
    assert poll.cursor is not None  # or a snapshot would begin
    return _said(poll, Page([], poll.cursor, more=False, keep=None))


def encode(body: Mapping[str, Any]) -> bytes:
    """An answer as it goes out. A page's rows and what it says of the gate are JSON already."""
    others = ENCODER.encode({name: said for name, said in body.items() if name not in (SAID, ROWS)})
    if SAID not in body:
        return others.encode()
    return f'{others[:-1]},{body[SAID].written[1:-1]},"{ROWS}":[{",".join(body[ROWS])}]}}'.encode()


def _said(poll: Poll, page: Page) -> dict[str, Any]:
    same = page.cursor is poll.cursor and poll.cursor.told == poll.said.name
    reached = page.cursor if same else replace(page.cursor, told=poll.said.name)
    return {
        SAID: poll.said,
        "cursor": poll.asked.cursor if same else reached.written(poll.signer.caller.device.pk),
        "more": page.more,
        "poll_after": 0 if page.more else _spread(settings.GATE_POLL_SECONDS),
        ROWS: page.rows,
        **({} if page.keep is None else {"keep": page.keep}),
    }


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("&"):
        name, _, value = part.partition("=")
        yield name, unquote_plus(value) if "%" in value or "+" in value else value


def _spread(seconds: int) -> int:
    """Give or take a fifth: whoever came together, after a power cut, soon comes one by one."""
    return random.randint(math.ceil(seconds * 0.8), math.floor(seconds * 1.2))  # noqa: S311  (guards nothing)


def _whole(given: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and least <= int(text) <= most):
        raise _malformed(name, f"A whole number from {least} to {most}.")
    return int(text)


def _malformed(name: str, says: str) -> Problem:
    return Problem(
        "malformed", 400, "The query does not say what it should.", more={"errors": {name: [says]}}
    )


def _refused(error: cursors.CursorRefused) -> Problem:
    return Problem(error.code, error.status, error.says)
