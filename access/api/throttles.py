"""Guesses at pairing codes, counted per address. A device that is paired is never slowed down."""

from __future__ import annotations

from django.core.cache import cache
from rest_framework.request import Request

from access.api.problems import Problem
from ledger import callers

GUESSES, WINDOW_SECONDS = 20, 600


def insist_on_few_guesses(request: Request) -> None:
    """Raises: Problem"""
    if (cache.get(_key(request)) or 0) >= GUESSES:
        raise Problem(
            "too-many-attempts",
            429,
            "Too many wrong codes from this address. Wait, then ask for a new code.",
            more={"retry_after": WINDOW_SECONDS},
        )


def count_guess(request: Request) -> None:
    key = _key(request)
    if not cache.add(key, 1, timeout=WINDOW_SECONDS):
        try:
            cache.incr(key)
        except ValueError:  # it ran out in between
            cache.add(key, 1, timeout=WINDOW_SECONDS)


def _key(request: Request) -> str:
    return f"pairing-guesses:{callers.address(request.META)}"
