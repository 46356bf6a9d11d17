"""My card is lost: one press and a confirmation, and then the way in that remains (laws 2 and 13)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from access import losing
from access.models import Credential
from portal.screens.entrance import ResidentRequest, resident_only
from residents.models import Resident

EVERY = "all"


class LostForm(forms.Form):
    """With one card there is nothing to choose; with more, nothing is chosen beforehand."""

    card = forms.ChoiceField(
        label=gettext_lazy("Which card is it?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one, or say that you do not know which.")},
    )

    def __init__(self, *args: Any, theirs: list[Credential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theirs = {str(card.pk): card for card in theirs}
        every = (EVERY, _("I do not know which: block them all"))
        self.fields["card"].choices = [*((pk, since(card)) for pk, card in self.theirs.items()), every]  # type: ignore[attr-defined]

    @property
    def lost(self) -> Credential | None:
        return self.theirs.get(self.cleaned_data["card"])


@require_http_methods(["GET", "POST"])
@resident_only
def lost(request: ResidentRequest) -> HttpResponse:
    return report(request, of=request.resident, context={})


def report(request: ResidentRequest, *, of: Resident, context: dict[str, Any]) -> HttpResponse:
    """The answer to the act itself is the page: a PIN that is lent is on it this once, and on no other."""
    theirs = list(
        Credential.objects.active()
        .filter(resident=of, kind=Credential.Kind.CARD)
        .order_by("created_at", "pk")
    )
    form = LostForm(request.POST or None, theirs=theirs)
    if len(theirs) == 1:
        form.fields["card"].widget = forms.HiddenInput()
        form.initial = {"card": str(theirs[0].pk)}
    if not theirs or not form.is_valid():
        context |= {"form": form, "theirs": theirs, "guard_phone": of.neighborhood.guard_phone}
        return render(request, "lost.html", context)
    done = losing.report_lost(
        resident=of, card=form.lost, by=request.user, route=losing.Route.PORTAL, at=timezone.now()
    )
    return render(request, "lost_done.html", context | {"done": done})


def since(card: Credential) -> str:
    words = _("The spare card lent to you on %(day)s") if card.temporary else _("Your card since %(day)s")
    return words % {"day": date_format(localtime(card.created_at), "DATE_FORMAT")}
