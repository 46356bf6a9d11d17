"""Votes of the owners in the record as a program reads it: that one could vote and has. How is in nobody's record."""

from __future__ import annotations

from committees.models import Head, Naming, Proxy, Sheet
from portal.screens.record.shapes import Json, moment
from residents.models import Resident


def votes(resident: Resident) -> list[Json]:
    """Each vote on a roll that they own, alone or with others, for as long as the roll is kept."""
    owned = Head.objects.filter(owners__resident=resident).select_related("meeting", "turnout")
    return [_vote(each, resident) for each in owned.order_by("-meeting__noticed_at", "-pk")]


def proxies(resident: Resident) -> list[Json]:
    """For whom they vote, as numbers: the others are residents too."""
    held = Proxy.objects.filter(holder=resident).order_by("-entered_at", "-pk")
    return [
        {
            "at": moment(each.entered_at),
            "meeting": str(each.meeting_id),
            "read_by_two": each.read_at is not None,
        }
        for each in held
    ]


def ballot(sheet: Sheet) -> Json:
    """On paper; never its code. Another that came first may have been handed in instead."""
    handed = getattr(sheet, "turnout", None)
    return {
        "id": str(sheet.pk),
        "at": moment(sheet.given_at),
        "meeting": str(sheet.meeting_id),
        "by_proxy": sheet.proxy_id is not None,
        "taken_in": moment(handed.at) if handed else None,
    }


def _vote(head: Head, resident: Resident) -> Json:
    handed = getattr(head, "turnout", None)
    said = Naming.objects.filter(head=head, owner=resident).order_by("-at").first()
    return {
        "at": moment(head.meeting.noticed_at),
        "meeting": str(head.meeting_id),
        "title": head.meeting.title,
        "area": head.area,
        "owners": head.owners.count(),
        "named_themself": said.named_id == resident.pk if said else None,
        "handed_in": moment(handed.at) if handed else None,
        "way": handed.channel if handed else None,
        "by_themself": handed.resident_id == resident.pk if handed and handed.resident_id else None,
    }
