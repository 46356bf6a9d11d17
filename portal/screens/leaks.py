"""What a resident is told after a leak: on the first page for a month, and in the record for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.screens.record import lines
from portal.screens.record.sources import Kind
from residents.models import Resident
from sharing import leak_notices


def on_home(*, resident: Resident, since: datetime) -> list[dict[str, Any]]:
    """One query."""
    return [
        {
            "icon": "alert",
            "title": lines.leak_told(said).head,
            "text": said.notice.categories,
            "url": f"{reverse('record')}#{Kind.TOLD}",
            "action": _("Read what happened, and what you can do"),
        }
        for said in leak_notices.told_of(resident).filter(at__gt=since).order_by("-at", "pk")
    ]
