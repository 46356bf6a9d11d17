"""Where the things that are due are made, and when their clock must have stood."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from access.models import (
    Gate,
)
from portal import retention
from residents.ages import years_before
from residents.keeping import AsWritten, ByNeighborhood, Rule, Setting, Years
from residents.models import (
    Neighborhood,
    Resident,
    User,
)
from tests import make

StillThere = Callable[[], bool]
numbers = itertools.count(1)


@dataclass
class Place:
    """Where the things are made: one neighborhood with a gate, somebody who lives there, and the time."""

    neighborhood: Neighborhood
    gate: Gate
    device: Any
    who: Resident
    now: datetime

    @classmethod
    def made(cls, now: datetime) -> Place:
        where = make.neighborhood()
        gate = make.gate(where, at=now)
        who = make.resident(where, at=now)
        make.card(who, at=now)
        return cls(where, gate, make.device(gate, at=now).device, who, now)

    def somebody(self) -> Resident:
        who = make.resident(self.neighborhood, at=self.now)
        make.card(who, at=self.now)
        return who

    def user(self) -> User:
        return User.objects.create(username=f"staff-{next(numbers)}")


def rule(code: str) -> Rule:
    return next(each for each in retention.RULES if each.code == code)


# What the database itself lets go by its own calendar only, a day behind the time of these tests.
BY_THE_DATABASE = {"consent.assessments"}


def edge(each: Rule, at: datetime) -> datetime:
    """The clock of what is due at this very moment, and not a moment earlier."""
    if each.code in BY_THE_DATABASE:
        at -= timedelta(days=1)
    match each.life:
        case AsWritten():
            return at
        case ByNeighborhood():
            return at - timedelta(days=30)
        case Setting(name):
            return at - timedelta(days=getattr(settings, name))
        case Years(years):
            day = years_before(at.astimezone(ZoneInfo("Asia/Shanghai")).date(), years)
            return datetime(day.year, day.month, day.day, tzinfo=at.tzinfo)
        case timedelta():
            return at - each.life
    raise AssertionError(each)


def there(model: Any, pk: Any, **also: Any) -> StillThere:
    return lambda: model._default_manager.filter(pk=pk, **also).exists()
