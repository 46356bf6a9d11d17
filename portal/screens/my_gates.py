"""My gates: what holds there now, and what the staff did with them. Of an opening from afar, when and the kind of reason.

Nobody is named: not who pressed, and not for whom. A gate is shown to those who may pass it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from access import special_days
from access.feed import gates_within_reach
from access.models import EmergencyOpening, Gate, Lockdown, RemoteOpening, SpecialDay
from portal.screens.entrance import ResidentRequest, resident_only
from residents.models import Resident

LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Now:
    """What stands at this moment, told on the first page as well."""

    title: str
    lines: Sequence[str]


@require_safe
@resident_only
def my_gates(request: ResidentRequest) -> HttpResponse:
    resident, at = request.resident, timezone.now()
    theirs = gates_within_reach(resident=resident, at=at)
    context = {
        "now": now(resident=resident, at=at),
        "gates": [_gate(each) for each in theirs],
        "days": [_day(each) for each in special_days.coming(resident.neighborhood, at)],
        "done": _done(theirs, resident, at - LATELY),
    }
    return render(request, "my_gates.html", context)


def now(*, resident: Resident, at: datetime) -> list[Now]:
    """One query while nothing stands, and two more while something does."""
    here = {"neighborhood": resident.neighborhood_id}
    stands = Q(locked_down_until__gt=at) | Q(held_open_until__gt=at)
    if resident.left_at is not None or not Gate.objects.filter(stands, **here).exists():
        return []
    locked = Lockdown.objects.standing(at).filter(**here)
    opened = EmergencyOpening.objects.standing(at).filter(**here).select_related("gate")
    return [_locked(each) for each in locked] + [_opened(each) for each in opened]


def _locked(lockdown: Lockdown) -> Now:
    return Now(
        _("Lock-down until %(time)s") % {"time": _clock(lockdown.until)},
        [
            _("Your card, PIN and codes open as ever, and everybody gets out."),
            _(
                "Visitors’ passes do not open and the office opens nothing from afar: meet your visitors at the gate."
            ),
            _("Why: %(why)s") % {"why": lockdown.get_why_display()},
        ],
    )


def _opened(opening: EmergencyOpening) -> Now:
    where = opening.gate.display_name if opening.gate else _("all gates")
    return Now(
        _("Emergency: %(gate)s open until %(time)s") % {"gate": where, "time": _clock(opening.until)},
        [_("You need not show anything to pass. Another of the staff reviews it afterwards.")],
    )


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.display_name,
        "asks_for_more": gate.asks_faces_for_more,
        "place": capfirst(gate.get_place_display()),
    }


def _day(day: SpecialDay) -> dict[str, Any]:
    said = _("%(name)s: the hours of a %(weekday)s hold.")
    return {
        "day": day.day,
        "words": said % {"name": day.display_name, "weekday": day.get_counts_as_display()},
    }


def _done(theirs: Sequence[Gate], resident: Resident, since: datetime) -> list[dict[str, Any]]:
    """Newest first. Three queries."""
    here = {"neighborhood": resident.neighborhood_id}
    named = {gate.pk: gate.display_name for gate in theirs}
    ordered = RemoteOpening.objects.filter(gate__in=named, asked_at__gte=since, outcome="opened")
    found = [
        _line(each.asked_at, named[each.gate_id], _("Opened once from afar: %(why)s"), each.get_why_display())
        for each in ordered
    ]
    pressed = EmergencyOpening.objects.filter(Q(gate=None) | Q(gate__in=named), opened_at__gte=since, **here)
    for opening in pressed:
        where = named.get(opening.gate_id, _("all gates")) if opening.gate_id else _("all gates")
        what = opening.get_finding_display() or _("not reviewed yet")
        found.append(_line(opening.opened_at, where, _("Emergency: %(why)s"), what))
    for lockdown in Lockdown.objects.filter(began_at__gte=since, **here):
        assert lockdown.began_at is not None
        found.append(
            _line(lockdown.began_at, _("all gates"), _("Lock-down: %(why)s"), lockdown.get_why_display())
        )
    return sorted(found, key=lambda each: each["at"], reverse=True)


def _line(at: datetime, where: str, words: str, why: Any) -> dict[str, Any]:
    return {"at": at, "where": where, "words": words % {"why": why}}


def _clock(until: datetime | None) -> str:
    assert until is not None
    return date_format(localtime(until), "TIME_FORMAT")
