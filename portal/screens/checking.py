"""Checking a slip, open to anybody: by the code on it, which says only that the record holds it and where; or by its file.

The code is the beginning of the leaf's hash, which hangs on a random salt: it cannot be guessed from what the slip is
about, and leads to nothing but the place in the record. An unknown code and a wrong one get the same answer for the same
work. A file is read as strictly as verify.py reads it, by the very same code, and nothing of it is kept.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ledger import checkpoints, verify
from ledger.models import Leaf
from ledger.notes import Key
from portal.screens.entrance import address, language
from portal.uploads import too_large

CODE_BYTES = 10  # 80 bits
HASH_BYTES = 32
LARGEST_FILE = 256 * 1024
WINDOW_SECONDS = 10 * 60
CODES, FILES = 60, 20  # from one address, in that time
_SPELLED = re.compile(r"[a-z2-7]{16}")


@dataclass(frozen=True)
class Line:
    """What verify.py says, and how sure that is: holds, false, open, unread, or nothing for a detail."""

    state: str
    words: str


STATES = {verify.HOLDS: "holds", verify.FALSE: "false", verify.UNREADABLE: "unread", verify.OPEN: "open"}
ICONS = {"holds": "check", "false": "alert", "unread": "question", "open": "clock"}


def code_of(bundle: dict[str, Any]) -> str:
    """The code of the entry in a bundle, in four groups of four."""
    entry = bundle["entry"]
    leaf = verify.leaf_of(base64.b64decode(entry["commitment"]), entry["at"])
    spelled = base64.b32encode(leaf[:CODE_BYTES]).decode().lower()
    return "-".join(spelled[first : first + 4] for first in range(0, len(spelled), 4))


@require_safe
@never_cache
def check(request: HttpRequest) -> HttpResponse:
    if asked := request.GET.get("code", "").strip():
        return redirect("check_code", re.sub(r"[^a-z0-9-]", "", asked.lower())[:40] or "-")
    return _page(request)


@require_safe
@never_cache
def code(request: HttpRequest, code: str) -> HttpResponse:
    if _too_many(request, "codes", CODES):
        return _page(request, too_many=True, status=429)
    spelled = code.lower().replace("-", "")
    # What is no code is looked for all the same: wrong and unknown must not be told apart, by their time either.
    known = bool(_SPELLED.fullmatch(spelled))
    first = base64.b32decode(spelled.upper()) if known else b"\0" * CODE_BYTES
    leaf = Leaf.objects.filter(hash__gte=first, hash__lte=first + b"\xff" * (HASH_BYTES - CODE_BYTES)).first()
    checkpoint = checkpoints.newest()
    found = leaf if known and leaf and checkpoint and leaf.index < checkpoint.size else None
    shown = {"asked": code[:40], "leaf": found, "checkpoint": checkpoint, "looked": True}
    return _page(request, status=200 if found else 404, **shown)


@require_POST
@never_cache
def file(request: HttpRequest) -> HttpResponse:
    if _too_many(request, "files", FILES):
        return _page(request, too_many=True, status=429)
    content = _content(request)
    if content is None:
        return _page(request, too_long=True, limit=LARGEST_FILE // 1024, status=413)
    if not content.strip():
        return _page(request, empty=True, status=400)
    verdict, lines = look(content, "zh" if language().startswith("zh") else "en")
    pasted = "" if verdict == STATES[verify.HOLDS] else request.POST.get("text", "")  # to be put right
    return _page(request, verdict=verdict, icon=ICONS[verdict], lines=lines, pasted=pasted)


def look(content: bytes, spoken: str) -> tuple[str, list[Line]]:
    """What verify.py says of it, with the log's own key."""
    lines: list[Line] = []

    def write(state: int | None, words: str) -> None:
        # Half a surrogate pair may stand in JSON, and in no answer.
        lines.append(
            Line(
                STATES.get(state, "") if state is not None else "", words.encode("utf-8", "replace").decode()
            )
        )

    report = verify.Report(spoken, write)
    try:
        found = verify.parsed(content)
        verify.check_receipt(report, found, verify.Key(str(_key(found)), verify.LOG), [])
    except verify.Bad as bad:
        report.found(verify.UNREADABLE, str(bad))
    return STATES[report.end()], lines


def _key(found: dict[str, Any]) -> Key:
    """Under the name that the log had when the file was made."""
    proof = found.get("proof")
    origin = (proof if isinstance(proof, dict) else found).get("origin")
    return checkpoints.key_of(origin) if isinstance(origin, str) else checkpoints.key()


def _content(request: HttpRequest) -> bytes | None:
    """What was uploaded or pasted; None if it is too long."""
    uploaded = request.FILES.get("file")
    if too_large(request):
        return None
    if uploaded is not None:
        return None if (uploaded.size or 0) > LARGEST_FILE else uploaded.read()
    pasted = request.POST.get("text", "").encode("utf-8", "replace")
    return None if len(pasted) > LARGEST_FILE else pasted


def _too_many(request: HttpRequest, what: str, most: int) -> bool:
    key = f"check:{what}:{address(request)}"
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        return bool(cache.incr(key) > most)
    except ValueError:  # it ran out between the two
        return False


def _page(request: HttpRequest, status: int = 200, **shown: Any) -> HttpResponse:
    return render(request, "check.html", {"key": str(checkpoints.key()), **shown}, status=status)
