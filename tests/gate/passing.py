"""What passes at a door while nobody asks it anything: time, and power cuts."""

from datetime import UTC, datetime, timedelta

from gate.agent import Agent
from gate.store import Store
from tests.gate.site import ALL_DAY

HOUR = timedelta(hours=1)


def later(agent, **ago):
    """As if so much time had passed at the door."""
    agent._clock._anchor += timedelta(**ago)


def during(begin: timedelta, end: timedelta) -> dict:
    now = datetime.now(UTC)
    return ALL_DAY | {"valid_from": (now + begin).isoformat(), "valid_until": (now + end).isoformat()}


def pull_the_plug(agent):
    agent.close()
    agent.close = lambda: None


def restarted(agent):
    """As after a power cut: what was in memory is gone. Whoever asks for it closes it."""
    pull_the_plug(agent)
    return Agent(Store(agent._store.folder))
