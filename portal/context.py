"""What every page knows beside its own context."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

TEXT_COOKIE = "text"
LARGE = "large"


def page(request: HttpRequest) -> dict[str, bool]:
    return {"large_text": request.COOKIES.get(TEXT_COOKIE) == LARGE, "demo": settings.DEMO}
