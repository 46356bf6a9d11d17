"""Who stands before these pages: somebody who fetches for a recipient, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from portal.screens.entrance import AccountRequest
from sharing import challenges, joining, signatures
from sharing.models import RecipientAccount

P = ParamSpec("P")

NAVIGATION = "partials/places_of_recipient.html"
# The name of the key's file in every command that is shown: all of them are typed in one folder.
KEY_FILE = "linmen_key"

# What is said beside a signature that does not do.
NOT_SIGNED = {
    "unreadable": gettext_lazy(
        "This is no signature. Paste everything the command printed, from BEGIN SSH SIGNATURE to END SSH SIGNATURE."
    ),
    "not_signed": gettext_lazy(
        "This was not signed with your key, or another line was signed. Sign the line that stands here, with the key"
        " whose public half you gave us."
    ),
    "stale": gettext_lazy(
        "The line was signed too late: each is good for 15 minutes. Sign the new one that stands here."
    ),
    "not_ours": gettext_lazy("The line that was signed is not the one that we made for this. Sign this one."),
}


class RecipientRequest(AccountRequest):
    """A request of somebody who fetches for a recipient."""

    account: RecipientAccount


class SignatureForm(forms.Form):
    """A line of ours, and what was made of it."""

    signature = forms.CharField(
        label=gettext_lazy("What the command printed"),
        max_length=signatures.LONGEST_SIGNATURE,
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false", "autocomplete": "off"}),
    )


def recipient_only(
    view: Callable[Concatenate[RecipientRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """To everybody else who is signed in, there is no such page. Nothing behind it is ever cached."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/recipient/")
        account = joining.account_of(request.user)
        if account is None:
            raise Http404
        request.account = account  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return never_cache(seen)


def page(request: RecipientRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    recipient = request.account.recipient
    shared = {"recipient": recipient, "navigation": NAVIGATION, "key_file": KEY_FILE}
    return render(request, f"recipient/{template}", shared | context)


def line_of(request: RecipientRequest, at: datetime) -> str:
    """The line that was on the page already, while it can still be signed; else nothing."""
    line = request.POST.get("challenge", "")
    return line if challenges.is_fresh(line, at) else ""


def signing(line: str) -> str:
    """The command that signs this line, as it is typed in bash and in PowerShell."""
    return f'echo "{line}" | ssh-keygen -Y sign -n {signatures.NAMESPACE} -f {KEY_FILE}'
