"""What anybody may ask of the log: checkpoints, tiles (C2SP tlog-tiles), proofs; and the one thing a witness hands in.

Only what a checkpoint covers is shown: a promise first, then what it promises. Tiles and proofs of a given size never
change and are cached for ever. What the leaves are made from is not served (no `tile/entries`): a commitment is of use
to nobody but who holds its opening, and they have it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from ledger import bundles, callers, checkpoints, tree
from ledger.models import Checkpoint, Leaf
from ledger.notes import BadNote
from ledger.problems import Problem, answers

FOREVER = "public, max-age=31536000, immutable"
NOTE_BYTES = 16_384
# A witness hands in one cosignature for a checkpoint; who sends more than this is not listened to for a while.
HANDED_IN, WINDOW_SECONDS = 60, 600
LARGEST = 2**63 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_TILE = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
PROGRAMS = Path(__file__).parent


@answers("GET", "HEAD")
def checkpoint(request: HttpRequest) -> HttpResponse:
    found = _newest()
    return _text(checkpoints.note(found), "no-cache")


@answers("GET", "HEAD")
def key(request: HttpRequest) -> HttpResponse:
    return _text(f"{checkpoints.key()}\n", "no-cache")


@answers("GET", "HEAD")
def tile(request: HttpRequest, level: str, rest: str) -> HttpResponse:
    at_level, number, width = _place(level, rest)
    covered = _newest().size >> tree.WIDTH_BITS * at_level
    if number * tree.WIDTH + width > covered:
        raise Problem("not-found", 404, "The newest checkpoint does not cover this tile.")
    found = tree.tile(level=at_level, number=number, width=width)
    return _for_ever(HttpResponse(found, content_type="application/octet-stream"))


@answers("GET", "HEAD")
def inclusion(request: HttpRequest) -> HttpResponse:
    """`?index=12&size=40`, or `?leaf=<hash in hex>&size=40`; without a size, that of the newest checkpoint."""
    asked = _asked(request, {"index", "leaf", "size"})
    newest = _newest()
    size = _size(asked, "size", newest) if "size" in asked else newest.size
    index = _index(asked)
    if index >= size:
        raise Problem("not-found", 404, f"A tree of {size} has no leaf {index}.")
    answer = JsonResponse({"schema": "linmen-inclusion/1", **bundles.inclusion(index=index, size=size)})
    return _for_ever(answer) if "size" in asked else _uncached(answer)


@answers("GET", "HEAD")
def consistency(request: HttpRequest) -> HttpResponse:
    """`?old=12&size=40`."""
    asked = _asked(request, {"old", "size"})
    newest = _newest()
    old, size = _size(asked, "old", newest), _size(asked, "size", newest)
    if old > size:
        raise Problem("malformed", 400, "`old` is larger than `size`.")
    answer = JsonResponse({"schema": "linmen-consistency/1", **bundles.consistency(old=old, size=size)})
    return _for_ever(answer)


# No session and no cookie: the signature says who it is.
@csrf_exempt
@answers("POST")
def cosignatures(request: HttpRequest) -> HttpResponse:
    """The body is a checkpoint of this log with the witness's line under it."""
    _insist_on_few(request)
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise Problem("malformed", 400, "Content-Length is no number.") from None
    if length > NOTE_BYTES:
        raise Problem("too-large", 413, f"A note has at most {NOTE_BYTES} bytes.")
    try:
        handed = checkpoints.take(request.body, at=timezone.now())
    except BadNote as bad:
        raise Problem("malformed", 400, str(bad)) from bad
    except checkpoints.NotOurs:
        raise Problem("not-ours", 409, "This log has made no such checkpoint.") from None
    except checkpoints.NoWitness:
        raise Problem("no-witness", 403, "None of these signatures is of a witness known here.") from None
    answer = {
        "size": handed.checkpoint.size,
        "witnesses": [witness.name for witness in handed.witnesses],
        "new": handed.new,
    }
    return _uncached(JsonResponse(answer, status=201 if handed.new else 200))


@answers("GET", "HEAD")
def program(request: HttpRequest, name: str) -> HttpResponse:
    """`verify.py` and `witness.py`, as they stand beside this file."""
    response = _text((PROGRAMS / name).read_text(encoding="utf-8"), "no-cache")
    response["Content-Type"] = "text/x-python; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@answers("GET", "HEAD")
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise Problem("not-found", 404, "There is nothing here.")


def _newest() -> Checkpoint:
    found = checkpoints.newest()
    if found is None:
        raise Problem("not-found", 404, "The log has no checkpoint yet.")
    return found


def _asked(request: HttpRequest, names: set[str]) -> dict[str, str]:
    """The query, each name known and given once."""
    asked = dict(request.GET.lists())
    if not asked.keys() <= names or any(len(values) != 1 for values in asked.values()):
        raise Problem("malformed", 400, f"Ask for {', '.join(sorted(names))}, each at most once.")
    return {name: str(values[0]) for name, values in asked.items()}


def _number(asked: dict[str, str], name: str) -> int:
    text = asked.get(name, "")
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise Problem(
            "malformed", 400, f"`{name}` is to be a whole number in decimal, without leading zeros."
        )
    return int(text)


def _size(asked: dict[str, str], name: str, newest: Checkpoint) -> int:
    found = _number(asked, name)
    if found == 0:
        raise Problem("malformed", 400, f"`{name}` is at least 1.")
    if found > newest.size:
        raise Problem("not-found", 404, f"The newest checkpoint covers {newest.size} leaves.")
    return found


def _index(asked: dict[str, str]) -> int:
    if ("index" in asked) == ("leaf" in asked):
        raise Problem("malformed", 400, "Ask for an `index` or for a `leaf`.")
    if "index" in asked:
        return _number(asked, "index")
    if not re.fullmatch(r"[0-9a-f]{64}", asked["leaf"]):
        raise Problem("malformed", 400, "`leaf` is to be a hash of 64 small hexadecimal digits.")
    found = Leaf.objects.filter(hash=bytes.fromhex(asked["leaf"])).first()
    if found is None:
        raise Problem("not-found", 404, "The log has no such leaf.")
    return found.index


def _place(level: str, rest: str) -> tuple[int, int, int]:
    """Level, number and width of a tile's address."""
    spelled = _TILE.fullmatch(rest)
    if not _NUMBER.fullmatch(level) or int(level) > 63 or not spelled:
        raise Problem("malformed", 400, "No tile has such an address (C2SP tlog-tiles).")
    groups = spelled[1].replace("x", "").split("/")
    width = int(spelled[2]) if spelled[2] else tree.WIDTH
    if width > tree.WIDTH or (spelled[2] and width == tree.WIDTH) or (len(groups) > 1 and groups[0] == "000"):
        raise Problem("malformed", 400, "No tile has such an address (C2SP tlog-tiles).")
    return int(level), int("".join(groups)), width


def _insist_on_few(request: HttpRequest) -> None:
    key = f"log-handed-in:{callers.address(request.META)}"
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        handed = cache.incr(key)
    except ValueError:  # it ran out between the two
        handed = 1
    if handed > HANDED_IN:
        raise Problem("too-many-attempts", 429, "Too many at once. Wait a while.", retry_after=WINDOW_SECONDS)


def _text(body: str, cached: str) -> HttpResponse:
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = cached
    return response


def _for_ever(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = FOREVER
    return response


def _uncached(response: Any) -> HttpResponse:
    response["Cache-Control"] = "no-cache"
    return response  # type: ignore[no-any-return]
