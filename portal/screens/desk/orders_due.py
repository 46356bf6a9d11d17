"""Orders to gates that wait for another of the staff: on the first screen of the desk."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import EmergencyOpening, Lockdown
from portal.screens.desk.entrance import StaffRequest


def due(request: StaffRequest) -> list[tuple[str, str, str, datetime]]:
    """Icon, words, address and since when: a lock-down to confirm, and emergencies that nobody has looked at since. Two queries."""
    here, url, found = {"neighborhood": request.neighborhood}, reverse("desk_orders"), []
    asked = Lockdown.objects.waiting(request.at).filter(**here).exclude(asked_by=request.user)
    if (first := asked.order_by("asked_at").first()) is not None:
        words = _("A lock-down was asked for and waits for a second person.")
        found.append(("alert", words, url, first.asked_at))
    waiting = list(EmergencyOpening.objects.to_review(request.at).filter(**here))
    overdue = [each.opened_at for each in waiting if each.review_by <= request.at]
    if late := len(overdue):
        words = ngettext(
            "The review of %(count)s emergency opening is overdue.",
            "The reviews of %(count)s emergency openings are overdue.",
            late,
        )
        found.append(("alert", words % {"count": late}, url, min(overdue)))
    if soon := len(waiting) - late:
        words = ngettext(
            "%(count)s emergency opening is to be reviewed by another of the staff.",
            "%(count)s emergency openings are to be reviewed by another of the staff.",
            soon,
        )
        since = min(each.opened_at for each in waiting if each.review_by > request.at)
        found.append(("gate", words % {"count": soon}, url, since))
    return found
