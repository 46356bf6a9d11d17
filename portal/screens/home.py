"""The first page: how I get in, what waits for my decision, who looked at my data; then the newest notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from consent import deciding
from portal.screens import (
    changes,
    childs_sharing,
    codes,
    enabling,
    erasure,
    leaks,
    living,
    my_account,
    my_gates,
    my_papers,
    my_requests,
    news,
    offices,
    service,
    suspended,
    to_seal,
    told,
    votes,
    ways,
)
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import pages
from portal.screens.sharing import title_of
from residents import ages
from residents.ages import today_in
from residents.models import Occupancy, Resident
from sharing import answering

RECENT = timedelta(days=30)
ANSWERED = timedelta(days=14)  # as long an answer stands here, so that nobody has to look whether it has come
SHOWN = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return mine(request) if request.user.is_authenticated else render(request, "welcome.html")


@resident_only
def mine(request: ResidentRequest) -> HttpResponse:
    at = timezone.now()
    shown = context(resident=request.resident, at=at)
    shown["notices"] += to_seal.told(account=request.user, at=at)
    if request.user.is_staff:  # whoever holds an office; asked of nobody else
        shown["notices"] += suspended.told(account=request.user.pk, at=at)
    return render(request, "home.html", shown)


def context(*, resident: Resident, at: datetime) -> dict[str, Any]:
    """The number of queries is the same for everybody, and however large the neighborhood is."""
    lines = deciding.overview(resident=resident, at=at)
    held = ways.held(resident)
    on = enabling.at_present(resident=resident, at=at).enabled
    return {
        "neighborhood": resident.neighborhood.display_name,
        "dwellings": _dwellings(resident, at),
        "notices": leaks.on_home(resident=resident, since=at - RECENT)
        + my_account.notices(resident=resident, at=at),
        "gates_now": my_gates.now(resident=resident, at=at),
        "told": told.waiting(resident=resident, at=at),
        "ways": ways.ways_in(resident=resident, held=held, lines=lines, at=at),
        "other_ways": ways.other_ways(held=held, lines=lines if on else [])
        if resident.left_at is None
        else [],
        "coming": changes.coming(resident=resident, held=held, at=at),
        "beside": codes.beside(resident=resident, held=held, at=at),
        "waiting": _waiting(resident, at),
        "papers": my_papers.under_way(resident=resident, at=at),
        "said": living.waiting(resident=resident),
        "votes": votes.on_home(resident=resident, at=at),
        "left": living.left(resident=resident),
        "news": news.newest(resident=resident, at=at, limit=SHOWN),
        "requests": service.on_home(resident=resident, since=at - ANSWERED, at=at),
        "asked": my_requests.on_home(resident=resident, since=at - ANSWERED, at=at),
        "looks": pages.recent(resident=resident, since=at - RECENT, limit=SHOWN),
        "erasures": erasure.lines(resident.erasure_orders.under_way().order_by("-opened_at")[:SHOWN]),
    }


def _dwellings(resident: Resident, at: datetime) -> str:
    today = today_in(resident.neighborhood, at)
    lived = Occupancy.objects.current(today).filter(resident=resident).select_related("unit__building")
    return ways.listed(str(each.unit) for each in lived.order_by("since"))


def _waiting(resident: Resident, at: datetime) -> list[dict[str, Any]]:
    """Only what others ask. A consent is never put to anybody: whoever wants it finds it (obligation 12)."""
    guarded = ages.is_guarded(resident, at)  # their guardians are asked
    asked = [
        (each, who)
        for each, who in answering.waiting(resident=resident, at=at)
        if not (guarded and who == resident)
    ]
    deeds = {each.pk: (each.drafted_by_id, each.opened_at) for each, _who in asked if each.opened_at}
    roles = offices.roles(resident.neighborhood, deeds.values())
    return [
        {
            "title": title_of(each) if who == resident else childs_sharing.title_of(each, who.name),
            "who": _("%(who)s asks. What for: %(purpose)s")
            % {"who": roles[deeds[each.pk]], "purpose": each.what_for},
            "closes_at": each.deadline,
            "url": reverse("sharing", args=[each.pk])
            if who == resident
            else reverse("child_sharing", args=[who.pk, each.pk]),
        }
        for each, who in asked
    ]
