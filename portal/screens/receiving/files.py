"""Where a link leads: the password and a fresh signature, and the file comes; once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.screens import again
from portal.screens.receiving.entrance import (
    KEY_FILE,
    NOT_SIGNED,
    RecipientRequest,
    SignatureForm,
    line_of,
    page,
    recipient_only,
    signing,
)
from sharing import copying, reaching
from sharing.models import ORDER, Copy, Link, Piece

LINK_REFUSED = {
    "unknown": gettext_lazy(
        "We know no such link for you. Copy the whole address once more, or ask whoever sent it."
    ),
    "opened": gettext_lazy(
        "This link was opened already, and opens once. If the download broke off, ask for another link to the same file. If"
        " it was not you, tell whoever sent it now."
    ),
    "replaced": gettext_lazy("Another link was made in place of this one. Use the newest."),
    "expired": gettext_lazy("This link was good for seven days, and they are over. Ask for another."),
    "void": gettext_lazy(
        "This file is not handed out any more. Ask whoever sent the link whether another one is made."
    ),
    "changed": gettext_lazy(
        "Since this file was made, somebody in it has changed their mind, or their details have changed. So it is not handed"
        " out; another one is being made. Ask for a link to it."
    ),
    "since": gettext_lazy(
        "What was agreed to has changed since you fetched this file, so nothing more can be fetched of it."
    ),
    "closed": gettext_lazy("This was closed, so this file is not handed out, and no other is made."),
    "no_key": gettext_lazy(
        "The key that this file was made for has ended, so nobody is given it. Once your new key is confirmed, another file"
        " is made for it."
    ),
    "contract": gettext_lazy("Your contract has ended, so nothing is handed out any more."),
}


class OpenForm(again.PasswordForm, SignatureForm):
    format = forms.ChoiceField(
        label=gettext_lazy("As what kind of file"),
        choices=[
            (Piece.Format.CSV, gettext_lazy("a table (CSV)")),
            (Piece.Format.JSON, gettext_lazy("JSON, for programs")),
        ],
        initial=Piece.Format.CSV,
        widget=forms.RadioSelect,
    )
    field_order = ("format", "signature", "password", "code")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@recipient_only
def file(request: RecipientRequest, token: str) -> HttpResponseBase:
    at = timezone.now()
    try:
        link = reaching.look(token=token, account=request.account, at=at)
    except reaching.LinkRefused as refused:
        return _closed(request, refused.reason)
    form = OpenForm(request.POST or None, user=request.user)
    line = line_of(request, at) or reaching.challenge(link=link, account=request.account, at=at)
    if form.is_valid() and again.is_right(request, form):
        try:
            return _handed(request, token, form.cleaned_data, at)
        except reaching.LinkRefused as refused:
            if refused.reason not in NOT_SIGNED:
                return _closed(request, refused.reason)
            form.add_error("signature", str(NOT_SIGNED[refused.reason]))
            if refused.reason == "not_ours":
                line = reaching.challenge(link=link, account=request.account, at=at)
    # The site's own referrer policy keeps the address from others; without any, a browser could not send this form.
    return page(request, "file.html", _about(link) | {"form": form, "line": line, "command": signing(line)})


def _handed(request: RecipientRequest, token: str, given: dict[str, Any], at: datetime) -> HttpResponseBase:
    """Raises: reaching.LinkRefused"""
    copy = reaching.open_(
        token=token,
        account=request.account,
        challenge=request.POST.get("challenge", ""),
        signature=given["signature"],
        at=at,
    )
    name = _name(copy, given["format"])
    return StreamingHttpResponse(
        copying.pieces(copy=copy, format=given["format"]),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.age"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _about(link: Link) -> dict[str, Any]:
    asked = link.copy.disclosure.request
    return {
        "link": link,
        "purpose": asked.what_for,
        "days": None if asked.kind == ORDER else asked.retention_days,
        "commands": [
            f"age -d -i {KEY_FILE} -o {name} {name}.age"
            for name in (_name(link.copy, each) for each in Piece.Format.values)
        ],
    }


def _name(copy: Copy, form: str) -> str:
    return f"linmen-{str(copy.pk)[:8]}.{form}"


def _closed(request: RecipientRequest, reason: str) -> HttpResponse:
    """Nobody gets the file from here, and this is why."""
    answer = page(request, "closed.html", {"why": LINK_REFUSED[reason], "reason": reason})
    answer.status_code = 404 if reason == "unknown" else 410
    return answer
