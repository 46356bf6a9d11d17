"""Who sees what of a resident: for everybody to read, as the code has it at this moment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import matrix


@require_safe
def who_sees_what(request: HttpRequest) -> HttpResponse:
    """Open to anybody: nobody has to sign in, or ask, to learn it."""
    return render(request, "who_sees_what.html", {"readers": matrix.readers()})
