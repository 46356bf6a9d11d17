"""The record that nobody can secretly change: what it is, what it promises now, who else has seen it. Open to anybody."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger import checkpoints
from ledger.models import Checkpoint, Cosignature
from portal import qr_codes

# Of the 44 signs of a root, so that two people can compare them aloud.
GROUP = 11


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Where nobody has signed the newest one, the newest that somebody signed stands beside it: one is made every few
    seconds, and witnesses come by once a day. Three more queries."""
    shown = _shown(request)
    if shown["checkpoint"] and not shown["seen"]:
        shown["seen_before"] = _seen_before(checkpoints.covering(0))
    return render(request, "log.html", shown)


@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """For the notice board: the checkpoint, in words that can be compared and in a square that can be scanned."""
    shown = _shown(request)
    if shown["checkpoint"]:
        # The log's own signature alone: with every witness's the square would grow until no phone reads it.
        note = shown["checkpoint"].note
        shown["picture"] = qr_codes.svg(note, title=_("The checkpoint, as it was signed"))
    return render(request, "log_sheet.html", shown)


def _shown(request: HttpRequest) -> dict[str, Any]:
    """Two queries."""
    newest = checkpoints.newest()
    base = request.build_absolute_uri(reverse("log")).rstrip("/")
    shown: dict[str, Any] = {"checkpoint": newest, "key": str(checkpoints.key()), "base": base, "seen": []}
    if newest is None:
        return shown
    signed = checkpoints.cosignatures(newest)
    return {
        **shown,
        "groups": _groups(newest),
        "note": checkpoints.note(newest, signed),
        "seen": [_seen(each) for each in signed],
    }


def _seen_before(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """The newest one that somebody else has signed."""
    signed = checkpoints.cosignatures(checkpoint) if checkpoint else []
    return (
        {"size": checkpoint.size, "seen": [_seen(each) for each in signed]} if checkpoint and signed else None
    )


def _groups(checkpoint: Checkpoint) -> list[str]:
    root = base64.b64encode(bytes(checkpoint.root)).decode()
    return [root[first : first + GROUP] for first in range(0, len(root), GROUP)]


def _seen(each: Cosignature) -> dict[str, Any]:
    # A witness's clock is its own affair, and may say anything that fits into eight bytes.
    last = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
    return {"name": each.witness.name, "at": datetime.fromtimestamp(min(each.timestamp, last), tz=UTC)}
