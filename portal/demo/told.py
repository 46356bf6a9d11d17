"""Who in the demo wants to be told that something waits: two on paper, so that the desk has something to print from Monday on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from residents import notifying
from residents.models import Resident, User
from residents.notifying import Topic, Way

ON_PAPER = ("neighbor", "chair")


def choose(*, users: Mapping[str, User], resident: Callable[[str], Resident], at: datetime) -> None:
    """Before anything happens that they could be told of."""
    for account in ON_PAPER:
        wanted = [(topic, Way.SLIP) for topic in Topic if notifying.can_tell(topic, Way.SLIP)]
        notifying.choose(resident=resident(account), wanted=wanted, by=users[account], at=at)
