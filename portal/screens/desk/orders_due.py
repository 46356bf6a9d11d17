"""Orders to gates that wait for another of the staff: on the first screen of the desk."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import EmergencyOpening, Lockdown
from portal.screens.desk.entrance import StaffRequest


def due(request: StaffRequest) -> list[tuple[str, str, str]]:
    """Icon, words and address: a lock-down to confirm, and emergencies that nobody has looked at since. Two queries."""
    here, url, found = {"neighborhood": request.neighborhood}, reverse("desk_orders"), []
    if Lockdown.objects.waiting(request.at).filter(**here).exclude(asked_by=request.user).exists():
        found.append(("alert", _("A lock-down was asked for and waits for a second person."), url))
    waiting = list(EmergencyOpening.objects.to_review(request.at).filter(**here))
    late = sum(each.review_by <= request.at for each in waiting)
    if late:
        words = ngettext(
            "The review of %(count)s emergency opening is overdue.",
            "The reviews of %(count)s emergency openings are overdue.",
            late,
        )
        found.append(("alert", words % {"count": late}, url))
    if soon := len(waiting) - late:
        words = ngettext(
            "%(count)s emergency opening is to be reviewed by another of the staff.",
            "%(count)s emergency openings are to be reviewed by another of the staff.",
            soon,
        )
        found.append(("gate", words % {"count": soon}, url))
    return found
