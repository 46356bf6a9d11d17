"""A yes on paper that is on its way: shown to whoever signed it, and stopped with one press."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from consent import papers
from consent.models import Paper
from portal.screens.entrance import ResidentRequest, language, resident_only
from portal.screens.purposes import WORDS
from residents.ages import today_in
from residents.models import Guardianship, Resident


def under_way(*, resident: Resident, at: datetime) -> list[dict[str, Any]]:
    """Their own, and those of children for whom they signed and still decide. One query."""
    found = Paper.objects.under_way().filter(_signed_by(resident, at)).select_related("form")
    return [
        {
            "pk": paper.pk,
            "number": paper.number,
            "title": WORDS[paper.form.purpose].title,
            "for_child": paper.guardianship_id is not None,
            "counts_from": paper.counts_from,
        }
        for paper in found.order_by("received_at", "pk")
    ]


@require_POST
@resident_only
def stop(request: ResidentRequest, paper: UUID) -> HttpResponse:
    at = timezone.now()
    found = get_object_or_404(Paper.objects.filter(_signed_by(request.resident, at)), pk=paper)
    papers.stop_in_portal(paper=found, by=request.user, language=language(), at=at)
    messages.success(request, _("Stopped. The paper counts for nothing, and its picture is being deleted."))
    return redirect("home")


def _signed_by(resident: Resident, at: datetime) -> Q:
    today = today_in(resident.neighborhood, at)
    theirs = Guardianship.objects.current(today).filter(guardian=resident).values("pk")
    return Q(resident=resident, guardianship=None) | Q(guardianship__in=theirs)
