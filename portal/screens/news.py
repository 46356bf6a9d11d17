"""Notices, meetings and documents to read. Who read what is written down nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from committees.models import Notice
from committees.models.notices import NoticeQuerySet
from portal.screens.entrance import ResidentRequest, resident_only
from residents.ages import today_in
from residents.models import Neighborhood

PAGE = 20
ICONS = {Notice.Kind.NOTICE: "bell", Notice.Kind.MEETING: "people", Notice.Kind.DOCUMENT: "file"}
Shown = dict[str, Any]


@require_safe
@resident_only
def notices(request: ResidentRequest) -> HttpResponse:
    """Newest first, a page at a time; what is on top stands on the first page only."""
    here, at = request.resident.neighborhood, timezone.now()
    on_top = Q(pinned=True) & (Q(until=None) | Q(until__gte=today_in(here, at)))
    before = _named(here, request.GET.get("before", ""))
    older = _of(here).exclude(on_top)
    if before is not None:
        older = older.filter(
            Q(published_at__lt=before.published_at) | Q(published_at=before.published_at, pk__lt=before.pk)
        )
    found = list(older.newest_first()[: PAGE + 1])
    pinned = [] if before else list(_of(here).filter(on_top).newest_first()[:PAGE])
    context = {
        "pinned": [line(each, here, at) for each in pinned],
        "notices": [line(each, here, at) for each in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "later": before is not None,
    }
    return render(request, "notices.html", context)


@require_safe
@resident_only
def notice(request: ResidentRequest, news: UUID) -> HttpResponse:
    """What is not published here, or was taken down, is not there."""
    here, at = request.resident.neighborhood, timezone.now()
    found = get_object_or_404(_of(here).select_related("corrects"), pk=news)
    corrected = found.corrections.published().order_by("published_at", "pk").first()
    context = {
        "notice": found,
        "line": line(found, here, at),
        "puts_right": found.corrects if found.corrects and found.corrects.taken_down_at is None else None,
        "put_right_by": corrected,
    }
    return render(request, "notice.html", context)


def newest(*, neighborhood: Neighborhood, at: datetime, limit: int) -> list[Shown]:
    """For the home page: what counts today, what is on top first. One query."""
    found = _of(neighborhood).current(today_in(neighborhood, at))
    return [
        line(each, neighborhood, at) for each in found.order_by("-pinned", "-published_at", "-pk")[:limit]
    ]


def line(notice: Notice, here: Neighborhood, at: datetime) -> Shown:
    """One notice in a list. Chinese words on an English page say that they are Chinese, for whoever has it read aloud."""
    return {
        "pk": notice.pk,
        "icon": ICONS[Notice.Kind(notice.kind)],
        "kind": capfirst(notice.get_kind_display()),
        "headline": notice.headline,
        "lang": "zh-Hans" if (get_language() or "").startswith("en") and not notice.in_english else "",
        "by": f"{capfirst(notice.committee.get_kind_display())} · {notice.committee.name}",
        "at": notice.published_at,
        "meets_at": notice.meets_at,
        "place": notice.place,
        "puts_right": notice.corrects_id is not None,
        "met": notice.meets_at is not None and notice.meets_at < at,
        "over": notice.until is not None and notice.until < today_in(here, at),
    }


def _of(here: Neighborhood) -> NoticeQuerySet:
    return Notice.objects.published().filter(neighborhood=here).select_related("committee")


def _named(here: Neighborhood, asked: str) -> Notice | None:
    """The notice that a page goes on from; anything else is the first page."""
    try:
        pk = UUID(asked)
    except ValueError:
        return None
    return Notice.objects.filter(neighborhood=here, published_at__isnull=False, pk=pk).first()
