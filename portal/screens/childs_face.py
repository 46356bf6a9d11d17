"""Setting up face entry for a child under fourteen: only where that was justified of its own (obligations 15 and 17)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import enrolment as enrolling
from access.enrolment import EnrolmentRefused, NotNow
from access.models import Enrolment
from consent.models import Purpose, Standing
from portal.screens import enabling
from portal.screens import enrol as own
from portal.screens.children import GuardianRequest, about, guardian_only


@require_http_methods(["GET", "POST"])
@guardian_only
def enrol(request: GuardianRequest) -> HttpResponse:
    child = request.child
    live = Standing.objects.live(request.at).filter(resident=child)
    agreed = set(live.values_list("purpose", flat=True))
    off = not enabling.at_present(resident=child, at=request.at).enabled
    if not off and Purpose.FACE_AT_GATE not in agreed:
        return _ask_first(request, Purpose.FACE_AT_GATE)
    under_way = child.enrolments.unfinished().first()
    if under_way:
        return redirect("child_enrolment", child.pk, under_way.pk)
    form = own.photos_of(request) if request.method == "POST" and not off else own.PhotosForm()
    if form.is_bound and form.is_valid():
        answer = _begun(request, form)
        if answer:
            return answer
    context = about(request) | {
        "form": form,
        "off": off,
        "may_send": Purpose.PHOTO_OVER_INTERNET in agreed,
        "send_url": reverse("child_consent", args=[child.pk, Purpose.PHOTO_OVER_INTERNET]),
    }
    return render(request, "child_enrol.html", context)


@require_safe
@guardian_only
def enrolment(request: GuardianRequest, enrolment: UUID) -> HttpResponse:
    context = about(request) | own.progress(_found(request, enrolment))
    context["again_url"] = reverse("child_enrol", args=[request.child.pk])
    if "cancel_url" in context:
        context["cancel_url"] = reverse("child_cancel_enrolment", args=[request.child.pk, enrolment])
    return render(request, "child_enrolment.html", context)


@require_POST
@guardian_only
def cancel(request: GuardianRequest, enrolment: UUID) -> HttpResponse:
    found = _found(request, enrolment)
    if not enrolling.cancel(enrolment=found, at=request.at):
        return redirect("child_enrolment", request.child.pk, found.pk)
    messages.success(request, _("Stopped. Both photos are deleted and nothing was kept."))
    return redirect("child", request.child.pk)


def _found(request: GuardianRequest, pk: UUID) -> Enrolment:
    return get_object_or_404(request.child.enrolments.select_related("standing", "photo_standing"), pk=pk)


def _begun(request: GuardianRequest, form: own.PhotosForm) -> HttpResponse | None:
    try:
        begun = enrolling.begin(
            resident=request.child,
            route=Enrolment.Route.PORTAL,
            pictures=form.pictures(),
            at=request.at,
        )
    except EnrolmentRefused as refused:
        if refused.reason == NotNow.NO_CONSENT:
            return _ask_first(request, Purpose.FACE_AT_GATE)
        if refused.reason == NotNow.NO_CONSENT_TO_SEND:
            return _ask_first(request, Purpose.PHOTO_OVER_INTERNET)
        if isinstance(refused.reason, NotNow):  # one under way, or switched off: the page says which
            return redirect("child_enrol", request.child.pk)
        form.refuse(own.PHOTOS[(refused.which or 1) - 1], refused.reason)
        return None
    return redirect("child_enrolment", request.child.pk, begun.pk)


def _ask_first(request: GuardianRequest, purpose: Purpose) -> HttpResponse:
    messages.warning(request, _("That needs your yes first. Nothing was kept."))
    return redirect("child_consent", request.child.pk, purpose)
