"""The second step of signing in: a code of the phone, or a recovery code, where somebody has switched that on.

Between the two steps the session names the account and nothing is open. It is over after some minutes, and with the
password by which it began.
"""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.screens import doors, patience, reading
from portal.screens.entrance import address, back_to, forgetting, landing
from residents import one_time_codes
from residents.models import User

KEPT = "second_step"
LIFE = timedelta(minutes=10)

REFUSED = {
    "wrong": gettext_lazy(
        "That is not the code. Type the one that your phone shows now, or a recovery code. Is your phone’s clock right?"
    ),
    "used": gettext_lazy("This code was used already. Wait for the next one, or take another recovery code."),
    "unreadable": gettext_lazy("Codes of a phone cannot be checked just now. Use a recovery code."),
}


def code_field(label: str | None = None) -> forms.CharField:
    return forms.CharField(
        label=label or _("One-time code"),
        help_text=_("The six digits that your phone shows, or one of your recovery codes."),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class CodeForm(forms.Form):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["code"] = code_field()


def shown(request: HttpRequest, user: User, form: forms.Form) -> doors.Shown | None:
    """What the form's code shows, after the password; None where it is none, and the form says so. Guessing is slowed.

    Where codes were switched off in the meantime any code does, so none was shown: the password is enough to sign in, and opens
    no office.
    """
    sender, code, at = address(request), form.cleaned_data["code"], timezone.now()
    of_phone = one_time_codes.is_of_phone(code)
    if not patience.may_try_code(address=sender, account=user.pk, of_phone=of_phone):
        form.add_error("code", _("That was tried several times. Wait a minute, then try once more."))
        return None
    try:
        one_time_codes.answer(user=user, code=code, at=at)
    except one_time_codes.CodeRefused as refused:
        if refused.reason == "off":
            return doors.Shown.PASSWORD
        if refused.reason == "wrong" and patience.many_wrong_codes(user.pk):
            one_time_codes.tell_of_wrong_ones(user=user, at=at)
        form.add_error("code", str(REFUSED[refused.reason]))
        return None
    patience.forget_codes(address=sender, account=user.pk, of_phone=of_phone)
    return doors.Shown.PASSWORD_AND_CODE


def ask(request: HttpRequest, user: User, *, shared: bool = False) -> HttpResponse:
    """The password was right; now for the code. Nobody is signed in yet."""
    request.session.cycle_key()
    request.session[KEPT] = {
        "user": str(user.pk),
        "by": user.get_session_auth_hash(),
        "until": (timezone.now() + LIFE).timestamp(),
        "shared": shared,
    }
    return redirect(f"{reverse('sign_in_code')}?{urlencode({'next': back_to(request)})}")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponse:
    user = None if request.user.is_authenticated else _waiting(request)
    if user is None:
        wanted = back_to(request)
        asked = "" if wanted == reverse("home") else f"?{urlencode({'next': wanted})}"
        return redirect(f"{reverse('sign_in')}{asked}")
    form = CodeForm(request.POST or None)
    by = shown(request, user, form) if form.is_valid() else None
    if by is None:
        return render(request, "sign_in_code.html", {"form": form, "next": back_to(request)})
    kept = request.session.pop(KEPT, None) or {}
    return entered(request, user, by, shared=bool(kept.get("shared")))


def entered(request: HttpRequest, user: User, by: doors.Shown, *, shared: bool = False) -> HttpResponse:
    """Through the door, to where they were going, in their language."""
    doors.let_in(request, user, shown=by, shared=shared)
    return reading.as_they_speak(request, user, forgetting(redirect(landing(request, user))))


def _waiting(request: HttpRequest) -> User | None:
    """Whose password was given in this session a moment ago, if it is their password still."""
    kept = request.session.get(KEPT)
    if kept is None:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    in_time = timezone.now().timestamp() < kept["until"]
    if user and in_time and constant_time_compare(kept["by"], user.get_session_auth_hash()):
        return user
    del request.session[KEPT]
    if not in_time:
        messages.info(request, _("That took longer than ten minutes. Type your name and password once more."))
    return None
