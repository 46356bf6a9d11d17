"""What a rule would do before it is saved: who would gain or lose which gate, on which days, at which hours.

Asked of the very code that tells the gates (`wanted.rights_in`), of everybody whom the rule is for now or would be for; and
asked again, under the counter's lock, when it is saved: what was shown is what happens, or it is shown anew. People are
counted and their dwellings named; who they are is another question, which takes a reason (law 6).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction

from access import rules
from access.feed import lock_counter
from access.hours import Window
from access.models import Gate, Rule
from access.wanted import Rights, Scope, Thought, rights_in
from residents.ages import today_in
from residents.models import Occupancy

DAYS = range(1, 8)
_DAY = 24 * 60
_WHOLE = (1 << _DAY) - 1
# Minutes of each day of a week, one bit each.
Week = tuple[int, ...]
NEVER: Week = (0,) * 7


class Unseen(Exception):
    """Nothing was saved: what would change was not shown yet, or is something else by now."""

    def __init__(self, foreseen: Foreseen) -> None:
        super().__init__(foreseen.mark)
        self.foreseen = foreseen


@dataclass(frozen=True)
class Hours:
    """On these days, from and until; midnight to midnight is the whole day."""

    days: tuple[int, ...]
    spans: tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Line:
    gate: Gate
    lost: bool  # else gained
    hours: tuple[Hours, ...]
    people: int
    dwellings: tuple[str, ...]


@dataclass(frozen=True)
class Foreseen:
    """`without`: how many of them would be left without any gate. `mark` stands for all of it, and for the rule."""

    lines: tuple[Line, ...]
    without: int
    mark: str


def of(*, rule: Rule, at: datetime, gone: bool = False) -> Foreseen:
    """Writes nothing. The number of queries does not depend on how many people live here."""
    before = Rule.objects.filter(pk=rule.pk).first()
    people = _concerned([each for each in (before, rule) if each is not None], at)
    scope = Scope(rule.neighborhood_id, residents=frozenset(people))
    now = rights_in(scope, set(people), at)
    then = rights_in(scope, set(people), at, thought=Thought(rule, gone))
    found = _differences(now, then, at)
    homes = _homes(people, rule, at) if found else {}
    gates = now.named | then.named
    lines = tuple(
        Line(
            gate=gates[gate],
            lost=lost,
            hours=_hours(week),
            people=len(whose),
            dwellings=tuple(sorted({home for who in whose for home in homes.get(who, ())})),
        )
        for (gate, lost, week), whose in sorted(
            found.items(), key=lambda each: (not each[0][1], gates[each[0][0]].name, each[0][2])
        )
    )
    without = sum(_has_any(now, who, at) and not _has_any(then, who, at) for who in people)
    return Foreseen(lines, without, _mark(rule, gone, found, without))


@transaction.atomic
def save(*, rule: Rule, seen: str, at: datetime) -> Rule:
    """`seen`: the mark of what was shown.

    Raises: Unseen, rules.RuleRefused
    """
    _insist(rule, seen, at, gone=False)
    return rules.save(rule=rule, at=at)


@transaction.atomic
def remove(*, rule: Rule, seen: str, at: datetime) -> None:
    """Raises: Unseen"""
    _insist(rule, seen, at, gone=True)
    rules.remove(rule=rule, at=at)


def _insist(rule: Rule, seen: str, at: datetime, *, gone: bool) -> None:
    lock_counter(rule.neighborhood_id)
    foreseen = of(rule=rule, at=at, gone=gone)
    if foreseen.mark != seen:
        raise Unseen(foreseen)


def _concerned(found: Iterable[Rule], at: datetime) -> list[UUID]:
    residents = {each.resident_id for each in found if each.resident_id is not None}
    units = {each.unit_id for each in found if each.unit_id is not None}
    if units:
        today = today_in(next(iter(found)).gate.neighborhood, at)
        lived = Occupancy.objects.standing(today).filter(unit__in=units)
        residents |= set(lived.values_list("resident_id", flat=True))
    return sorted(residents)


def _homes(people: Iterable[UUID], rule: Rule, at: datetime) -> dict[UUID, list[str]]:
    today = today_in(rule.gate.neighborhood, at)
    lived = Occupancy.objects.standing(today).filter(resident__in=people).select_related("unit__building")
    homes: dict[UUID, list[str]] = defaultdict(list)
    for each in lived:
        homes[each.resident_id].append(str(each.unit))
    return homes


Difference = tuple[UUID, bool, Week]  # gate, lost, what of the week


def _differences(now: Rights, then: Rights, at: datetime) -> dict[Difference, list[UUID]]:
    found: dict[Difference, list[UUID]] = defaultdict(list)
    for who, gate in sorted({*now.windows, *then.windows}):
        before, after = _week(now, who, gate, at), _week(then, who, gate, at)
        for lost, week in ((True, _minus(before, after)), (False, _minus(after, before))):
            if week != NEVER:
                found[gate, lost, week].append(who)
    return found


def _has_any(rights: Rights, who: UUID, at: datetime) -> bool:
    return any(_week(rights, who, gate, at) != NEVER for gate in rights.gates.get(who, ()))


def _minus(one: Week, other: Week) -> Week:
    return tuple(a & ~b for a, b in zip(one, other, strict=True))


def _week(rights: Rights, who: UUID, gate: UUID, at: datetime) -> Week:
    """Every minute of a week in which they may pass, now or once they live here."""
    days = [0] * 7
    for window in rights.windows.get((who, gate), ()):
        if window.is_open_after(at):
            _add(days, window)
    return tuple(days)


def _add(days: list[int], window: Window) -> None:
    since, until = _minute(window.since), _minute(window.until)
    for day in window.days:
        if since == until == 0:
            days[day - 1] |= _WHOLE
        elif since < until:
            days[day - 1] |= _span(since, until)
        else:  # past midnight: the rest of it is on the next day
            days[day - 1] |= _span(since, _DAY)
            days[day % 7] |= _span(0, until)


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _span(since: int, until: int) -> int:
    return ((1 << (until - since)) - 1) << since


def _hours(week: Week) -> tuple[Hours, ...]:
    """Days of the same hours together, in the order of the week."""
    by_hours: Mapping[int, list[int]] = {bits: [] for bits in week if bits}
    for day, bits in zip(DAYS, week, strict=True):
        if bits:
            by_hours[bits].append(day)
    return tuple(Hours(tuple(days), _spans(bits)) for bits, days in by_hours.items())


def _spans(bits: int) -> tuple[tuple[time, time], ...]:
    found, begins = [], None
    for minute in range(_DAY + 1):
        inside = bool(bits >> minute & 1)
        if inside and begins is None:
            begins = minute
        if not inside and begins is not None:
            found.append((_clock(begins), _clock(minute)))
            begins = None
    return tuple(found)


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _mark(rule: Rule, gone: bool, found: Mapping[Difference, list[UUID]], without: int) -> str:
    said: list[Any] = [
        (rule.gate_id, rule.unit_id, rule.resident_id, gone),
        (sorted(set(rule.days)), rule.from_time, rule.to_time),
        sorted(
            (str(gate), lost, week, [str(who) for who in whose])
            for (gate, lost, week), whose in found.items()
        ),
        without,
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]
