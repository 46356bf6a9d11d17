"""The list of what must be public, as residents read it above the documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from committees import audience, made_public
from committees.made_public import Duty, Item

WORDS: Mapping[Duty, Promise] = {
    Duty.BODIES: _("Who is in office, until when, and how each body is reached"),
    Duty.CONTRACT: _("The contract with the property company"),
    Duty.RULES: _("The rules that the owners have given themselves"),
    Duty.MINUTES: _("Minutes of the owners’ committee and of meetings"),
    Duty.ACCOUNTS: _("Accounts of what was taken in and spent"),
    Duty.RESULTS: _("What came of each vote of the owners"),
}
MISSING: Mapping[Duty, Promise] = {
    Duty.BODIES: _("Incomplete: of a body nobody is in office, or named, or no way to reach it is said."),
    Duty.RESULTS: _("Missing: a vote is over and not counted yet."),
}
NOTHING = _("Missing: none was published.")
ELSEWHERE = {Duty.BODIES: "committee", Duty.RESULTS: "votes"}


def shown(*, reader: audience.Reader, at: datetime) -> list[dict[str, Any]]:
    found = made_public.items(neighborhood=reader.here, readable=reader.readable(), at=at)
    return [_line(each) for each in found]


def _line(item: Item) -> dict[str, Any]:
    notice = item.notice
    url = reverse(ELSEWHERE[item.duty]) if item.duty in ELSEWHERE else ""
    if notice is not None:
        url = reverse("notice", args=[notice.pk])
    return {
        "words": WORDS[item.duty],
        "url": url,
        "published_at": None if notice is None else notice.published_at,
        "missing": MISSING.get(item.duty, NOTHING) if item.missing else "",
    }
