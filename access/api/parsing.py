"""JSON as strictly as it is signed: one reading, no surprises, nothing that a later step would choke on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from access.api.problems import Problem

DEPTH = 8
DIGITS = 19


class _Refused(ValueError):
    """Why the text is not taken."""


class StrictJSON(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return read_object(stream.read())


def read_object(raw: bytes) -> dict[str, Any]:
    """Raises: Problem"""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
        _check(value)
    except _Refused as refused:
        raise Problem("body-malformed", 400, str(refused)) from refused
    except UnicodeDecodeError as error:
        raise Problem("body-malformed", 400, "The body is not UTF-8.") from error
    except RecursionError as error:
        raise Problem("body-malformed", 400, "The body is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise Problem("body-malformed", 400, f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Problem("body-malformed", 400, "The body must be a JSON object.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("A key stands twice in one object.")
    return found


def _constant(name: str) -> NoReturn:
    raise _Refused("The body holds a number that is none.")


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS:
        raise _Refused("The body holds a number that is too large.")
    return int(digits)


def _fraction(digits: str) -> NoReturn:
    raise _Refused("The body holds a fraction; numbers here are whole.")


def _check(value: Any) -> None:
    """Depth, and strings that cannot be stored or answered: half a surrogate pair, or a zero byte."""
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > DEPTH:
            raise _Refused("The body is nested too deeply.")
        if isinstance(one, str):
            if "\0" in one or not _encodable(one):
                raise _Refused("The body holds text that is no text.")
        elif isinstance(one, list):
            waiting += [(each, depth + 1) for each in one]
        elif isinstance(one, dict):
            waiting += [(each, depth + 1) for pair in one.items() for each in pair]


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
