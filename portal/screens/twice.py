"""Two presses on the way in. The first signs in, and with it the secret that guards every form is another: the second press
comes with the old one, as a forged form would. It is not done, and where the first has let them in they are told nothing else.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.views.csrf import csrf_failure

WAYS_IN = frozenset({"sign_in", "sign_in_code", "sign_in_passkey", "claim", "recover"})


def not_done(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What answers a form whose secret is not that of the session."""
    if request.user.is_authenticated and _way_in(request.path_info):
        return redirect("home")
    return csrf_failure(request, reason)


def _way_in(path: str) -> bool:
    try:
        return resolve(path).url_name in WAYS_IN
    except Resolver404:
        return False
