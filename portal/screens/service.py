"""What I asked a body for: every request of mine, and of each what was said, what is due, and what I can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from committees import said
from committees import service as serving
from committees.models import ServicePhoto, ServiceRequest
from committees.models.service import MOST_PHOTOS, MOST_STEPS, OVER
from portal.screens.asking import WordsField
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.service_words import REFUSED, assignee_to_resident, line, lines, timeline
from residents.models import Resident
from residents.sent_once import TokenField
from vault import keys

PAGE = 20
ON_HOME = 3


class SayForm(forms.Form):
    use_required_attribute = False
    token = TokenField()
    words = WordsField(
        label=gettext_lazy("What do you want to add?"),
        errors={"required": gettext_lazy("Write something, or leave it as it is.")},
    )


class ReopenForm(SayForm):
    words = WordsField(
        label=gettext_lazy("What is not solved?"),
        errors={"required": gettext_lazy("Write what is still wrong, so that it can be done.")},
    )


@require_safe
@resident_only
def mine(request: ResidentRequest) -> HttpResponse:
    """Open ones first. The same number of queries for one as for a hundred."""
    found = ServiceRequest.objects.filter(resident=request.resident).open_first()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "service.html",
        {"lines": lines(page.object_list, at=timezone.now()), "page": page, "left": request.resident.left_at},
    )


@require_safe
@resident_only
def one(request: ResidentRequest, wanted: UUID) -> HttpResponse:
    return _page(request, _mine(request, wanted))


@require_POST
@resident_only
def say(request: ResidentRequest, wanted: UUID) -> HttpResponse:
    found, form = _mine(request, wanted), SayForm(request.POST)
    if form.is_valid():
        try:
            serving.add_words(request=found, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Added."))
            return redirect("service", found.pk)
        except serving.ServiceRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
    return _page(request, found, say=form)


@require_POST
@resident_only
def reopen(request: ResidentRequest, wanted: UUID) -> HttpResponse:
    found, form = _mine(request, wanted), ReopenForm(request.POST)
    if form.is_valid():
        try:
            serving.reopen(request=found, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("It is open again, and an answer is due anew."))
            return redirect("service", found.pk)
        except serving.ServiceRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
    return _page(request, found, again=form)


@require_POST
@resident_only
def call_off(request: ResidentRequest, wanted: UUID) -> HttpResponse:
    found = _mine(request, wanted)
    try:
        serving.call_off(request=found, token=uuid4(), by=request.user, at=timezone.now())
        messages.success(request, _("Called off. Nobody needs to answer any more."))
    except serving.ServiceRefused as refused:
        if found.status != "called_off":  # twice is once
            messages.warning(request, str(REFUSED[refused.reason]))
    return redirect("service", found.pk)


@require_safe
@resident_only
def photo(request: ResidentRequest, wanted: UUID, number: int) -> HttpResponse:
    return shown(_mine(request, wanted), number)


def shown(request: ServiceRequest, number: int) -> HttpResponse:
    """The picture itself, the so many-th of those that came with any step, kept by nobody on the way."""
    known = ServicePhoto.objects.select_related("step__request").filter(step__request=request)
    # No request has so many, and no database counts as far as an address can.
    if not 0 < number <= MOST_STEPS * MOST_PHOTOS:
        raise Http404
    found = known.order_by("step__number", "number")[number - 1 : number].first()
    if found is None:
        raise Http404
    try:
        return HttpResponse(said.picture(found), content_type="image/jpeg")
    except keys.KeyDestroyed:
        raise Http404 from None


def on_home(*, resident: Resident, since: datetime, at: datetime) -> list[dict[str, Any]]:
    """The open ones that are due first, then what was done of late. One query."""
    found = ServiceRequest.objects.filter(resident=resident).open_or_done(since=since)[:ON_HOME]
    return [line(each, at=at) for each in found]


def _page(
    request: ResidentRequest,
    found: ServiceRequest,
    *,
    say: SayForm | None = None,
    again: ReopenForm | None = None,
) -> HttpResponse:
    at = timezone.now()
    may_reopen = found.may_reopen(at) and found.forgotten_at is None
    context = {
        "found": found,
        "line": line(found, at=at),
        "assignee": assignee_to_resident(found, at=at) if found.is_open else "",
        "dwelling": str(found.unit) if found.unit else "",
        "entries": timeline(found, to_staff=False),
        "refused": say or again,
        "say": (say or SayForm(auto_id="say_%s")) if found.is_open else None,
        "again": (again or ReopenForm(auto_id="again_%s")) if may_reopen else None,
        "reopen_until": found.ended_at + serving.REOPEN if may_reopen and found.ended_at else None,
        "forgotten_from": found.ended_at + serving.KEPT if found.ended_at else None,
        "is_over": found.status in OVER,
    }
    return render(request, "service_one.html", context)


def _mine(request: ResidentRequest, pk: UUID) -> ServiceRequest:
    theirs = ServiceRequest.objects.filter(resident=request.resident)
    return get_object_or_404(theirs.select_related("neighborhood", "unit__building"), pk=pk)
