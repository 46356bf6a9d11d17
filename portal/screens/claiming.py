"""What a letter is good for: opening an account, and getting back into one.

The code is typed, or scanned as an address that is exchanged at once (docs/adr/0015-…): from then on the browser's
session names the letter, for half an hour, and the code stands nowhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens import doors, reading
from portal.screens.entrance import address, forgetting, language
from residents import claiming
from residents.lookups import masked_name
from residents.models import Letter, User

HELD, TABLET = "letter", "desk_tablet"  # in the session
HELD_FOR = timedelta(minutes=30)
LONGEST_PASSWORD = 1000

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
    "other": gettext_lazy(
        "This letter is for something else. Type its code once more, and we show you what."
    ),
    "staff": gettext_lazy(
        "This account opens the staff desk too, so only who runs the system can write such a letter for it."
    ),
}


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code on the letter"),
        help_text=gettext_lazy("12 letters and digits. Spaces, dashes and capitals do not matter."),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class WayBackForm(CodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code on the letter or slip")


class NewPasswordForm(forms.Form):
    """Twice the same, and not one that is guessed first."""

    password1 = forms.CharField(
        label=gettext_lazy("New password"),
        help_text=gettext_lazy(
            "At least 8 characters: none that many people use, and not like your user name."
        ),
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

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def whose(self) -> User | None:
        return self.user

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, second = given.get("password1"), given.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords are not the same."))
        elif first:
            try:
                validate_password(first, self.whose())
            except ValidationError as refused:
                self.add_error("password1", refused)
        return given


class AccountForm(NewPasswordForm):
    username = forms.CharField(
        label=gettext_lazy("User name"),
        help_text=gettext_lazy("Choose one; it need not be your real name."),
        max_length=64,
        validators=User._meta.get_field("username").validators,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ("code", "username", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")

    def clean_username(self) -> str:
        return str(User.normalize_username(self.cleaned_data["username"]))

    def whose(self) -> User | None:
        return User(username=self.cleaned_data.get("username", ""))


class ClaimForm(CodeForm, AccountForm):
    """All on one page, for who types the code."""


@require_safe
@never_cache
@sensitive_variables("code")
def scanned(request: HttpRequest, code: str) -> HttpResponse:
    """The address in the letter's square. Never an error page: its address would stand in the log of errors."""
    answer = _exchange(request, code)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def claim(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return _somebody_is_signed_in(request)
    letter = _held(request)
    if letter and letter.purpose == Letter.Purpose.RECOVER:
        return redirect("recover")
    form = (AccountForm if letter else ClaimForm)(request.POST or None)
    if form.is_valid():
        try:
            user = _claimed(request, form.cleaned_data, letter)
        except claiming.ClaimRefused as refused:
            if refused.reason == "other":
                return _exchange(request, form.cleaned_data["code"])
            _put_away(request)
            form.add_error(None if letter else "code", str(CLAIM_REFUSED[refused.reason]))
        except IntegrityError:  # asked only after the code was found good: names are not for guessing
            form.add_error("username", _("Somebody has this name already. Choose another."))
        else:
            return _signed_in(request, user, _("Your account is open."))
    return render(request, "claim.html", {"form": form, **_about(letter)})


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def recover(request: HttpRequest) -> HttpResponse:
    """First the code, then the new password: one thing at a time."""
    if request.user.is_authenticated:
        return _somebody_is_signed_in(request)
    letter = _held(request)
    if letter is None:
        code = WayBackForm(request.POST or None)
        if code.is_valid():
            return _exchange(request, code.cleaned_data["code"], otherwise="recover")
        return render(request, "recover.html", {"form": code})
    if letter.purpose == Letter.Purpose.OPEN:
        return redirect("claim")
    form = NewPasswordForm(request.POST or None, user=letter.resident.user)
    if form.is_valid():
        try:
            user = claiming.recover(
                letter=letter.pk, password=form.cleaned_data["password1"], at=timezone.now()
            )
        except claiming.ClaimRefused as refused:
            _put_away(request)
            messages.error(request, str(CLAIM_REFUSED[refused.reason]))
            return redirect("recover")
        words = _(
            "Your new password works from now on, and the old one no more. Every other device is signed out."
        )
        return _signed_in(request, user, words)
    return render(request, "recover.html", {"form": form, **_about(letter)})


@require_POST
@never_cache
def put_away(request: HttpRequest) -> HttpResponse:
    """Not my letter: this browser forgets it. Nothing was spent."""
    _put_away(request)
    return redirect("claim")


@require_POST
@never_cache
def instead(request: HttpRequest) -> HttpResponse:
    """Sign out whoever is signed in here, and go on with the letter: on a phone that a household shares."""
    held = request.session.get(HELD)
    logout(request)
    if held:
        request.session[HELD] = held
    return reading.forget_language(forgetting(redirect("claim")))


def hand_tablet_over(request: HttpRequest) -> HttpResponse:
    """The desk's own screen, for the resident to type on: nobody stays signed in on it, before or after."""
    logout(request)
    request.session[TABLET] = True
    return forgetting(redirect("recover"))


def _exchange(request: HttpRequest, code: str, *, otherwise: str = "claim") -> HttpResponse:
    try:
        letter = claiming.check(code=code, address=address(request), at=timezone.now())
    except claiming.ClaimRefused as refused:
        _put_away(request)
        messages.error(request, str(CLAIM_REFUSED[refused.reason]))
        return redirect(otherwise)
    # A new key: whoever planted this session must not hold the letter as well.
    request.session.cycle_key()
    until = timezone.now() + HELD_FOR
    request.session[HELD] = {"letter": str(letter.pk), "until": until.isoformat()}
    return redirect("recover" if letter.purpose == Letter.Purpose.RECOVER else "claim")


def _held(request: HttpRequest) -> Letter | None:
    """The letter whose code was shown in this browser. One that stopped working says so, once."""
    held = request.session.get(HELD)
    if held is None:
        return None
    if datetime.fromisoformat(held["until"]) <= timezone.now():
        _put_away(request)
        messages.info(request, _("This page was left for a while. Type or scan the code once more."))
        return None
    try:
        return claiming.shown(letter=UUID(held["letter"]), at=timezone.now())
    except claiming.ClaimRefused as refused:
        _put_away(request)
        messages.error(request, str(CLAIM_REFUSED[refused.reason]))
        return None


def _put_away(request: HttpRequest) -> None:
    request.session.pop(HELD, None)


def _about(letter: Letter | None) -> dict[str, Any]:
    if letter is None:
        return {}
    return {
        "name": masked_name(letter.resident),
        "until": letter.expires_at,
        "username": letter.resident.user.username if letter.resident.user else "",
    }


def _claimed(request: HttpRequest, given: dict[str, Any], letter: Letter | None) -> User:
    """Raises: claiming.ClaimRefused, django.db.IntegrityError"""
    at = timezone.now()
    if letter is None:
        letter = claiming.check(code=given["code"], address=address(request), at=at)
    return claiming.open_account(
        letter=letter.pk,
        username=given["username"],
        password=given["password1"],
        language=language(),
        at=at,
    )


def _signed_in(request: HttpRequest, user: User, words: str) -> HttpResponse:
    _put_away(request)
    if request.session.get(TABLET):
        request.session.flush()
        messages.success(
            request, f"{words} {_('Sign in with it on your own phone or computer whenever you like.')}"
        )
        return forgetting(redirect("home"))  # no form to type into: the next person stands behind them
    doors.let_in(request, user, shown=doors.Shown.LETTER)
    messages.success(request, words)
    return reading.in_language(forgetting(redirect("home")), user.language)


def _somebody_is_signed_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" or request.session.get(HELD) is None:
        return redirect("home")
    return render(request, "letter_signed_in.html")
