"""What every page knows beside its own context."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from committees.bodies import night_line, night_line_at_home, only_night_line
from residents.models import Neighborhood, Resident, User

TEXT_COOKIE = "text"
LARGE = "large"


def page(request: HttpRequest) -> dict[str, Any]:
    return {
        "large_text": request.COOKIES.get(TEXT_COOKIE) == LARGE,
        "demo": settings.DEMO,
        # Asked for where it is shown: pages without a footer cost no query.
        "night_line": SimpleLazyObject(lambda: _night_line(request)),
    }


def _night_line(request: HttpRequest) -> str:
    """Of where the reader lives, or whose desk they stand at; of who does neither or is signed out, of the one neighborhood
    that is served here."""
    resident, in_hand = getattr(request, "resident", None), getattr(request, "neighborhood", None)
    if isinstance(resident, Resident):
        return night_line(resident.neighborhood)
    if isinstance(in_hand, Neighborhood) and not in_hand.practice:
        return night_line(in_hand)
    # Pages that are about the account alone, and those that are open to anybody, have asked for nobody's home.
    user = getattr(request, "user", None)
    known = night_line_at_home(user) if isinstance(user, User) else ""
    return known or only_night_line()
