"""What somebody decided, for ever exactly as it was put to them: the form in its languages, and the history of a purpose."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from consent.content import content_hash
from consent.facts import sheet
from consent.models import Decision, Form, FormText, Purpose
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from portal.screens.record.lines import spoken
from residents.ages import today_in
from residents.models import Guardianship


@require_safe
@resident_only
def form(request: ResidentRequest, form: UUID) -> HttpResponse:
    """To whoever decided on this version, and to the guardian of a child about whom it was decided. To others, no such page."""
    mine = Decision.objects.filter(_whose(request), form=form).order_by("-at").first()
    if mine is None:
        raise Http404
    signed = get_object_or_404(Form, pk=form)
    languages = sorted(FormText.Language.values, key=lambda each: each != mine.language)
    there = set(signed.texts.values_list("language", flat=True))
    context = {
        "title": WORDS[signed.purpose].title,
        "form": signed,
        "sheets": [sheet(signed, language) for language in languages if language in there],
        "check_number": bytes(signed.content_hash or b"").hex(),
        # Whoever prints it sees whether what is shown is what was signed.
        "unchanged": bytes(signed.content_hash or b"") == content_hash(signed),
        "language": FormText.Language(mine.language).label if mine.language in languages else "",
        "purpose": signed.purpose,
        "mine": mine.resident_id == request.resident.pk,
    }
    return render(request, "signed.html", context)


@require_safe
@resident_only
def history(request: ResidentRequest, purpose: Purpose) -> HttpResponse:
    """Everything ever decided about this, newest first: their own, for their own eyes only."""
    decided = (
        Decision.objects.filter(resident=request.resident, purpose=purpose)
        .select_related("form", "actor__resident", "guardianship__guardian")
        .order_by("-at", "-pk")
    )
    context = {
        "title": WORDS[purpose].title,
        "purpose": purpose,
        "entries": [_entry(decision) for decision in decided],
    }
    return render(request, "history.html", context)


def _whose(request: ResidentRequest) -> Q:
    today = today_in(request.resident.neighborhood, timezone.now())
    wards = Guardianship.objects.current(today).filter(guardian=request.resident).values("child")
    return Q(resident=request.resident) | Q(resident__in=wards)


def _entry(decision: Decision) -> dict[str, Any]:
    return {
        "icon": "check" if decision.kind == Decision.Kind.GIVEN else "cross",
        "at": decision.at,
        "what": decision.get_kind_display(),
        "how": spoken(decision),
        "version": decision.form.version,
        "form": decision.form_id,
        "slip": decision.pk,
        "check_number": bytes(decision.form_hash).hex(),
    }
