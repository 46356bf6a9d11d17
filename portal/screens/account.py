"""Opening an account with the letter, signing in and out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.screens import patience, reading
from portal.screens.entrance import address, back_to, forgetting, language
from residents import claiming
from residents.models import User

# What is said for each reason of `claiming.ClaimRefused`, and the way out.
CLAIM_REFUSED = {
    "wrong": gettext_lazy("We do not know this code. Compare it with the letter once more."),
    "used": gettext_lazy("This code has been used already. If that was you, sign in instead."),
    "expired": gettext_lazy("This code has expired. Ask for a new letter at the property office."),
    "replaced": gettext_lazy("A newer letter was written for you; only the code on the newest one works."),
    "too_many": gettext_lazy("Too many codes were tried from here. Wait ten minutes, then try again."),
    "taken": gettext_lazy(
        "There is an account for this letter already. If it is not yours, tell the property office."
    ),
}
LONGEST_PASSWORD = 1000


class ClaimForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code on the letter"),
        help_text=gettext_lazy("12 letters and digits. Spaces, dashes and capitals do not matter."),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    username = forms.CharField(
        label=gettext_lazy("User name"),
        help_text=gettext_lazy("Choose one; it need not be your real name."),
        max_length=64,
        validators=User._meta.get_field("username").validators,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password1 = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = password_validators_help_text_html()

    def clean_username(self) -> str:
        return str(User.normalize_username(self.cleaned_data["username"]))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, second = given.get("password1"), given.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords are not the same."))
        elif first:
            try:
                validate_password(first, User(username=given.get("username", "")))
            except ValidationError as refused:
                self.add_error("password1", refused)
        return given


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


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def claim(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = ClaimForm(request.POST or None)
    user = _claimed(request, form) if form.is_valid() else None
    if user is None:
        return render(request, "claim.html", {"form": form})
    login(request, user, backend="committees.backends.TermBackend")
    messages.success(request, _("Your account is open."))
    return reading.in_language(forgetting(redirect("home")), user.language)


def _claimed(request: HttpRequest, form: ClaimForm) -> User | None:
    """The new account; else the form says why not."""
    given = form.cleaned_data
    try:
        return claiming.claim(
            code=given["code"],
            username=given["username"],
            password=given["password1"],
            language=language(),
            address=address(request),
            at=timezone.now(),
        )
    except claiming.ClaimRefused as refused:
        form.add_error("code", str(CLAIM_REFUSED[refused.reason]))
    except IntegrityError:  # asked only after the code was found good: names are not for guessing
        form.add_error("username", _("Somebody has this name already. Choose another."))
    return None


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")  # not to `next`: who is refused there would come back here for ever
    form = SignInForm(request.POST or None)
    user = _known(request, form) if form.is_valid() else None
    if user is None:
        return render(request, "sign_in.html", {"form": form, "next": back_to(request)})
    login(request, user)
    return reading.as_they_speak(request, user, forgetting(redirect(back_to(request))))


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
