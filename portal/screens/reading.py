"""How the pages are read: in which language, and how large."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

from portal.context import LARGE, TEXT_COOKIE
from portal.screens.census import ACTS
from portal.screens.entrance import back_to, forgetting
from residents.models import User

A_YEAR = 365 * 24 * 3600
# A letter's address is opened; to the others a form is sent.
SENT_TO = ACTS - {"letter"}


@require_POST
def text_size(request: HttpRequest) -> HttpResponse:
    size = LARGE if request.POST.get("size") == LARGE else "normal"
    response = forgetting(redirect(_page(back_to(request))))  # a page that was kept has the size of before
    _keep(response, TEXT_COOKIE, size)
    return response


@require_POST
def speak(request: HttpRequest) -> HttpResponse:
    """An account remembers it too, so that the next sign-in speaks the same."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise BadRequest("no such language")
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return in_language(forgetting(redirect(_page(back_to(request)))), chosen)


def as_they_speak(request: HttpRequest, user: User, response: HttpResponse) -> HttpResponse:
    """After signing in: the language chosen a moment ago on this very site, else the account's own."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen not in dict(settings.LANGUAGES):
        return in_language(response, user.language)
    if chosen != user.language:
        User.objects.filter(pk=user.pk).update(language=chosen)
    return response


def _page(address: str) -> str:
    """Where something was wrong, a form's own address shows the page again and cannot be opened; the page above it can."""
    path = urlsplit(address).path
    name = _name(path)
    if name not in SENT_TO:
        return address
    while path != "/" and (name is None or name in SENT_TO):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        name = _name(path)
    return path


def _name(path: str) -> str | None:
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


def in_language(response: HttpResponse, code: str) -> HttpResponse:
    _keep(response, settings.LANGUAGE_COOKIE_NAME, code)
    return response


def forget_language(response: HttpResponse) -> HttpResponse:
    """On a shared computer the next person finds the site as it is for anybody."""
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


def _keep(response: HttpResponse, cookie: str, value: str) -> None:
    response.set_cookie(
        cookie, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )
