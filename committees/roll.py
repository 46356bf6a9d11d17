"""The roll of a vote and all that hangs on it, when its time is over: who owned what, who handed in, and the ballots.

What stays is the published result, in which nobody is named.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from committees.models import (
    Ballot,
    Entry,
    Head,
    HeadOwner,
    HeadUnit,
    Meeting,
    Naming,
    Proxy,
    Sheet,
    Turnout,
)


def kept() -> QuerySet[Meeting]:
    """Meetings of which there is a roll still."""
    return Meeting.objects.filter(Exists(Head.objects.filter(meeting=OuterRef("pk"))))


def forget(claimed: list[Any], at: datetime) -> int:
    """What points to something goes before it."""
    for model, path in (
        (Ballot, "head__meeting"),
        (Turnout, "meeting"),
        (Entry, "sheet__meeting"),
        (Sheet, "meeting"),
        (Proxy, "meeting"),
        (Naming, "head__meeting"),
        (HeadOwner, "head__meeting"),
        (HeadUnit, "head__meeting"),
    ):
        model._default_manager.filter(**{f"{path}__in": claimed}).delete()
    Head.objects.filter(meeting__in=claimed).delete()
    return len(claimed)
