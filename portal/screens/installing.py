"""Linmen on the first screen of a phone: what it is called there, what it keeps, and its page for when there is no network.

Nothing about anybody is kept by this. The code that a resident had opened lies in the browser's own cache, as before
(`portal.screens.codes`); the page without network only looks there. See docs/adr/0029-….
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import PurePath

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

# What the page without network is drawn with.
DRAWN_WITH = ("linmen.css", "icons.svg", "mark.svg", "offline.js", "app.js")
ICONS = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("icon-maskable-512.png", 512, "maskable"),
)


@require_safe
def manifest(request: HttpRequest, language: str) -> HttpResponse:
    """One for each language, by its address: browsers fetch it without our cookies."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        return JsonResponse(
            {
                "id": "/",
                "name": _("Linmen: my gates and my say"),
                "short_name": _("Linmen"),
                "description": _("How I get in, what waits for my decision, who viewed my information."),
                "lang": language,
                "dir": "ltr",
                "start_url": reverse("home"),
                "scope": "/",
                "display": "standalone",
                "background_color": "#fbfaf5",
                "theme_color": "#27685a",
                "icons": [
                    {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
                    for name, size, purpose in ICONS
                ],
            },
            content_type="application/manifest+json",
            json_dumps_params={"ensure_ascii": False},
        )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Where it lies says what it may see: at the root, the whole site."""
    offline = reverse("offline")
    named = {
        "name": f"linmen-{_edition()}",
        "offline": offline,
        "kept": [offline, *map(static, DRAWN_WITH)],
    }
    words = {key: mark_safe(json.dumps(value)) for key, value in named.items()}  # noqa: S308 - names of our own files
    answer = render(request, "worker.js", words, content_type="text/javascript")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """In both languages: it is kept once for whoever holds the phone, and knows nobody."""
    return render(request, "offline.html")


@cache
def _edition() -> str:
    """Another one whenever something that is kept has changed."""
    found = hashlib.sha256()
    pages = (settings.BASE_DIR / "templates" / name for name in ("offline.html", "error_base.html"))
    files = (finders.find(name) for name in DRAWN_WITH)
    for path in (*pages, *files):
        found.update(settings.BASE_DIR.joinpath(PurePath(str(path))).read_bytes())
    return found.hexdigest()[:12]
