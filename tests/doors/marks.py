"""How something of somebody is known wherever it is seen: in every way in which it may be written."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format, time_format


@dataclass(frozen=True)
class Mark:
    """One thing that may be seen, in every way it may be written."""

    kind: str
    field: str
    ways: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        return any(way in text and (not _is_short(way) or _stands_alone(way, text)) for way in self.ways)


def _is_short(way: str) -> bool:
    """A number, or a time of day, that may stand in another one by chance."""
    return re.fullmatch(r"\d{1,7}|\d\d:\d\d", way) is not None


def _stands_alone(way: str, text: str) -> bool:
    return re.search(rf"(?<![\w:-]){way}(?![\w-])", text) is not None


def ways_of(value: Any) -> list[str]:
    if value in (None, "", b""):
        return []
    if isinstance(value, bytes | memoryview):
        plain = bytes(value)
        coded = [base64.b64encode(plain), base64.urlsafe_b64encode(plain)]
        return [plain.hex(), *(each.decode().rstrip("=") for each in coded)]
    if isinstance(value, datetime):
        return list(dict.fromkeys(_moments(value)))
    if isinstance(value, date):
        return list(dict.fromkeys(_days(value)))
    return [str(value)]


def _moments(value: datetime) -> Iterator[str]:
    here = timezone.localtime(value)
    yield value.astimezone(UTC).strftime("T%H:%M")
    yield here.strftime("%H:%M")
    for language in ("en", "zh-hans"):
        with translation.override(language):
            yield time_format(here)


def _days(value: date) -> Iterator[str]:
    yield value.isoformat()
    for language in ("en", "zh-hans"):
        with translation.override(language):
            for each in (
                "DATE_FORMAT",
                "SHORT_DATE_FORMAT",
                "j F Y",
                "F j, Y",
                "j M Y",
                "Y 年 n 月 j 日",
                "Y年n月j日",
            ):
                yield date_format(value, each)
