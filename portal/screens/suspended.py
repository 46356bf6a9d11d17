"""Whoever is suspended is told on the first page they open: which office, since when and until when, and the reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from committees import suspending
from portal.screens.offices import in_words


def told(*, account: UUID | None, at: datetime) -> list[dict[str, Any]]:
    """As notices of a first page. One query."""
    return [_said(each) for each in suspending.told(account=account, at=at)]


def _said(suspension: Any) -> dict[str, Any]:
    term = suspension.term
    said = {
        "office": in_words(f"{term.committee.kind}.{term.role}"),
        "place": term.committee.neighborhood.display_name,
        "since": date_format(suspension.since),
        "reason": suspension.get_because_display(),
        "paper": suspension.paper,
    }
    if suspension.until is None:
        lasts = _("It lasts until somebody else of that body lifts it.")
    else:
        last = date_format(suspension.until - timedelta(days=1))
        lasts = _("Its last day is %(day)s, if nobody lifts it before.") % {"day": last}
    return {
        "icon": "info",
        "title": _("From %(since)s on your office is suspended: %(office)s, %(place)s.") % said,
        "text": " ".join(
            [
                _("Reason: %(reason)s. The decision is kept here: %(paper)s.") % said,
                lasts,
                _(
                    "Until then it gives no right; your account and whatever is yours as a resident stay as they are."
                ),
            ]
        ),
        "url": reverse("account"),
        "action": _("My account"),
    }
