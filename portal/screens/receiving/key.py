"""The key: pasted, proven by a signature, and then heard by staff on the telephone."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.screens.receiving.entrance import (
    NOT_SIGNED,
    RecipientRequest,
    SignatureForm,
    line_of,
    page,
    recipient_only,
    signing,
)
from sharing import challenges, recipient_keys, signatures

KEY_REFUSED = {
    "private": gettext_lazy(
        "This is the private half of your key. Keep it to yourself, and make a new key: this one has been shown. Paste the"
        " line in the file whose name ends in .pub."
    ),
    "kind": gettext_lazy("Only keys of the kind ssh-ed25519 do. Make one with the command above."),
    "unreadable": gettext_lazy(
        "This is not the line of a public key: it begins with ssh-ed25519. Copy it whole."
    ),
    "known": gettext_lazy("This key was given before, and has ended. Make a new one."),
}


class KeyForm(forms.Form):
    public = forms.CharField(
        label=gettext_lazy("Your public key"),
        help_text=gettext_lazy("One line that begins with ssh-ed25519."),
        max_length=signatures.LONGEST_KEY,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@recipient_only
def give(request: RecipientRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    if form.is_valid():
        try:
            recipient_keys.give(
                account=request.account, pasted=form.cleaned_data["public"], at=timezone.now()
            )
        except (signatures.KeyUnreadable, recipient_keys.KeyRefused) as refused:
            if refused.reason == "private":  # not to be seen on a page once more
                messages.error(request, str(KEY_REFUSED["private"]))
                return redirect("recipient_key")
            form.add_error("public", str(KEY_REFUSED[refused.reason]))
        else:
            return redirect("prove_key")
    key = recipient_keys.key_of(request.account.recipient)
    return page(request, "key.html", {"form": form, "key": key})


@require_http_methods(["GET", "POST"])
@recipient_only
def prove(request: RecipientRequest) -> HttpResponse:
    at, account = timezone.now(), request.account
    key = recipient_keys.key_of(account.recipient)
    if key is None:
        return redirect("recipient_key")
    if key.proven_at:
        return redirect("recipient")
    form = SignatureForm(request.POST or None)
    line = line_of(request, at) or recipient_keys.challenge(key=key, account=account, at=at)
    if form.is_valid():
        try:
            recipient_keys.prove(
                account=account,
                challenge=request.POST.get("challenge", ""),
                signature=form.cleaned_data["signature"],
                at=at,
            )
        except challenges.ChallengeRefused as refused:
            form.add_error("signature", str(NOT_SIGNED[refused.reason]))
            if refused.reason == "not_ours":
                line = recipient_keys.challenge(key=key, account=account, at=at)
        except recipient_keys.KeyRefused:  # ended in the meantime
            return redirect("recipient_key")
        else:
            messages.success(request, _("Your signature is right. Now wait for a call."))
            return redirect("recipient")
    return page(request, "prove.html", {"form": form, "key": key, "line": line, "command": signing(line)})
