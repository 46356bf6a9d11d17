"""What is true of a small world, in plain data, and ten lines that say who opens what in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
OFFLINE = timedelta(hours=24)


@dataclass
class Opening:
    gate: int
    unit: int | None  # else for both people themselves
    days: tuple[int, ...]
    hours: tuple[time, time] | None


@dataclass
class Way:
    kind: str
    person: str
    live: bool = True
    gates: frozenset[int] = frozenset()  # of a visit, as the rest
    begins: datetime | None = None
    ends: datetime | None = None
    once: bool = False


@dataclass
class World:
    """What is true, in plain data."""

    lived: list[tuple[int, date, date | None]] = field(default_factory=list)  # both people, unit, from, until
    openings: dict[int, Opening] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    takes: dict[int, set[str]] = field(default_factory=dict)


# The ten lines.
def opens(world: World, way: Way, gate: int, now: datetime, synced: datetime) -> bool:
    if not way.live or way.kind not in world.takes[gate]:
        return False
    if way.kind in ("face", "qr", "pass") and now - synced > OFFLINE:
        return False
    if way.kind == "pass" and not (gate in way.gates and way.begins <= now < way.ends):
        return False
    units = {
        unit for unit, since, until in world.lived if since <= day(now) and (not until or day(now) < until)
    }
    mine = [each for each in world.openings.values() if each.unit is None or each.unit in units]
    return any(each.gate == gate and within(each, now) for each in mine)


def within(opening: Opening, now: datetime) -> bool:
    days, clock, today = opening.days or range(1, 8), now.astimezone(ZONE).time(), day(now).isoweekday()
    since, until = opening.hours or (time(0), time(0))
    if since < until or since == until == time(0):
        return today in days and (clock >= since) and (until == time(0) or clock < until)
    return (today in days and clock >= since) or ((today - 1 or 7) in days and clock < until)


def day(now: datetime) -> date:
    return now.astimezone(ZONE).date()
