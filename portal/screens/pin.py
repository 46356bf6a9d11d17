"""My PIN: choose one, change it, stop it, and how it is typed. Nobody needs one: the card goes on opening."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from access import cards, pins, rules
from access.models import Credential
from gate import keypad
from portal.screens.entrance import ResidentRequest, resident_only

LEAST, MOST = keypad.PIN_DIGITS
DIGITS = {"inputmode": "numeric", "autocomplete": "new-password", "pattern": f"[0-9]{{{LEAST},{MOST}}}"}
REFUSED: dict[type[pins.PinRefused], Any] = {
    pins.PinMalformed: gettext_lazy("A PIN has six to eight digits, and nothing else."),
    pins.PinWeak: gettext_lazy(
        "That is one of the first that somebody would guess: the same digits again, or one after the other."
        " Choose another."
    ),
}


class PinForm(forms.Form):
    pin1 = forms.CharField(
        label=gettext_lazy("A PIN of six to eight digits"),
        help_text=gettext_lazy(
            "Not a birthday and not a phone number. Nobody can look it up, not even the office."
        ),
        max_length=64,
        strip=False,
        widget=forms.PasswordInput(attrs=DIGITS),
    )
    pin2 = forms.CharField(
        label=gettext_lazy("The same PIN again"),
        max_length=64,
        strip=False,
        widget=forms.PasswordInput(attrs=DIGITS),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        first, second = given.get("pin1"), given.get("pin2")
        if first and second and first != second:
            self.add_error("pin2", _("The two are not the same."))
        elif first and second:
            try:
                pins.read(first)
            except pins.PinRefused as refused:
                self.add_error("pin1", str(REFUSED[type(refused)]))
        return given


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@resident_only
def pin(request: ResidentRequest) -> HttpResponse:
    form = PinForm(request.POST or None)
    if form.is_valid() and request.resident.left_at is not None:
        form.add_error(None, _("You do not live here any more, so no gate would open to a PIN."))
    elif form.is_valid():
        pins.choose(resident=request.resident, pin=form.cleaned_data["pin1"], at=timezone.now())
        messages.success(request, _("Your PIN is set. It opens from the gates' next poll on."))
        return redirect("pin")
    return render(request, "pin.html", {"form": form, **_context(request)})


@require_POST
@resident_only
def stop(request: ResidentRequest) -> HttpResponse:
    try:
        stopped = pins.stop(resident=request.resident, at=timezone.now())
    except DatabaseError as error:
        if not cards.is_last_way(error):
            raise
        messages.error(
            request,
            _(
                "Your PIN is your only way in at the moment, so it stays. Get a card at the property office first."
            ),
        )
    else:
        messages.success(
            request, _("Your PIN is stopped and deleted.") if stopped else _("You had no PIN of your own.")
        )
    return redirect("pin")


def _context(request: ResidentRequest) -> dict[str, Any]:
    found = Credential.objects.active().filter(resident=request.resident, kind=Credential.Kind.PIN)
    by_lent = {each.temporary: each for each in found}
    gates = [each for each in rules.gates_of(resident=request.resident, at=timezone.now()) if each.in_service]
    return {
        "chosen": by_lent.get(False),
        "lent": by_lent.get(True),
        "keypads": [gate for gate in gates if gate.by_pin],
        "without_keypad": [gate for gate in gates if not gate.by_pin],
        "guard_phone": request.resident.neighborhood.guard_phone,
    }
