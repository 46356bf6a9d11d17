"""What every page knows beside its own context."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from committees.bodies import night_line, only_night_line
from residents.models import Resident

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
    """Of where the reader lives; of who is no resident or signed out, of the one neighborhood that is served here."""
    resident = getattr(request, "resident", None)
    return night_line(resident.neighborhood) if isinstance(resident, Resident) else only_night_line()
