"""Signing in and out."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.screens import doors, passkeys, patience, reading, second_step
from portal.screens.claiming import LONGEST_PASSWORD
from portal.screens.entrance import address, back_to, forgetting
from residents import one_time_codes
from residents.models import User


class SignInForm(forms.Form):
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    shared = forms.BooleanField(label=gettext_lazy("Others use this computer too"), required=False)


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")  # not to `next`: who is refused there would come back here for ever
    form = SignInForm(request.POST or None)
    user = _known(request, form) if form.is_valid() else None
    if user is None:
        context = {"form": form, "next": back_to(request), "passkeys": passkeys.site(request) is not None}
        return render(request, "sign_in.html", context)
    shared = form.cleaned_data["shared"]
    if one_time_codes.is_on(user):
        return second_step.ask(request, user, shared=shared)
    return second_step.entered(request, user, doors.Shown.PASSWORD, shared=shared)


def _known(request: HttpRequest, form: SignInForm) -> User | None:
    """Whose name and password these are; else the form says so, in the same words for either."""
    name, password = form.cleaned_data["username"], form.cleaned_data["password"]
    sender = address(request)
    if not patience.may_try(address=sender, name=name):
        form.add_error(None, _("That was tried several times. Wait a minute, then try once more."))
        return None
    user = authenticate(request, username=User.normalize_username(name), password=password)
    if not isinstance(user, User):
        form.add_error(None, _("The user name or the password is not right."))
        return None
    patience.forget(address=sender, name=name)
    return user


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.info(request, _("You are signed out."))
    return reading.forget_language(forgetting(redirect("home")))
