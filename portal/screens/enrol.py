"""Giving two photos, watching what becomes of them, and thinking again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import enrolment as enrolling
from access import photos
from access.enrolment import EnrolmentRefused, NotNow
from access.models import Enrolment
from consent.models import Purpose, Standing
from portal.screens import enabling
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.outcomes import OUTCOMES
from portal.screens.ways import reached
from portal.uploads import too_large

LOOK_AGAIN_SECONDS = 3
PHOTOS = ("photo_1", "photo_2")


class PhotoField(forms.FileField):
    widget = forms.FileInput(attrs={"accept": "image/*"})

    def __init__(self, *, label: Any, missing: Any) -> None:
        # An empty file gets the same words as any other photo that is none.
        super().__init__(label=label, allow_empty_file=True, error_messages={"required": missing})


class PhotosForm(forms.Form):
    photo_1 = PhotoField(
        label=gettext_lazy("First photo"), missing=gettext_lazy("The first photo is missing.")
    )
    photo_2 = PhotoField(
        label=gettext_lazy("Second photo"), missing=gettext_lazy("The second photo is missing.")
    )

    def pictures(self) -> tuple[bytes, bytes]:
        first, second = (self.cleaned_data[name].read() for name in PHOTOS)
        return first, second

    def refuse(self, name: str, reason: str) -> None:
        words = OUTCOMES[reason]
        self.errors.pop(name, None)
        self.add_error(name, f"{words.what} {words.next}")


@require_http_methods(["GET", "HEAD", "POST"])
@resident_only
def enrol(request: ResidentRequest) -> HttpResponse:
    agreed = set(
        Standing.objects.live(timezone.now())
        .filter(resident=request.resident)
        .values_list("purpose", flat=True)
    )
    if Purpose.FACE_AT_GATE not in agreed:
        return _ask_first(request, Purpose.FACE_AT_GATE)
    under_way = request.resident.enrolments.unfinished().first()
    if under_way:
        return redirect("enrolment", under_way.pk)
    if not enabling.at_present(resident=request.resident, at=timezone.now()).enabled:
        return _not_now(request)
    form = _photos(request) if request.method == "POST" else PhotosForm()
    if form.is_bound and form.is_valid():
        answer = _begun(request, form)
        if answer:
            return answer
    return render(
        request,
        "enrol.html",
        {
            "form": form,
            "may_send": Purpose.PHOTO_OVER_INTERNET in agreed,
            "send_url": reverse("consent", args=[Purpose.PHOTO_OVER_INTERNET]),
        },
    )


@require_safe
@resident_only
def enrolment(request: ResidentRequest, enrolment: UUID) -> HttpResponse:
    found = get_object_or_404(
        request.resident.enrolments.select_related("standing", "photo_standing"), pk=enrolment
    )
    return render(request, "enrolment.html", _progress(found))


@require_POST
@resident_only
def cancel(request: ResidentRequest, enrolment: UUID) -> HttpResponse:
    found = get_object_or_404(
        request.resident.enrolments.select_related("standing", "photo_standing"), pk=enrolment
    )
    if not enrolling.cancel(enrolment=found, at=timezone.now()):
        return redirect("enrolment", found.pk)  # it ended a moment before
    messages.success(request, _("Stopped. Both photos are deleted and nothing was kept."))
    return redirect("home")


def _photos(request: HttpRequest) -> PhotosForm:
    form = PhotosForm(request.POST, request.FILES)
    form.full_clean()
    for name in too_large(request) & set(PHOTOS):
        form.refuse(name, "file_too_large")
    return form


def _begun(request: ResidentRequest, form: PhotosForm) -> HttpResponse | None:
    """Where to go from here; None where the form says what is wrong with the photos."""
    try:
        begun = enrolling.begin(
            resident=request.resident,
            route=Enrolment.Route.PORTAL,
            pictures=form.pictures(),
            at=timezone.now(),
        )
    except EnrolmentRefused as refused:
        if refused.reason == NotNow.NO_CONSENT:
            return _ask_first(request, Purpose.FACE_AT_GATE)
        if refused.reason == NotNow.NO_CONSENT_TO_SEND:
            return _ask_first(request, Purpose.PHOTO_OVER_INTERNET)
        if refused.reason == NotNow.NOT_ENABLED:
            return _not_now(request)
        if refused.reason == NotNow.ANOTHER_UNFINISHED:
            return redirect("enrol")  # which shows the one under way
        form.refuse(PHOTOS[(refused.which or 1) - 1], refused.reason)
        return None
    return redirect("enrolment", begun.pk)


def _not_now(request: HttpRequest) -> HttpResponse:
    messages.info(
        request, _("Face entry cannot be set up here at present. Nothing was kept; your card goes on.")
    )
    return redirect("faces")


def _ask_first(request: HttpRequest, purpose: Purpose) -> HttpResponse:
    messages.warning(request, _("That needs your yes first. Nothing was kept."))
    return redirect("consent", purpose)


def _progress(found: Enrolment) -> dict[str, Any]:
    if found.state == Enrolment.State.REFUSED:
        return _refused(found)
    if found.state == Enrolment.State.DONE:
        return _done(found)
    return {
        "headline": _("We are looking at your photos"),
        "steps": _steps(1),
        "refresh": LOOK_AGAIN_SECONDS,
        "cancel_url": reverse("cancel_enrolment", args=[found.pk]),
    }


def _refused(found: Enrolment) -> dict[str, Any]:
    words = OUTCOMES[found.reason]
    which = {1: _("First photo"), 2: _("Second photo")}
    return {
        "headline": _("These photos did not work; nothing was kept"),
        "photos_deleted_at": _photos_gone(found),
        "outcome": {
            "tone": "warning",
            "icon": "alert",
            "photo": which.get(found.photo or 0, ""),
            "what": words.what,
            "next": words.next,
            "again": True,
        },
    }


def _done(found: Enrolment) -> dict[str, Any]:
    having, wanted = reached(found.credential_id) if found.credential_id else (0, 0)
    ready = having >= wanted
    return {
        "headline": _("Face entry is ready")
        if ready
        else _("Your photos are fine; the gates are being told"),
        "steps": _steps(4 if ready else 3),
        "refresh": None if ready else LOOK_AGAIN_SECONDS,
        "photos_deleted_at": _photos_gone(found),
        "outcome": {
            "tone": "success",
            "icon": "check",
            "what": _("%(having)s of %(wanted)s gates that take faces have it.")
            % {"having": having, "wanted": wanted},
            "next": _("Nothing more to do. Your card goes on opening the same doors."),
        },
    }


def _photos_gone(found: Enrolment) -> Any:
    """When they were deleted; None for as long as a file is there."""
    return None if photos.remain(photos.consent_of(found).pk) else found.finished_at


def _steps(done: int) -> list[dict[str, str]]:
    labels = [
        _("Photos received"),
        _("Looking at the photos"),
        _("Computing the numbers, deleting the photos"),
        _("Telling your gates"),
    ]
    return [
        {"label": label, "state": "done" if at < done else "now" if at == done else "next"}
        for at, label in enumerate(labels)
    ]
