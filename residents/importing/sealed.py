"""What is kept of a list: sealed under the import's own key, line by line, and unreadable once the key has gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from residents.importing.cleaning import Entry
from residents.models import Import, ImportRow
from vault import keys, sealing

PURPOSE = "import"


def make_key(source: Import) -> None:
    keys.ensure(id=source.key, subject=source.pk, purpose=PURPOSE)


def seal(source: Import, what: str, kept: Iterable[tuple[int, Any]]) -> list[bytes]:
    """One sealed value for each (number of the line, what to keep)."""
    return sealing.encrypt_many(
        sealing.Plain(
            source.key, json.dumps(each, ensure_ascii=False).encode(), _context(source, what, number)
        )
        for number, each in kept
    )


def entries(source: Import, rows: Sequence[ImportRow]) -> list[Entry]:
    """What the lines say. Raises: vault.keys.KeyDestroyed when the import was forgotten"""
    return [
        Entry.of_json(each) for each in _open(source, "content", [(row.number, row.content) for row in rows])
    ]


def before(source: Import, rows: Sequence[ImportRow]) -> list[list[dict[str, Any]]]:
    """What each line changed; an empty list where nothing was there to be changed."""
    having = [(row.number, row.before) for row in rows if row.before is not None]
    opened = dict(zip([number for number, _ in having], _open(source, "before", having), strict=True))
    return [opened.get(row.number, []) for row in rows]


def about(source: Import) -> dict[str, Any]:
    """The sheet's name, and the headings that were not used. Empty once forgotten."""
    if source.about is None:
        return {}
    try:
        return dict(_open(source, "about", [(0, source.about)])[0])
    except keys.KeyDestroyed:
        return {}


def _open(source: Import, what: str, values: Sequence[tuple[int, bytes | memoryview]]) -> list[Any]:
    opened = sealing.decrypt_many(
        sealing.Sealed(source.key, bytes(value), _context(source, what, number)) for number, value in values
    )
    if any(each is None for each in opened):
        raise keys.KeyDestroyed(f"key {source.key}")
    return [json.loads(each) for each in opened if each is not None]


def _context(source: Import, what: str, number: int) -> str:
    return f"residents.import.{what}|{source.pk}|{number}"
