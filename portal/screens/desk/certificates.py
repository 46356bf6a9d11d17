"""The certificate of what was deleted, on paper: for who asked for it at this desk, and for who was deleted, by their number.

It goes on paper and not on the screen: whoever prints it need not read what somebody had stopped. For who lives here it takes
a request of theirs, or of a near relative, that stands written down; of who was deleted nothing is left but the number, and
the certificate names nobody.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal import certifying
from portal.screens.certificates import shown
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import TYPED, DeskForm
from residents import certificates
from residents.models import Resident, RightsRequest

State = RightsRequest.State
ASKING = (RightsRequest.Kind.SEE, RightsRequest.Kind.COPY, RightsRequest.Kind.DELETE)
# For so long after the answer it is still handed out on the same request.
AFTERWARDS = timedelta(days=30)


class NumberForm(DeskForm):
    number = forms.UUIDField(
        label=gettext_lazy("Number"),
        help_text=gettext_lazy(
            "Of the request that stands written down here; of somebody who was deleted, the number on any slip of theirs."
        ),
        widget=forms.TextInput(attrs=TYPED),
    )


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", real=True)
def hand_out(request: StaffRequest) -> HttpResponse:
    form = NumberForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "desk/certificate.html", {"form": form})
    whose = may_have_it(request, form.cleaned_data["number"])
    try:
        if whose is None:
            raise certificates.NothingToCertify
        made = certifying.issue(resident=whose, order=None, by=request.user, at=request.at)
    except certificates.NothingToCertify:
        # One answer for all that is wrong with it.
        form.add_error("number", _("Under this number there is nothing to hand out here."))
        return render(request, "desk/certificate.html", {"form": form})
    sheets: list[dict[str, Any]] = []
    for each in slips.languages(whose):
        with translation.override(each):
            sheets.append({"language": each} | shown(request, made))
    return render(request, "desk/certificate_sheets.html", {"sheets": sheets})


def may_have_it(request: StaffRequest, number: UUID) -> Resident | None:
    here = Resident.objects.filter(neighborhood=request.neighborhood).select_related("neighborhood", "user")
    erased = here.filter(erased_at__isnull=False)
    if (found := erased.filter(pk=number).first()) is not None:
        return found
    asked = RightsRequest.objects.filter(neighborhood=request.neighborhood, pk=number).first()
    if asked is None or not is_asked_for(asked, request):
        return None
    return here.filter(pk=asked.resident_id).first()


def is_asked_for(asked: RightsRequest, request: StaffRequest) -> bool:
    """At this desk, by somebody who was known; a near relative's once a second has seen the document."""
    if asked.kind not in ASKING or not asked.known_by:
        return False
    if asked.state == State.OPEN:
        return True
    lately = asked.closed_at is not None and asked.closed_at > request.at - AFTERWARDS
    return asked.state == State.DONE and lately
