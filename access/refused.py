"""Why a card was refused, in one line: words about the card and the gate, never about the person.

The same look as the gate takes: first the card, then the rules, then the hours, and last whether the gate has heard.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Min
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from access import cards
from access.models import CardFormat, Credential, Device, FeedRow, Gate, Rule
from gate.decide import Card, Reason, decide_card
from gate.feed import windows_of
from residents.models import Neighborhood, Occupancy

Ended = Credential.Ended


class Code(StrEnum):
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    ELSEWHERE = "elsewhere"
    LOST = "lost"
    RETURNED = "returned"
    REPLACED = "replaced"
    ENDED = "ended"
    NOT_THIS_GATE = "not_this_gate"
    NO_GATE = "no_gate"
    OUTSIDE_HOURS = "outside_hours"
    NOT_YET = "not_yet"
    NO_LONGER = "no_longer"
    BESIDE = "beside"
    NOT_IN_SERVICE = "not_in_service"
    NO_READER = "no_reader"
    SILENT = "silent"
    BEHIND = "behind"
    WORKS = "works"


WORDS: dict[Code, Promise] = {
    Code.UNREADABLE: _("This is not a card number as they are written here; hold the card to the reader."),
    Code.UNKNOWN: _("No such card was ever issued here."),
    Code.ELSEWHERE: _("This card belongs to another neighborhood."),
    Code.LOST: _("Reported lost on %(day)s, and blocked since. It may be issued anew as a new card."),
    Code.RETURNED: _("Given back on %(day)s."),
    Code.REPLACED: _("Replaced by another card on %(day)s."),
    Code.ENDED: _("Ended on %(day)s."),
    Code.NOT_THIS_GATE: _("No rule lets this card through this gate; others may."),
    Code.NO_GATE: _("No rule lets this card through any gate."),
    Code.OUTSIDE_HOURS: _("Outside the hours of this gate for this card: %(hours)s."),
    Code.NOT_YET: _("This card does not open here before %(day)s."),
    Code.NO_LONGER: _("The time for which this card was given is over."),
    Code.BESIDE: _("This gate only listens: the old controller opens it, and decides by its own list."),
    Code.NOT_IN_SERVICE: _("This gate is not in service."),
    Code.NO_READER: _("No reader is paired with this gate."),
    Code.SILENT: _("The card is in order, but the gate has not been heard of since %(time)s."),
    Code.BEHIND: _("The card is in order, but the gate has not fetched it yet. Wait a minute and try again."),
    Code.WORKS: _("The card is in order and the gate has it. Hold it flat to the reader for a second."),
}


@dataclass(frozen=True)
class Why:
    code: Code
    at: datetime | None = None
    windows: tuple[dict[str, Any], ...] = ()  # outside of which it was

    @property
    def words(self) -> str:
        """The line, in the reader's language."""
        shown = localtime(self.at) if self.at else None
        return str(WORDS[self.code]) % {
            "day": date_format(shown, "DATE_FORMAT") if shown else "",
            "time": date_format(shown, "DATETIME_FORMAT") if shown else "",
            "hours": pgettext("between the items of a list", ", ").join(
                dict.fromkeys(_hours(each) for each in self.windows)
            ),
        }


def why(*, number: str, neighborhood: Neighborhood, at: datetime, gate: Gate | None = None) -> Why:
    """Why the card of this number, typed or tapped, does not open the gate; without a gate, why none.

    A constant number of queries, save for neighborhoods that write numbers in their own way.
    """
    try:
        digests = cards.digests_of(number, neighborhood)
    except cards.NumberRefused:
        return Why(Code.UNREADABLE)
    found = _card(digests, neighborhood)
    if found is None:
        return Why(Code.ELSEWHERE if _is_known_elsewhere(number, neighborhood) else Code.UNKNOWN)
    return _of(found, gate, at)


def why_of_digest(*, digest: bytes, gate: Gate, at: datetime) -> Why:
    """The same for a card of which a gate has seen the mark."""
    found = _card({digest}, gate.neighborhood)
    return Why(Code.UNKNOWN) if found is None else _of(found, gate, at)


def _card(digests: set[bytes], neighborhood: Neighborhood) -> Credential | None:
    """The live one if there is one, else the latest that ended."""
    found = Credential.objects.filter(
        neighborhood=neighborhood, kind=Credential.Kind.CARD, digest__in=digests
    )
    return min(
        found, key=lambda card: (card.ended_at is not None, -card.created_at.timestamp()), default=None
    )


def _is_known_elsewhere(number: str, neighborhood: Neighborhood) -> bool:
    """Each neighborhood has digests of its own, so each is asked: its key, and its way of writing."""
    formats = {found.pk: found for found in CardFormat.objects.all()}
    digests = set()
    for other in Neighborhood.objects.exclude(pk=neighborhood.pk).values_list("pk", flat=True):
        try:
            digests |= cards.digests_by(number, other, formats.get(other))
        except cards.NumberRefused:
            continue
    return Credential.objects.filter(kind=Credential.Kind.CARD, digest__in=digests).exists()


def _of(card: Credential, gate: Gate | None, at: datetime) -> Why:
    if card.ended_at is not None:
        codes = {
            Ended.LOST: Code.LOST,
            Ended.RETURNED: Code.RETURNED,
            Ended.REPLACED: Code.REPLACED,
            Ended.MOVED_OUT: Code.NO_LONGER,
            Ended.RAN_OUT: Code.NO_LONGER,
        }
        return Why(
            codes.get(Ended(card.ended_because), Code.ENDED) if card.ended_because else Code.ENDED,
            card.ended_at,
        )
    if gate is not None and gate.neighborhood_id != card.neighborhood_id:
        return Why(Code.ELSEWHERE)
    rows = FeedRow.objects.filter(credential=card, present=True)
    row = (rows if gate is None else rows.filter(gate=gate)).order_by("pk").first()
    if row is None:
        return _not_let_through(card, gate, at)
    return _by_hours(card, row, at) or _at_the_gate(row, gate, at)


def _not_let_through(card: Credential, gate: Gate | None, at: datetime) -> Why:
    """No row: the rules of where they live do not reach this gate, or not now."""
    rules = Rule.objects.filter(neighborhood=card.neighborhood_id)
    units = (rules if gate is None else rules.filter(gate=gate)).values("unit")
    lives = Occupancy.objects.filter(resident=card.resident_id, unit__in=units)
    zone = _zone(card)
    today = at.astimezone(zone).date()
    dates = lives.aggregate(first=Min("since"), last=Max("until"))
    if dates["first"] is None:
        return Why(Code.NO_GATE if gate is None else Code.NOT_THIS_GATE)
    if dates["first"] > today:
        return Why(Code.NOT_YET, datetime.combine(dates["first"], datetime.min.time(), tzinfo=zone))
    return Why(Code.NO_LONGER)


def _by_hours(card: Credential, row: FeedRow, at: datetime) -> Why | None:
    """As the gate would decide, by the gate's own function."""
    windows = windows_of(json.dumps(row.body.get("windows", [])))
    decision = decide_card(digest="", cards=[Card(str(card.pk), "", windows)], now=at, time_zone=_zone(card))
    if decision.open:
        return None
    if decision.reason == Reason.NOT_YET_VALID:
        return Why(Code.NOT_YET, min(each.valid_from for each in windows if each.valid_from))
    if decision.reason == Reason.NO_LONGER_VALID:
        return Why(Code.NO_LONGER)
    return Why(Code.OUTSIDE_HOURS, windows=tuple(row.body["windows"]))


def _zone(card: Credential) -> ZoneInfo:
    return ZoneInfo(Neighborhood.objects.values_list("time_zone", flat=True).get(pk=card.neighborhood_id))


def _hours(window: dict[str, Any]) -> str:
    whole_day = window["from"] == window["to"] == "00:00"
    hours = gettext("all day") if whole_day else f"{window['from']}–{window['to']}"
    days = window["days"]
    if len(days) == 7:
        return hours
    names = "、".join(str(WEEKDAYS_ABBR[day - 1]) for day in days)
    return f"{names} {hours}"


def _at_the_gate(row: FeedRow, gate: Gate | None, at: datetime) -> Why:
    if gate is None:
        return Why(Code.WORKS)
    if gate.beside_since is not None:
        return Why(Code.BESIDE)
    if not gate.in_service:
        return Why(Code.NOT_IN_SERVICE)
    readers = list(Device.objects.trusted().filter(gate=gate))
    if not readers:
        return Why(Code.NO_READER)
    silent_for = timedelta(seconds=settings.GATE_SILENT_SECONDS)
    for reader in readers:
        if reader.last_poll_at is None or at - reader.last_poll_at > silent_for:
            return Why(Code.SILENT, reader.last_poll_at or reader.paired_at)
    if any(reader.acknowledged < row.version for reader in readers):
        return Why(Code.BEHIND)
    return Why(Code.WORKS)
