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
from typing import Any

from django.conf import settings

from ledger import checkpoints, tree
from ledger.leaves import microseconds
from ledger.models import Entry, Leaf, Opening

SCHEMA = "linmen-proof/1"

Bundle = dict[str, Any]


def bundle(entry: Entry) -> Bundle:
    """The proof of one entry, as of now. Some ten queries, however large the log is."""
    made: Bundle = {"schema": SCHEMA, "origin": settings.LEDGER_ORIGIN, "entry": _entry(entry)}
    leaf = Leaf.objects.filter(entry=entry).first()
    checkpoint = checkpoints.covering(leaf.index) if leaf else None
    if leaf is None or checkpoint is None:
        return {**made, "pending": True}
    return {
        **made,
        "pending": False,
        "inclusion": inclusion(index=leaf.index, size=checkpoint.size),
        "checkpoint": checkpoints.note(checkpoint),
    }


def inclusion(*, index: int, size: int) -> dict[str, Any]:
    """Raises: tree.NotThere"""
    return {"index": index, "size": size, "path": _spelled(tree.inclusion(index=index, size=size))}


def consistency(*, old: int, size: int) -> dict[str, Any]:
    """Raises: tree.NotThere"""
    return {"old": old, "size": size, "path": _spelled(tree.consistency(old=old, size=size))}


def _entry(entry: Entry) -> dict[str, Any]:
    sealed = {"commitment": _base64(entry.commitment), "at": microseconds(entry.at)}
    opening = Opening.objects.filter(pk=entry.pk).first()
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
