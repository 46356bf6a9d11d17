"""What a reader says of itself: how many events wait there, what feeds it, which program it runs, how its clock goes.

Optional, bounded, and nothing of it tells of a person. Nothing is decided by it: it is read by whoever looks after the gates.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from access.models import Device, DeviceState

# The database holds it too: a reader that says it with every breath costs one look and no write.
AT_MOST_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Said:
    waiting: int
    power: str
    agent: str
    clock_off: int


def note(*, device: Device, said: Said, at: datetime) -> bool:
    """False where it was written down less than a minute ago."""
    known = DeviceState.objects.filter(device=device)
    if known.filter(told_at__lte=at - AT_MOST_EVERY).update(**asdict(said), told_at=at):
        return True
    if known.exists():
        return False
    first = DeviceState(device=device, neighborhood_id=device.neighborhood_id, **asdict(said), told_at=at)
    DeviceState.objects.bulk_create([first], ignore_conflicts=True)
    return True
