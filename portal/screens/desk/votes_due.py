"""What the first screen of the desk says of votes of the owners."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import ngettext

from committees.models import Meeting
from portal.screens.desk.entrance import StaffRequest, today


def due(request: StaffRequest) -> list[tuple[str, str, str]]:
    """Votes whose last day is over. One query."""
    over = Meeting.objects.filter(
        neighborhood=request.neighborhood,
        noticed_at__isnull=False,
        called_off_at=None,
        closes_on__lt=today(request),
        result=None,
    )
    if not (count := over.count()):
        return []
    words = ngettext(
        "%(count)s vote of the owners is over and waits to be counted.",
        "%(count)s votes of the owners are over and wait to be counted.",
        count,
    )
    return [("people", words % {"count": count}, reverse("desk_meetings"))]
