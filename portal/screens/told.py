"""What a resident is told about a consent of theirs: on the first page until it is put away, then in the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from consent import telling
from consent.models import Notice
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from residents.models import Resident

Kind = Notice.Kind
ABOUT_FORMS = (Kind.FORM_CHANGED, Kind.FORM_REWORDED)


@require_POST
@resident_only
def put_away(request: ResidentRequest, notice: UUID) -> HttpResponse:
    """Twice is once. What is not theirs is not there."""
    at = timezone.now()
    ward = telling.for_wards(guardian=request.resident, at=at).filter(pk=notice).first()
    if ward is None and not telling.told(resident=request.resident).filter(pk=notice).exists():
        raise Http404
    telling.put_away(resident=ward.resident if ward else request.resident, notice=notice, at=at)
    return redirect("home")


def waiting(*, resident: Resident, at: datetime) -> list[dict[str, Any]]:
    """For the first page: their own, and those about children for whom they decide. Two queries."""
    own = [shown(notice) for notice in telling.waiting(resident=resident)]
    return own + [_about_a_child(notice) for notice in telling.for_wards(guardian=resident, at=at)]


def words(notice: Notice) -> tuple[str, str]:
    """(headline, what it means for them)"""
    what = {"what": WORDS[notice.purpose].title}
    if notice.kind == Kind.FORM_CHANGED:
        return (
            _("“%(what)s”: the form changed, and your yes ended") % what,
            _(
                "What was kept for it is deleted. Your card opens the same doors as before, and you need do nothing. If you"
                " want it again, the new form is here; nobody will ask you."
            ),
        )
    if notice.kind == Kind.FORM_REWORDED:
        return (
            _("“%(what)s”: the form says the same in other words") % what,
            _(
                "Your yes stands, and you need do nothing. Here is how it reads now, and how to stop it if you wish."
            ),
        )
    if notice.kind == Kind.PAPER_YES:
        return (
            _("“%(what)s”: your yes on paper was taken in") % what,
            _(
                "It counts three days after a second clerk has read it. Until then, and afterwards too, you can stop it."
            ),
        )
    if notice.kind == Kind.PAPER_STOPPED:
        return (
            _("“%(what)s”: your paper does not count") % what,
            _(
                "The form changed meanwhile, two clerks did not read the same on it, or something that it needs is not there."
                " Nothing began, and its picture is deleted. If you want it still, say so here or on a new sheet."
            ),
        )
    return (
        _("You are fourteen: from now on you decide yourself"),
        _("What was decided in your name ended on your birthday. Your card opens the same doors as before."),
    )


def _about_a_child(notice: Notice) -> dict[str, Any]:
    said = shown(notice)
    return said | {
        "title": f"{notice.resident.name}: {said['title']}",
        "url": reverse("child_consent", args=[notice.resident_id, notice.purpose]),
    }


def shown(notice: Notice) -> dict[str, Any]:
    title, text = words(notice)
    return {
        "pk": notice.pk,
        "at": notice.at,
        "seen_at": notice.seen_at,
        "title": title,
        "text": text,
        "url": reverse("consent", args=[notice.purpose]),
        "action": _("Read the form") if notice.kind in ABOUT_FORMS else _("See how it stands"),
    }
