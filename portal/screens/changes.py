"""What is to change at a gate, told to those who pass there, in words: until it is done or called off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access import words
from access.feed import gates_within_reach
from access.models import MethodChange
from portal.screens.ways import Held, listed
from residents.models import Resident


@dataclass(frozen=True)
class Coming:
    title: str
    lines: Sequence[str]
    why: str


def coming(*, resident: Resident, held: Held, at: datetime) -> list[Coming]:
    """For the resident's own page. One query while nothing is announced here."""
    announced = MethodChange.objects.announced().filter(neighborhood=resident.neighborhood_id)
    found = list(announced.select_related("gate").order_by("takes_effect_on", "gate__name"))
    if not found:
        return []
    theirs = {gate.pk for gate in gates_within_reach(resident=resident, at=at)}
    kinds = {each.kind for each in held.credentials}
    return [_to_them(each, kinds) for each in found if each.gate_id in theirs]


def what(change: MethodChange) -> list[str]:
    """What changes at the gate and when; the same for everybody."""
    day = {"day": date_format(_day(change), "DATE_FORMAT")}
    found = []
    if change.brought_in:
        also = _("From %(day)s this gate also takes: %(methods)s.")
        found.append(also % {**day, "methods": named(change.brought_in)})
    if change.given_up:
        gone = _("From %(day)s this gate no longer takes: %(methods)s.")
        found.append(gone % {**day, "methods": named(change.given_up)})
    if change.held_up_at is not None:
        found.append(_("The day is over and it waits: until it is done, all stays as it is."))
    return found


def to_everybody(change: MethodChange) -> list[str]:
    """For the notice board: what holds for each, without knowing who reads it."""
    found = [_("Your card goes on opening this gate, at the same hours as now. You need not do anything.")]
    if change.brought_in:
        found.append(
            _("What comes in stands beside: nobody is moved to it, and you use it only if you choose to.")
        )
    if "pin" in change.given_up:
        found.append(
            _("Whoever comes in by PIN today has a card by then; the office gives it, free of charge.")
        )
    if "face" in change.given_up:
        found.append(
            _(
                "Face data at this gate is deleted then. Whoever it was of reads on their own page when the gate has confirmed it."
            )
        )
    return found


def named(methods: Iterable[str]) -> str:
    return listed(str(words.METHODS[method]) for method in methods)


def _to_them(change: MethodChange, kinds: set[str]) -> Coming:
    theirs = [method for method in change.given_up if method in kinds]
    lines = what(change)
    plain = "card" if "card" in kinds else "pin" if "pin" in kinds and "pin" in change.methods_after else ""
    if plain == "card":
        goes_on = _("your card goes on working, at the same hours")
    elif plain == "pin":
        goes_on = _("your PIN goes on working, at the same hours")
    else:
        goes_on = _("the office gives you a card before anything changes")
    if theirs:
        until = _("Until then yours works here as before (%(methods)s); %(goes_on)s.")
        lines.append(until % {"methods": named(theirs), "goes_on": goes_on})
    else:
        lines.append(_("Nothing changes for you; %(goes_on)s.") % {"goes_on": goes_on})
    if change.brought_in:
        lines.append(_("You are moved to nothing: what comes in waits until you choose it, or for ever."))
    if "face" in theirs:
        lines.append(
            _("Then the gate deletes its face data of you, and you read here when it has confirmed it.")
        )
    return Coming(change.gate.display_name, lines, change.why)


def _day(change: MethodChange) -> date:
    assert change.takes_effect_on is not None
    return change.takes_effect_on
