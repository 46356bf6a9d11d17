"""Rules: who may pass which gate, and when. For a dwelling or a resident, never for a kind of credential (law 2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from access.feed import lock_counter, refresh
from access.models import Gate, Rule
from residents.models import Neighborhood, Occupancy, Resident, Unit


class RuleRefused(ValueError):
    """The rule makes no sense; nothing was written."""


@transaction.atomic
def add(
    *,
    gate: Gate,
    at: datetime,
    unit: Unit | None = None,
    resident: Resident | None = None,
    days: Iterable[int] = (),
    hours: tuple[time, time] | None = None,
) -> Rule:
    """Let those who live in `unit`, or one `resident`, pass the gate on these days (ISO, none: all) and hours.

    Raises: RuleRefused
    """
    begins, ends = hours or (None, None)
    rule = Rule(
        neighborhood_id=gate.neighborhood_id,
        gate=gate,
        unit=unit,
        resident=resident,
        days=sorted(set(days)),
        from_time=begins,
        to_time=ends,
    )
    return save(rule=rule, at=at)


@transaction.atomic
def save(*, rule: Rule, at: datetime) -> Rule:
    """Write a new or a changed rule, and tell the gates.

    Raises: RuleRefused
    """
    _check(rule)
    before = Rule.objects.filter(pk=rule.pk).select_related("unit", "resident").first()
    rule.save()
    _tell(rule, at)
    if before and (before.unit_id, before.resident_id) != (rule.unit_id, rule.resident_id):
        _tell(before, at)
    return rule


@transaction.atomic
def open_to_every_dwelling(*, gate: Gate, at: datetime) -> int:
    """Let those who live in any dwelling of the gate's neighborhood pass it, at every hour. Returns for how many that is new.

    A dwelling for which the gate has a rule already, at whatever hours, keeps it. One refresh for all.
    """
    lock_counter(gate.neighborhood_id)  # before looking, so that two presses do not write everything twice
    ruled = Rule.objects.filter(gate=gate, unit=OuterRef("pk"))
    units = Unit.objects.filter(~Exists(ruled), neighborhood=gate.neighborhood_id)
    made = Rule.objects.bulk_create(
        Rule(neighborhood_id=gate.neighborhood_id, gate=gate, unit=unit) for unit in units.only("pk")
    )
    refresh(gate=gate, at=at)
    return len(made)


@transaction.atomic
def remove(*, rule: Rule, at: datetime) -> None:
    Rule.objects.filter(pk=rule.pk).delete()
    _tell(rule, at)


def gates_of(*, resident: Resident, at: datetime) -> list[Gate]:
    """Every gate that a rule opens to them today, in service or not, by name. Two queries."""
    zone = Neighborhood.objects.values_list("time_zone", flat=True).get(pk=resident.neighborhood_id)
    today = at.astimezone(ZoneInfo(zone)).date()
    lived_in = Occupancy.objects.current(today).filter(resident=resident).values("unit")
    theirs = Rule.objects.filter(Q(resident=resident) | Q(unit__in=lived_in), gate=OuterRef("pk"))
    here = Gate.objects.filter(neighborhood=resident.neighborhood_id)
    return list(here.filter(Exists(theirs)).order_by("name", "pk"))


def _tell(rule: Rule, at: datetime) -> None:
    """All gates of those it is for: the one that it was moved away from as well."""
    refresh(unit=rule.unit, residents=[rule.resident] if rule.resident else None, at=at)


def _check(rule: Rule) -> None:
    if (rule.unit is None) == (rule.resident is None):
        raise RuleRefused("A rule is for a dwelling or for a resident.")
    for target in (rule.unit, rule.resident):
        if target is not None and target.neighborhood_id != rule.gate.neighborhood_id:
            raise RuleRefused("A gate opens for its own neighborhood.")
    if rule.neighborhood_id != rule.gate.neighborhood_id:
        raise RuleRefused("A rule belongs to its gate's neighborhood.")
    if not isinstance(rule.days, list) or any(day not in range(1, 8) for day in rule.days):
        raise RuleRefused("Days are numbered 1 to 7, and 1 is Monday.")
    if (rule.from_time is None) != (rule.to_time is None):
        raise RuleRefused("Hours have a beginning and an end.")
