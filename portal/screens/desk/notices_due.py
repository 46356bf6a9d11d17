"""What the first screen of the desk says of notices that were to be published by themselves."""

from __future__ import annotations

from django.db.models import Count, Min
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import ngettext

from committees import publishing, roles, scheduling
from portal.screens.desk.due_lines import Due
from portal.screens.desk.entrance import StaffRequest


def due(request: StaffRequest) -> list[Due]:
    """Of the reader's own body: held back, or late because nothing sweeps. One query."""
    theirs = roles.bodies(user=request.user, perm=publishing.PERM, at=request.at)
    found = scheduling.unpublished(at=request.at).filter(
        committee__in=theirs, neighborhood=request.neighborhood
    )
    since = Min(Coalesce("held_back_at", "publish_at"))
    seen = found.order_by().aggregate(count=Count("pk"), since=since)
    if not seen["count"]:
        return []
    words = ngettext(
        "%(count)s notice of yours was to be published by itself, and was not: publish it, or call that off.",
        "%(count)s notices of yours were to be published by themselves, and were not: publish them, or call that off.",
        seen["count"],
    )
    url = reverse("admin:committees_notice_changelist")
    return [Due("bell", words % {"count": seen["count"]}, url, seen["since"])]
