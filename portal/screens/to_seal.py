"""Whoever leaves an office is told on the first page they open that something is to be sealed, and led there: the desk is closed to
them by then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from committees import handing_over
from portal.screens.desk import handovers_due
from residents.models import User


def told(*, account: User, at: datetime) -> list[dict[str, Any]]:
    """As notices of a first page. One query, where there is nothing."""
    return [
        {
            "icon": "file",
            "title": _("To be handed over: %(what)s, %(place)s.")
            % {"what": handovers_due.called(each), "place": each.neighborhood.display_name},
            "text": _(
                "Look at the list of what you leave, and seal it. It is the one page of that office that is still open to you."
            ),
            "url": reverse("desk_handover", args=[each.pk]),
            "action": _("Look at it and seal it"),
        }
        for each in handing_over.left_to_seal(user=account, at=at)
        if each.term is None or each.term.user_id == account.pk
    ]
