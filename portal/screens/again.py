"""Signing in again, for what even a borrowed phone that is signed in must not show or change.

It asks for the same proof as signing in: the password, and a code where one-time codes are on.

Good for some minutes, in this session and no other; over with it, and with the password that it was opened by. Guessing
is slowed by the same count as at the door.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.screens import account_news, patience, second_step
from portal.screens.claiming import LONGEST_PASSWORD
from portal.screens.entrance import (
    AccountRequest,
    ResidentRequest,
    account_only,
    address,
    back_to,
    forgetting,
    resident_only,
)
from residents import one_time_codes
from residents.models import User

KEPT = "signed_in_again"


class PasswordForm(forms.Form):
    """The proof that the account has: a code, too, where one-time codes are on."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if one_time_codes.is_on(user):
            self.fields["code"] = second_step.code_field()


def shown_at(request: AccountRequest) -> datetime | None:
    """When the password was last given in this session, if it is still the password; whether that is lately enough is for
    the act to say."""
    kept = request.session.get(KEPT)
    if kept is None or not constant_time_compare(kept["by"], request.user.get_session_auth_hash()):
        return None
    return datetime.fromtimestamp(kept["at"], tz=UTC)


def open_until(request: AccountRequest, at: datetime) -> datetime | None:
    """None: they have to sign in again first."""
    if (since := shown_at(request)) is None:
        return None
    until = since + timedelta(minutes=settings.SIGNED_IN_AGAIN_MINUTES)
    return until if since <= at < until else None


def shown(request: AccountRequest, form: PasswordForm, at: datetime) -> bool:
    """Whether it is them; else the form says so."""
    if not (form.is_valid() and is_right(request, form)):
        return False
    # Another name for the session, so that whoever had the old one does not come along.
    update_session_auth_hash(request, request.user)
    request.session[KEPT] = {"at": at.timestamp(), "by": request.user.get_session_auth_hash()}
    return True


def ask(request: HttpRequest, back: str = "") -> HttpResponse:
    """To the question, and back to where they were going."""
    return redirect(f"{reverse('sign_in_again')}?{urlencode({'next': back or request.get_full_path()})}")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@account_only
def sign_in_again(request: AccountRequest) -> HttpResponse:
    """Of a resident for their entries; of anybody, staff too, for what opens their account."""
    if back_to(request, "my_entries").startswith((reverse("account"), reverse("admin:index"))):
        return _page(request, for_account=True)
    return _for_entries(request)


@resident_only
def _for_entries(request: ResidentRequest) -> HttpResponse:
    return _page(request, for_account=False)


def _page(request: AccountRequest, *, for_account: bool) -> HttpResponse:
    wanted = back_to(request, "my_entries")
    form = PasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and shown(request, form, timezone.now()):
        return redirect(wanted)
    context = {
        "form": form,
        "next": wanted,
        "for_account": for_account,
        "for_vote": wanted.startswith(reverse("votes")),
        "navigation": account_news.navigation(request.user) if for_account else None,
        "minutes": settings.SIGNED_IN_AGAIN_MINUTES,
        "username": request.user.username,
    }
    return render(request, "sign_in_again.html", context)


@sensitive_post_parameters()
def anothers_password(request: HttpRequest, account: str) -> HttpResponse:
    """On the full lists, by who runs the system: a browser left signed in gives nobody another's account,
    however the address spells it."""
    if open_until(request, timezone.now()) is None:  # type: ignore[arg-type]
        return ask(request)
    accounts: Any = admin.site.get_model_admin(User)
    answer: HttpResponse = accounts.user_change_password(request, account)
    return answer


@require_POST
@resident_only
def close(request: ResidentRequest) -> HttpResponse:
    """Before the minutes are over; the browser forgets the pages too. Twice is once."""
    request.session.pop(KEPT, None)
    return forgetting(redirect("record"))


def is_right(request: AccountRequest, form: PasswordForm) -> bool:
    """The password first: a code is not spent beside a wrong one."""
    sender, name = address(request), request.user.username
    if not patience.may_try(address=sender, name=name):
        form.add_error("password", _("That was tried several times. Wait a minute, then try once more."))
    elif not request.user.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("That is not your password."))
    else:
        patience.forget(address=sender, name=name)
        return "code" not in form.fields or second_step.shown(request, request.user, form) is not None
    return False
