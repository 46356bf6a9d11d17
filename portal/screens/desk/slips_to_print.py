"""Slips into mailboxes: how many wait, one sheet of them, and switching them on for who has no account.

As with letters, the sheet holds names in the clear: it answers a POST and nothing else, and is recorded for each person.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only
from portal.screens.desk.finding import about
from portal.screens.desk.forms import DeskForm, known_by_field
from portal.screens.desk.letters import TokenForm
from residents import notifying, slips
from residents.models import DeskAct
from residents.notifying import Topic, Way

KnownBy = DeskAct.KnownBy
REFUSED = {
    "account": gettext_lazy("They have an account, and choose for themselves under My account."),
    "slip": gettext_lazy(
        "Their letters stay at the desk, they are under fourteen, or they do not live here any more: no slip is put out."
    ),
}


class SlipsForm(DeskForm):
    known_by = known_by_field(KnownBy.IN_PERSON, KnownBy.RANG_BACK, KnownBy.VOICE)
    slips = forms.ChoiceField(choices=[("on", ""), ("off", "")], widget=forms.HiddenInput)


@require_safe
@staff_only("manage_register", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    return render(request, "desk/slips.html", _overview(request))


@require_POST
@staff_only("manage_register", real=True)
def print_next(request: StaffRequest) -> HttpResponse:
    """The next sheet. The same form sent again shows the same sheet for an hour, and prints nobody anew."""
    sent = TokenForm(request.POST)
    if not sent.is_valid():
        return redirect("desk_slips")
    where: dict[str, Any] = {
        "token": sent.cleaned_data["token"],
        "neighborhood": request.neighborhood,
        "by": request.user,
        "at": request.at,
    }
    slips.print_next(**where)
    sheet = slips.printed(**where)
    if not sheet:
        messages.info(request, _("Nothing waits to be printed."))
        return redirect("desk_slips")
    context = {
        **_overview(request),
        "slips": sheet,
        "address": settings.SITE_ADDRESS,
        "neighborhood": request.neighborhood,
    }
    return render(request, "desk/slips_sheet.html", context)


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", real=True)
def choose(request: StaffRequest, person: UUID) -> HttpResponse:
    """For who has no account, and said so here or by phone."""
    found = person_or_404(request, person)
    form = SlipsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        on = form.cleaned_data["slips"] == "on"
        known = KnownBy(form.cleaned_data["known_by"])
        try:
            notifying.choose_at_desk(resident=found, slips=on, known_by=known, by=request.user, at=request.at)
        except notifying.WishRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
        else:
            said = _("Slips are switched on.") if on else _("Slips are switched off.")
            messages.success(request, said)
            return redirect("desk_slips_of", person=found.pk)
    on = (Topic.NOTICE, Way.SLIP) in notifying.chosen(found)
    context = about(request, found) | {"form": form, "on": on, "has_account": found.user_id is not None}
    return render(request, "desk/slips_person.html", context)


def _overview(request: StaffRequest) -> dict[str, Any]:
    count = slips.waiting(neighborhood=request.neighborhood, at=request.at).count()
    return {"count": count, "now": min(count, slips.AT_ONCE), "token": uuid4()}
