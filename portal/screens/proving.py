"""Showing once more who sits at the browser: the password, a few minutes ago, in this very session."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.screens import patience
from portal.screens.claiming import LONGEST_PASSWORD
from portal.screens.entrance import ResidentRequest, address

PROVEN = "proven_at"


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def prove(request: ResidentRequest, form: PasswordForm, at: datetime) -> bool:
    """Whether the password is right; else the form says so. Guessing is slowed as at the door."""
    if not form.is_valid():
        return False
    sender, name = address(request), request.user.username
    if not patience.may_try(address=sender, name=name):
        form.add_error(None, _("That was tried several times. Wait a minute, then try once more."))
        return False
    if not request.user.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("That is not your password."))
        return False
    patience.forget(address=sender, name=name)
    request.session[PROVEN] = at.isoformat()
    return True


def proven_at(request: ResidentRequest) -> datetime | None:
    """When that was in this session; how long it is good for is for the act to say."""
    kept = request.session.get(PROVEN)
    return datetime.fromisoformat(kept) if kept else None
