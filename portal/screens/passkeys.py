"""Passkeys: adding, naming and removing them, and signing in with one.

The browser asks the phone, so this needs JavaScript, and nothing else here needs a passkey. A challenge lies in the session
for some minutes and is good for one answer.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import office
from portal.screens import account_news, again, doors, own_step, second_step
from portal.screens.entrance import AccountRequest, account_only, back_to
from residents import accounts, one_time_codes, passkeys, vouching
from residents.models import Passkey
from residents.models.signing_in import MOST_PASSKEYS
from residents.passkeys import PasskeyRefused, Site

KEPT = "passkey"  # in the session: the challenge, for what, and until when
ADD, SIGN_IN = "add", "sign_in"
LONGEST_ANSWER = 20_000
# The page makes a session for whoever looks at it. As long as a letter that may come to lie in it is good there.
STRANGERS_SESSION = timedelta(hours=1)
NEEDS_SCRIPT = gettext_lazy(
    "Nothing came from your phone or computer: a passkey needs JavaScript. Your password works as always."
)

REFUSED = {
    "not_right": gettext_lazy("That did not work, and nothing was changed. Try it once more."),
    "known": gettext_lazy("This passkey is in your list already."),
    "many": gettext_lazy("You have as many passkeys as there can be. Remove one first."),
    "copied": gettext_lazy(
        "This passkey seems to have been copied, so it opens nothing. Sign in with your password and remove it."
    ),
    "closed": gettext_lazy("This account is closed."),
}


class AnswerForm(forms.Form):
    """What the phone said, filled in by the page's script."""

    answer = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_ANSWER, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        try:
            said = json.loads(given.get("answer") or "null")
        except (ValueError, RecursionError):
            said = None
        if self.errors:  # what is beside a field comes first
            self.errors.pop("answer", None)
        if not self.errors and given.get("answer") == "":  # not there at all if it was too long
            raise forms.ValidationError(str(NEEDS_SCRIPT))
        if not self.errors and not isinstance(said, dict):
            raise forms.ValidationError(str(REFUSED["not_right"]))
        return {**given, "answer": said}


class NewPasskeyForm(AnswerForm):
    name = forms.CharField(
        label=gettext_lazy("Name of a passkey"),
        help_text=gettext_lazy("So that you know it again, for example: my phone."),
        max_length=Passkey._meta.get_field("name").max_length,
    )
    field_order = ("name", "answer")


def site(request: HttpRequest) -> Site | None:
    """None where passkeys cannot be used: at another address than the one they are made for."""
    host, _colon, _port = request.get_host().partition(":")
    own = f"{request.scheme}://{request.get_host()}"
    origins = frozenset(settings.PASSKEY_ORIGINS) or {own}
    here = settings.PASSKEY_HOST
    if not here or own not in origins or not (host == here or host.endswith(f".{here}")):
        return None
    return Site(id=here, origins=frozenset(origins))


@require_safe
@account_only
def mine(request: AccountRequest) -> HttpResponse:
    at = timezone.now()
    found = list(Passkey.objects.standing().filter(user=request.user).order_by("-added_at"))
    context = {
        "navigation": account_news.navigation(request.user),
        "news": account_news.told(account=request.user.pk, at=at),
        "passkeys": found,
        "may_add": site(request) is not None and len(found) < MOST_PASSKEYS,
        "full": len(found) >= MOST_PASSKEYS,
    }
    return render(request, "my_passkeys.html", context)


@require_http_methods(["GET", "POST"])
@account_only
def new(request: AccountRequest) -> HttpResponse:
    """After the proof that the account has: what is added here opens it."""
    at = timezone.now()
    if not office.may_set_up(request, request.user):
        return redirect("office_step")
    if again.open_until(request, at) is None:
        return again.ask(request)
    here = site(request)
    if here is None:
        return redirect("my_passkeys")
    first = not accounts.has_second_step(request.user)
    form = NewPasskeyForm(request.POST or None)
    # Taken even if the form is wrong: it was shown, and the next page brings another.
    state = _challenge(request, ADD) if request.method == "POST" else None
    if form.is_valid():
        try:
            if state is None:
                raise PasskeyRefused("not_right")
            given = form.cleaned_data
            passkeys.add(
                user=request.user,
                site=here,
                state=state,
                response=given["answer"],
                name=given["name"],
                at=at,
            )
        except PasskeyRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
        else:
            messages.success(request, _("The passkey is added. It signs you in, in place of your password."))
            own_step.set_up(request, first=first, at=at)
            return redirect("my_passkeys")
    options, state = passkeys.begin_adding(user=request.user, site=here)
    _keep(request, ADD, state)
    context = {
        "navigation": account_news.navigation(request.user),
        "form": form,
        "options": json.dumps(options),
    }
    return render(request, "passkey_new.html", context)


@require_POST
@account_only
def remove(request: AccountRequest, passkey: UUID) -> HttpResponse:
    """At once and without a question: it takes a way in away, and gives none. Twice is once."""
    found = Passkey.objects.select_related("user").filter(pk=passkey, user=request.user).first()
    if found is None:
        raise Http404
    if not office.may_take_away(request.user, left=_left_without(request, found)):
        messages.warning(request, str(own_step.LAST))
        return redirect("my_passkeys")
    at = timezone.now()
    if passkeys.remove(passkey=found, at=at):
        vouching.tell_if_lost(user=request.user, at=at)
        request.user.refresh_from_db(fields=["sessions_ended"])
        update_session_auth_hash(request, request.user)
        messages.success(
            request, _("The passkey is removed and signs nobody in. Every other device is signed out.")
        )
    return redirect("my_passkeys")


@require_http_methods(["GET", "POST"])
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    here = site(request)
    if request.user.is_authenticated or here is None:
        return redirect("home" if request.user.is_authenticated else "sign_in")
    form = AnswerForm(request.POST or None)
    state = _challenge(request, SIGN_IN) if request.method == "POST" else None
    if form.is_valid():
        try:
            if state is None:
                raise PasskeyRefused("not_right")
            user = passkeys.sign_in(
                site=here, state=state, response=form.cleaned_data["answer"], at=timezone.now()
            )
        except PasskeyRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
        else:
            shared = request.POST.get("shared") == "on"
            return second_step.entered(request, user, doors.Shown.PASSKEY, shared=shared)
    if request.session.session_key is None:
        request.session.set_expiry(int(STRANGERS_SESSION.total_seconds()))
    options, state = passkeys.begin_signing_in(site=here)
    _keep(request, SIGN_IN, state)
    context = {"form": form, "options": json.dumps(options), "next": back_to(request)}
    return render(request, "sign_in_passkey.html", context)


def _left_without(request: AccountRequest, passkey: Passkey) -> int:
    """How many ways of a second step there are beside this one; it counts itself if it signs nobody in any more."""
    if passkey.removed_at is not None:
        return 1
    others = Passkey.objects.standing().filter(user=request.user).exclude(pk=passkey.pk).count()
    return others + one_time_codes.is_on(request.user)


def _keep(request: HttpRequest, what_for: str, state: dict[str, Any]) -> None:
    until = timezone.now() + passkeys.CHALLENGE_LIFE
    request.session[KEPT] = {"state": state, "for": what_for, "until": until.timestamp()}


def _challenge(request: HttpRequest, what_for: str) -> dict[str, Any] | None:
    """Taken out: it is answered once or never."""
    kept = request.session.pop(KEPT, None)
    if kept is None or kept["for"] != what_for or timezone.now().timestamp() >= kept["until"]:
        return None
    return dict(kept["state"])
