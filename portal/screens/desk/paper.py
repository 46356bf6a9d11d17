"""Paper form: the way to a paper by its number, and what can be printed to read or to fill in. See `papers` for yes and no."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from consent.models import Form, Paper
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.purposes import WORDS

REQUESTS = (
    gettext_lazy("I want to see what you keep about me."),
    gettext_lazy("I want a copy of it."),
    gettext_lazy("Something is wrong; this is how it should be:"),
    gettext_lazy("I want something deleted:"),
    gettext_lazy("Keep my letters at the desk."),
    gettext_lazy("I am moving out on:"),
)


@require_safe
@staff_only("view_register")
def paper(request: StaffRequest) -> HttpResponse:
    published = Form.objects.filter(neighborhood=request.neighborhood, state=Form.State.PUBLISHED)
    notices = [
        {"pk": form.pk, "title": WORDS[form.purpose].title, "version": form.version}
        for form in published.order_by("purpose")
    ]
    # Practice has no papers: nobody there decides anything.
    waiting = Paper.objects.to_second().filter(neighborhood=request.neighborhood)
    context = {
        "notices": notices,
        "waiting": waiting.exclude(received_by=request.user).count(),
        "may_take_in": "manage_register" in request.rights and not request.neighborhood.practice,
    }
    return render(request, "desk/paper.html", context)


@require_safe
@staff_only("view_register")
def request_form(request: StaffRequest) -> HttpResponse:
    """Blank, in both languages, each box as large as the others."""
    return render(request, "desk/paper_request.html", {"sheets": _sheets(request)})


@require_safe
@staff_only("view_register")
def notice(request: StaffRequest, form: UUID) -> HttpResponse:
    """The published words as they stand, marked as a copy to read: nothing is agreed to on it."""
    published = Form.objects.filter(neighborhood=request.neighborhood, state=Form.State.PUBLISHED)
    found = get_object_or_404(published, pk=form)
    texts = {text.language: text for text in found.texts.all()}
    sheets = []
    for sheet in _sheets(request):
        text = texts[sheet["language"]]
        with translation.override(sheet["language"]):
            sheets.append(sheet | {"text": text, "parts": text.parts()})
    return render(request, "desk/paper_notice.html", {"form": found, "sheets": sheets})


def _sheets(request: StaffRequest) -> list[dict[str, Any]]:
    sheets = []
    for language in slips.languages(None):
        with translation.override(language):
            sheets.append(
                {
                    "language": language,
                    "title": _("Request about my data"),
                    "neighborhood": request.neighborhood.display_name,
                    "requests": [str(words) for words in REQUESTS],
                    "whom": slips.whom_to_ring(request),
                }
            )
    return sheets
