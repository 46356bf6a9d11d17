"""What a named helper does for an adult: says that a card is lost, asks for a repair, and writes down a no. Never a yes, and
nothing is shown.

The page is the same whatever the resident has decided, has or did: a helper reads no consent, no entry and no record.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import losing
from committees import service
from committees.models import ServiceRequest
from committees.models.service import Kind
from consent import deciding, voices
from consent.models import Purpose
from portal.screens import asking
from portal.screens.entrance import ResidentRequest, language, resident_only
from portal.screens.purposes import WORDS
from residents.ages import today_in
from residents.lookups import masked_name
from residents.models import Helper


def _named(request: ResidentRequest, pk: UUID) -> Helper:
    """Only while they are named, and only by whom."""
    today = today_in(request.resident.neighborhood, timezone.now())
    mine = Helper.objects.current(today).filter(helper=request.resident, resident__erased_at=None)
    return get_object_or_404(mine.select_related("resident__neighborhood"), pk=pk)


@require_safe
@resident_only
def helping(request: ResidentRequest, helper: UUID) -> HttpResponse:
    found = _named(request, helper)
    # What the neighborhood asks of everybody: not what this resident has or has not decided.
    asked = [
        {
            "slug": purpose,
            "icon": WORDS[purpose].icon,
            "title": WORDS[purpose].title,
            "summary": WORDS[purpose].summary,
        }
        for purpose in Purpose
        if deciding.form_in_force(found.resident, purpose)
    ]
    return render(
        request, "helping.html", {"helper": found.pk, "name": masked_name(found.resident), "asked": asked}
    )


@require_POST
@resident_only
def say_no(request: ResidentRequest, helper: UUID, purpose: Purpose) -> HttpResponse:
    found = _named(request, helper)
    form = deciding.form_in_force(found.resident, purpose)
    try:
        if form is not None:
            deciding.refuse(
                resident=found.resident,
                purpose=purpose,
                form=form,
                voice=voices.helper(request.user, language()),
                at=timezone.now(),
            )
    except deciding.NoHelper:
        raise Http404 from None
    except (deciding.OnlyTheyStop, deciding.TheyDecided, deciding.FormChanged):
        pass  # the same words: what they have decided is not a helper's to learn
    messages.success(
        request,
        _(
            "Passed on: a no is in their record, with your name. If they have decided about this themselves, their own"
            " word stands, and they can say yes at any time."
        ),
    )
    return redirect("helping", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@resident_only
def ask_repair(request: ResidentRequest, helper: UUID) -> HttpResponse:
    """In their name. What becomes of it is theirs to read, and so is where they live."""
    found = _named(request, helper)
    homes = service.dwellings(resident=found.resident, at=timezone.now())
    answer = asking.form_page(
        request,
        of=found.resident,
        kind=Kind.REPAIR,
        places={asking.HOME: _("In their home")},
        homes={asking.HOME: homes[0]} if len(homes) == 1 else {},
        helper=found,
        also={"helper": found.pk, "name": masked_name(found.resident)},
    )
    if isinstance(answer, ServiceRequest):
        messages.success(
            request, _("Sent in their name. They see what becomes of it, and that it was you who asked.")
        )
        return redirect("helping", found.pk)
    return answer


@require_POST
@resident_only
def card_lost(request: ResidentRequest, helper: UUID) -> HttpResponse:
    """Every card of theirs. A PIN that is lent for it waits for the person; a helper is not told it."""
    found = _named(request, helper)
    losing.report_lost(resident=found.resident, by=request.user, route=losing.Route.HELPER, at=timezone.now())
    messages.success(
        request,
        _(
            "Their cards are blocked at every gate. They are not left without a way in: the property office and the guard"
            " hand one to them in person."
        ),
    )
    return redirect("helping", found.pk)
