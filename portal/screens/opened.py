"""Counting on how many browsers a notice was opened, without knowing which.

The browser carries short marks of what it has opened, in a signed cookie that is sent to the notices' own pages alone; the server
looks whether the mark is there, adds one if not, and forgets it. A mark says nothing to whoever finds it: it is made of the
notice's number and the site's own key. Whoever deletes cookies is counted once more, and two people at one computer once.
"""

from __future__ import annotations

import base64
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from committees import openings
from committees.models import Notice

COOKIE = "opened"
PATH = "/notices/"
SALT = "portal.screens.opened"
# So many marks fit into a cookie; the oldest go first, and are counted again if anybody goes back so far.
MOST = 400
LIFE = 400 * 24 * 60 * 60  # what browsers keep at most


def count(request: HttpRequest, response: HttpResponse, *, notice: Notice, at: datetime) -> HttpResponse:
    """Once for each browser. Not for what a browser fetches ahead of anybody reading it."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return response
    marks, mark = _marks(request), mark_of(notice.pk)
    if mark in marks:
        return response
    if not openings.one_more(notice=notice, at=at):
        return response
    response.set_cookie(
        COOKIE,
        _signer().sign(".".join([*marks, mark][-MOST:])),
        max_age=LIFE,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def mark_of(notice: UUID) -> str:
    digest = salted_hmac(SALT, str(notice), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:4]).decode().rstrip("=")


def _marks(request: HttpRequest) -> list[str]:
    """What is not of our own making holds none."""
    try:
        said = _signer().unsign(request.COOKIES.get(COOKIE, ""))
    except signing.BadSignature:
        return []
    return [each for each in said.split(".") if each]


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)
