"""Ballots on paper in the record, as the owner reads it: that one went out or came in for their vote. What stands on it is nowhere."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from committees.models import Meeting, Sheet, Turnout
from portal.screens.record.lines import Line, Link


def given(sheet: Sheet) -> Line:
    to = _("For somebody who votes for you, on a paper that two have read") if sheet.proxy_id else ""
    return Line(
        icon="file",
        at=sheet.given_at,
        head=_("A ballot on paper was given out for your vote: %(title)s") % {"title": sheet.meeting.title},
        notes=[*([to] if to else []), _not_mine(sheet.meeting)],
        links=_links(sheet.meeting),
    )


def taken_in(handed: Turnout) -> Line:
    return Line(
        icon="file",
        at=handed.at,
        head=_("A ballot on paper was handed in for your vote: %(title)s") % {"title": handed.meeting.title},
        notes=[_not_mine(handed.meeting)],
        links=_links(handed.meeting),
    )


def _not_mine(meeting: Meeting) -> str:
    return _(
        "If it was neither you, nor another owner, nor whoever votes for you, say so at once to the residents’ committee, or here:"
        " %(place)s. Who gave the ballot out and who took it in is on record."
    ) % {"place": meeting.place}


def _links(meeting: Meeting) -> list[Link]:
    return [Link(reverse("vote", args=[meeting.pk]), _("This vote"))]
