"""Who stands before a screen: a signed-in person on the register, and the address they come from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from committees.roles import works_where
from ledger import callers
from portal.screens import to_seal
from residents.models import Resident, User
from sharing import joining

P = ParamSpec("P")


class AccountRequest(HttpRequest):
    """A request whose sender is signed in: a resident, or staff who live nowhere here."""

    user: User


class ResidentRequest(AccountRequest):
    """A request whose sender is known and is on the register."""

    resident: Resident


def account_only(
    view: Callable[Concatenate[AccountRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lets in whoever is signed in, for what their account itself is about. Nothing behind it is ever cached. Who fetches for
    a recipient is sent to the pages that are for them, and there are no others."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        if not request.user.is_staff and joining.is_recipients(request.user):
            return redirect("recipient")
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return never_cache(seen)


def resident_only(
    view: Callable[Concatenate[ResidentRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lets in who is signed in and on the register; shows others where to go. Nothing behind it is ever cached."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            # An act is not done by coming back to its address.
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        resident = Resident.objects.of(request.user).select_related("neighborhood").first()
        if resident is None:
            return _nobody_lives_here(request)
        request.resident = resident  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return never_cache(seen)


def _nobody_lives_here(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User) and joining.is_recipients(request.user):
        return redirect("recipient")
    if owed := _left_to_seal(request):
        return redirect(owed)
    if admin.site.has_permission(request):
        messages.info(
            request, _("This account is for work. To see a resident's pages, sign in as a resident.")
        )
        return redirect("desk")  # whoever has nothing to do there goes on to their lists
    messages.warning(request, _("This account belongs to nobody on the register of residents."))
    return render(request, "welcome.html", status=403)


def _left_to_seal(request: HttpRequest) -> str:
    """Of whoever has left every office and nothing else is open to: the one page that is."""
    user, at = request.user, timezone.now()
    if not isinstance(user, User) or works_where(user=user, at=at).exists():
        return ""
    return next((each["url"] for each in to_seal.told(account=user, at=at)), "")


def forgetting(response: HttpResponse) -> HttpResponse:
    """The browser drops what it kept of this site: pages of whoever was here before, and codes that are no more."""
    response["Clear-Site-Data"] = '"cache"'
    return response


def back_to(request: HttpRequest, otherwise: str = "home") -> str:
    """Where the form wants to go afterwards, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # A path: anything else would be looked up as the name of a page.
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return str(wanted) if safe else str(resolve_url(otherwise))


def landing(request: HttpRequest, user: User) -> str:
    """Where somebody comes to who has just signed in: where they were going, else home, or the desk for those who only
    work here."""
    wanted = back_to(request)
    if wanted != resolve_url("home") or not user.is_staff or Resident.objects.of(user).exists():
        return wanted
    return resolve_url("desk")


def address(request: HttpRequest) -> str:
    """The sender's address; the one our own proxy saw, where there is one. What others wrote there is not believed."""
    return callers.address(request.META)


def language() -> str:
    """The language of this page, as forms and decisions spell it."""
    spoken = get_language()
    return spoken if spoken and spoken in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)
