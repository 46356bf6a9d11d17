"""An archive of my data: ordered, looked after, and fetched once. All of it works by loading the page again."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from portal.screens import again
from portal.screens.entrance import ResidentRequest, resident_only
from residents import archives, rights


@require_safe
@resident_only
def archive(request: ResidentRequest) -> HttpResponse:
    return render(request, "archive.html", {"archive": archives.of(request.resident)})


@require_POST
@resident_only
def make(request: ResidentRequest) -> HttpResponse:
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    try:
        archives.order(
            resident=request.resident,
            by=request.user,
            proven_at=again.shown_at(request),
            language=language,
            at=timezone.now(),
        )
    except rights.RequestRefused:
        return again.ask(request, back=reverse("archive"))
    return redirect("archive")


@require_POST
@resident_only
def fetch(request: ResidentRequest) -> HttpResponse:
    """By its owner who has just given the password, and by no link."""
    at = timezone.now()
    try:
        content = archives.fetch(
            resident=request.resident, by=request.user, proven_at=again.shown_at(request), at=at
        )
    except rights.RequestRefused:
        return again.ask(request, back=reverse("archive"))
    if content is None:
        return redirect("archive")
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = (
        f'attachment; filename="linmen-archive-{timezone.localdate(at):%Y%m%d}.zip"'
    )
    return answer
