"""Notices on paper, for the board downstairs: one of them, or all that count this week. Who has no phone reads the same.

On a board everybody reads everything, so the sheet of the week holds what is for everybody; one that is for a building or for
owners is printed by itself, and says so. Nobody is named but the body.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from committees.models import Notice
from committees.models.notices import NoticeQuerySet
from portal import qr_codes
from portal.screens import news
from portal.screens.desk.entrance import StaffRequest, staff_only, today

PERM = "view_register"
# What is new this week, and what is on top: whatever hangs there longer was printed before.
WEEK = timedelta(days=7)
# A board has so much room.
MOST = 12


@require_safe
@staff_only(PERM, real=True)
def one(request: StaffRequest, news: UUID) -> HttpResponse:
    found = get_object_or_404(_readable(request), pk=news)
    return _sheets(request, [found], week=False)


@require_safe
@staff_only(PERM, real=True)
def week(request: StaffRequest) -> HttpResponse:
    for_all = _readable(request).filter(audience=Notice.Audience.ALL).current(today(request))
    since = request.at - WEEK
    # This week's first: what is on top for longer hangs there already.
    older = Case(When(published_at__gte=since, then=0), default=1)
    found = for_all.of_late(since).order_by(older, "-pinned", "-published_at", "-pk")
    return _sheets(request, list(found[:MOST]), week=True, left=max(found.count() - MOST, 0))


def _readable(request: StaffRequest) -> NoticeQuerySet:
    here = Notice.objects.published().filter(neighborhood=request.neighborhood)
    return here.with_buildings().select_related("committee")


def _sheets(request: StaffRequest, found: list[Notice], *, week: bool, left: int = 0) -> HttpResponse:
    """`left`: so many more there are, for which the board has no room."""
    sheets = [_sheet(request, each, request.at) for each in found]
    context = {"sheets": sheets, "week": week, "left": left}
    return render(request, "desk/notice_sheets.html", context)


def _sheet(request: HttpRequest, notice: Notice, at: datetime) -> dict[str, Any]:
    address = request.build_absolute_uri(reverse("notice", args=[notice.pk]))
    return {
        "notice": notice,
        "line": news.line(notice, notice.neighborhood, at),
        "body": f"{capfirst(notice.committee.get_kind_display())} · {notice.committee.name}",
        # Both, whatever language the screen is in: who passes the board cannot change it.
        "languages": [("zh-Hans", notice.title, notice.text)]
        + ([("en", notice.title_en, notice.text_en)] if notice.title_en else []),
        "picture": qr_codes.svg(address, title=_("Square to scan: it leads to this notice")),
        "address": address.partition("://")[2],
    }
