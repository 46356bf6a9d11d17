"""Signing a receipt with the log's own key, so that whoever has the key from the notice board can check both.

What is signed is `linmen receipt v1` and a newline, and then the receipt as `ledger.jcs` spells it, without its members
`signature` and `proof`: the proof grows with the log, and is bound by what it says of the receipt instead. No checkpoint
begins with these words, since a checkpoint begins with the log's origin, which holds no space; so neither signature can
ever pass for the other.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ledger import checkpoints
from ledger.jcs import spelled

SCHEMA = "linmen-signature/1"
TAG = b"linmen receipt v1\n"
UNSIGNED = ("signature", "proof")


def message(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed. Raises: ledger.jcs.NotPlain"""
    return TAG + spelled({name: value for name, value in document.items() if name not in UNSIGNED})


def signature(document: Mapping[str, Any]) -> dict[str, str]:
    """Ed25519 is deterministic: the same receipt has the same signature whenever it is asked for."""
    return {
        "schema": SCHEMA,
        "key": str(checkpoints.key()),
        "value": base64.b64encode(checkpoints.sign(message(document))).decode(),
    }
