"""A proof that stands alone: one JSON object that `verify.py` checks offline, years later, without this system.

    {"schema": "linmen-proof/1",
     "origin": "portal.example/log",
     "entry": {"commitment": …, "at": …, "kind": …, "subject": …, "neighborhood": …, "salt": …, "payload": {…}},
     "pending": false,
     "inclusion": {"index": 12, "size": 40, "path": […]},
     "checkpoint": "portal.example/log\\n40\\n…"}

Bytes are base64, `at` is microseconds since 1970. While the entry is not covered by a checkpoint, `pending` is true and
`inclusion` and `checkpoint` are missing: `/log/proof/inclusion?leaf=…` gives them later to whoever holds the bundle. Once
the opening is erased, `entry` is `commitment` and `at` alone: it still verifies, and says nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from ledger import checkpoints, tree
from ledger.leaves import microseconds
from ledger.models import Entry, Leaf, Opening

SCHEMA = "linmen-proof/1"
AT_ONCE = 200

Bundle = dict[str, Any]


def bundle(entry: Entry) -> Bundle:
    """The proof of one entry, as of now. Some ten queries, however large the log is."""
    return bundles([entry])[0]


def bundles(entries: Sequence[Entry]) -> list[Bundle]:
    """The proofs of many entries, in their order: at most sixteen queries for each two hundred of them."""
    return [
        made for first in range(0, len(entries), AT_ONCE) for made in _some(entries[first : first + AT_ONCE])
    ]


def _some(entries: Sequence[Entry]) -> list[Bundle]:
    openings = Opening.objects.in_bulk([entry.pk for entry in entries])
    places = dict(Leaf.objects.filter(entry__in=entries).values_list("entry_id", "index"))
    paths = _paths(sorted(places.values()))
    found: list[Bundle] = []
    for entry in entries:
        path = paths.get(places.get(entry.pk, -1))
        made = {
            "schema": SCHEMA,
            "origin": settings.LEDGER_ORIGIN,
            "entry": _entry(entry, openings.get(entry.pk)),
            "pending": path is None,
        }
        found.append(made | (path or {}))
    return found


def _paths(indexes: list[int]) -> dict[int, Bundle]:
    """For each leaf that a checkpoint covers, its path and that checkpoint: one that a witness saw where there is any,
    and else the newest."""
    found: dict[int, Bundle] = {}
    for checkpoint in (checkpoints.covering(0), checkpoints.newest()):
        size = checkpoint.size if checkpoint else 0
        rest = [index for index in indexes if index < size and index not in found]
        if checkpoint is None or not rest:
            continue
        note = checkpoints.note(checkpoint)
        for index, path in zip(rest, tree.inclusions(indexes=rest, size=size), strict=True):
            shown = {"index": index, "size": size, "path": _spelled(path)}
            found[index] = {"inclusion": shown, "checkpoint": note}
    return found


def inclusion(*, index: int, size: int) -> dict[str, Any]:
    """Raises: tree.NotThere"""
    return {"index": index, "size": size, "path": _spelled(tree.inclusion(index=index, size=size))}


def consistency(*, old: int, size: int) -> dict[str, Any]:
    """Raises: tree.NotThere"""
    return {"old": old, "size": size, "path": _spelled(tree.consistency(old=old, size=size))}


def _entry(entry: Entry, opening: Opening | None) -> dict[str, Any]:
    sealed = {"commitment": _base64(entry.commitment), "at": microseconds(entry.at)}
    if opening is None:
        return sealed
    return {
        **sealed,
        "kind": entry.kind,
        "subject": str(entry.subject) if entry.subject else None,
        "neighborhood": str(entry.neighborhood) if entry.neighborhood else None,
        "salt": _base64(opening.salt),
        "payload": opening.payload,
    }


def _spelled(path: list[bytes]) -> list[str]:
    return [_base64(each) for each in path]


def _base64(data: bytes | memoryview) -> str:
    return base64.b64encode(bytes(data)).decode()
