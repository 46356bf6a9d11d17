"""What I want for after my death: relatives ask as the law has it, or nobody does, or one person whom I name (obligation 34)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.my_request_forms import plain
from residents import relatives, rights
from residents.models import Instruction


class InstructionForm(forms.Form):
    """Nothing is chosen beforehand, and the law holds as long as nothing is."""

    use_required_attribute = False
    wish = forms.ChoiceField(
        label=gettext_lazy("After my death"),
        choices=Instruction.Wish.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one of the two, or leave this page: then the law holds.")
        },
    )
    named = forms.CharField(
        label=gettext_lazy("The name of that person"),
        help_text=gettext_lazy("As it stands in their papers. Nobody tells them; do that yourself."),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("wish") == Instruction.Wish.NAMED and not rights.said(given.get("named", "")):
            self.add_error("named", _("Write the name of the person who is to decide."))
        return given

    def clean_named(self) -> str:
        return plain(self.cleaned_data["named"])


@require_http_methods(["GET", "POST"])
@resident_only
def after_me(request: ResidentRequest) -> HttpResponse:
    form = InstructionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            relatives.leave(
                resident=request.resident,
                wish=Instruction.Wish(form.cleaned_data["wish"]),
                named=form.cleaned_data["named"],
                by=request.user,
                at=timezone.now(),
            )
        except rights.RequestRefused:
            form.add_error(None, _("From your fourteenth birthday on you decide this yourself."))
        else:
            messages.success(
                request, _("Written down. Nobody but you can change it, and after your death nobody at all.")
            )
            return redirect("after_me")
    context = {"form": form, "standing": relatives.instruction_of(request.resident)}
    return render(request, "after_me.html", context)


@require_POST
@resident_only
def take_back(request: ResidentRequest) -> HttpResponse:
    if relatives.take_back(resident=request.resident, by=request.user, at=timezone.now()):
        messages.success(request, _("Taken back. The law alone decides."))
    else:
        messages.info(request, _("Nothing was decided, so there is nothing to take back."))
    return redirect("after_me")
