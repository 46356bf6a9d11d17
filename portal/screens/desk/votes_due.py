"""What the first screen of the desk says of votes of the owners."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.calling import PERM
from committees.models import Meeting
from portal.screens.desk.entrance import StaffRequest, today


def due(request: StaffRequest) -> list[tuple[str, str, str]]:
    """Votes whose last day is over, and those that another of the committee asked to call off. One query."""
    on = today(request)
    standing = Meeting.objects.filter(
        neighborhood=request.neighborhood, noticed_at__isnull=False, called_off_at=None, result=None
    )
    found = list(standing.filter(Q(closes_on__lt=on) | Q(off_asked_by__isnull=False)))
    return [*_over(sum(each.is_over(on) for each in found)), *_to_call_off(request, found)]


def _over(count: int) -> list[tuple[str, str, str]]:
    if not count:
        return []
    words = ngettext(
        "%(count)s vote of the owners is over and waits to be counted.",
        "%(count)s votes of the owners are over and wait to be counted.",
        count,
    )
    return [("people", words % {"count": count}, reverse("desk_meetings"))]


def _to_call_off(request: StaffRequest, found: list[Meeting]) -> list[tuple[str, str, str]]:
    if PERM not in request.rights:
        return []
    return [
        (
            "alert",
            _("A colleague asked to call a vote off: %(title)s") % {"title": each.title},
            reverse("desk_meeting", kwargs={"meeting": each.pk}),
        )
        for each in found
        if each.is_open(today(request)) and each.off_asked_by_id != request.user.pk
    ]
