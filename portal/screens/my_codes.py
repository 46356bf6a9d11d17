"""One-time codes for my account: switched on, looked after and switched off, by residents and staff alike."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from portal import office, qr_codes
from portal.screens import account_news, again, own_step, patience
from portal.screens.entrance import AccountRequest, account_only, address
from residents import accounts, one_time_codes, vouching
from residents.models import Passkey, SecondStep

REFUSED = {
    "wrong": gettext_lazy(
        "That is not the code that your phone should show now. Type the next one. Is your phone’s clock right?"
    ),
    "unreadable": gettext_lazy("This cannot be set up just now. Begin again."),
}
BEGUN = "codes_begun"  # in the session that began: no other one is shown the key, or confirms it
OVER = gettext_lazy("That took too long, or was begun elsewhere. Begin again: the key is another one then.")
ON = gettext_lazy("One-time codes are on already. Recovery codes are shown once; you can make new ones here.")


class FirstCodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("The code that your phone shows now"),
        help_text=gettext_lazy("Six digits. They change every half minute."),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


@require_safe
@account_only
def codes(request: AccountRequest) -> HttpResponse:
    return _page(request)


@require_POST
@sensitive_post_parameters()
@account_only
def begin(request: AccountRequest) -> HttpResponse:
    """A key for the phone, after the password: nobody does this on a phone that was left lying open."""
    form = again.PasswordForm(request.POST, user=request.user)
    if "code" in form.fields:
        return _on_already(request)
    if not office.may_set_up(request, request.user):
        return redirect("office_step")
    if not (form.is_valid() and again.is_right(request, form)):
        return _page(request, form)
    try:
        setup = one_time_codes.begin(user=request.user, at=timezone.now(), known=_begun_here(request))
    except one_time_codes.CodeRefused:
        return _on_already(request)
    request.session[BEGUN] = str(setup.step)
    return redirect("my_codes")


@require_POST
@account_only
def drop(request: AccountRequest) -> HttpResponse:
    """Not now: what was shown is worth nothing. Codes that are on are not switched off by this. Twice is once."""
    one_time_codes.drop_begun(user=request.user)
    request.session.pop(BEGUN, None)
    return redirect("my_codes")


@require_POST
@sensitive_post_parameters()
@account_only
def confirm(request: AccountRequest) -> HttpResponse:
    form = FirstCodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    if not office.may_set_up(request, request.user):
        return redirect("office_step")
    first, at = not accounts.has_second_step(request.user), timezone.now()
    sender = address(request)
    # Not for the account: nothing is guessed at here that opens it, and its owner must not wait elsewhere for it.
    if not patience.may_try_code(address=sender, account=request.user.pk, of_phone=False):
        form.add_error("code", _("That was tried several times. Wait a minute, then try once more."))
        return _page(request, form)
    try:
        made = one_time_codes.confirm(
            user=request.user,
            code=form.cleaned_data["code"],
            at=at,
            known=_begun_here(request),
        )
    except one_time_codes.CodeRefused as refused:
        if refused.reason == "on":
            return _on_already(request)
        if refused.reason == "over":
            messages.error(request, str(OVER))
            return redirect("my_codes")
        form.add_error("code", str(REFUSED[refused.reason]))
        return _page(request, form)
    patience.forget_codes(address=sender, account=request.user.pk, of_phone=False)
    update_session_auth_hash(request, request.user)
    own_step.set_up(request, first=first, at=at)
    account_news.say_passkeys_open(request)
    return _shown_once(request, made, just_on=True)


@require_POST
@sensitive_post_parameters()
@account_only
def renew(request: AccountRequest) -> HttpResponse:
    """Ten new recovery codes."""
    form = again.PasswordForm(request.POST, user=request.user)
    if not (form.is_valid() and again.is_right(request, form)):
        return _page(request, form)
    try:
        made = one_time_codes.renew_recovery_codes(user=request.user, at=timezone.now())
    except one_time_codes.CodeRefused:
        return redirect("my_codes")
    return _shown_once(request, made)


@require_POST
@sensitive_post_parameters()
@account_only
def switch_off(request: AccountRequest) -> HttpResponse:
    """One form and one press, with the proof that the account has. Pressed twice, the second finds them off."""
    form = again.PasswordForm(request.POST, user=request.user)
    if "code" not in form.fields:
        return redirect("my_codes")
    if not (form.is_valid() and again.is_right(request, form)):
        return _page(request, form)
    passkeys = Passkey.objects.standing().filter(user=request.user).count()
    if not office.may_take_away(request.user, left=passkeys):
        messages.warning(request, str(own_step.LAST))
        return redirect("my_codes")
    at = timezone.now()
    one_time_codes.switch_off(user=request.user, because=SecondStep.Ended.SWITCHED_OFF, at=at)
    vouching.tell_if_lost(user=request.user, at=at)
    update_session_auth_hash(request, request.user)
    off = _("One-time codes are off. From now on your password is enough again.")
    messages.success(request, f"{off} {_('Every other device is signed out.')}")
    return redirect("my_codes")


def _page(request: AccountRequest, form: forms.Form | None = None) -> HttpResponse:
    """Off, being set up, or on: what can be done about it now. A form that came too late for that is left aside."""
    at = timezone.now()
    step = SecondStep.objects.standing().filter(user=request.user).first()
    context: dict[str, Any] = {
        "navigation": account_news.navigation(request.user),
        "news": account_news.told(account=request.user.pk, at=at),
        "since": step.confirmed_at if step else None,
        "username": request.user.username,
    }
    waiting = step is not None and step.confirmed_at is None
    setup = one_time_codes.begun(user=request.user, at=at, known=_begun_here(request)) if waiting else None
    if context["since"]:
        context |= {"left": one_time_codes.left(request.user)}
    if setup:
        title = _("QR code with the key for your phone")
        context |= {"key": setup.key, "uri": setup.uri, "picture": qr_codes.svg(setup.uri, title=title)}
    wanted = FirstCodeForm if setup else again.PasswordForm
    if not isinstance(form, wanted) or ("code" in form.fields) != bool(setup or context["since"]):
        form = FirstCodeForm() if setup else again.PasswordForm(user=request.user)
    return render(request, "my_codes.html", {**context, "form": form})


def _begun_here(request: AccountRequest) -> UUID | None:
    kept = request.session.get(BEGUN)
    return UUID(kept) if kept else None


@sensitive_variables("made")
def _shown_once(request: AccountRequest, made: list[str], *, just_on: bool = False) -> HttpResponse:
    context = {
        "navigation": account_news.navigation(request.user),
        "codes": made,
        "just_on": just_on,
        "to_desk": request.user.is_staff,
        "made_at": timezone.now(),
    }
    return render(request, "my_codes_shown.html", context)


def _on_already(request: AccountRequest) -> HttpResponse:
    messages.info(request, str(ON))
    return redirect("my_codes")
