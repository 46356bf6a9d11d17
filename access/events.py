"""Entry events as gates report them: late, twice, out of order, by a clock that may be wrong; each kept once.

No photo, no name, no person (F3): an opaque credential, and whether the door opened.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from access.models import Device, EntryEvent, FeedRow


@dataclass(frozen=True)
class Seen:
    """One event, by the device's own account."""

    sequence: int
    at: datetime
    kind: str
    credential: UUID | None
    outcome: str
    reason: str


@dataclass(frozen=True)
class Recorded:
    accepted: int
    duplicates: int
    unknown: list[UUID]  # credentials that this gate was never told of; the events are kept all the same


@transaction.atomic
def take(*, device: Device, boot: UUID, events: Sequence[Seen], at: datetime) -> Recorded:
    """All of them or none. Safe to repeat: an event is known by device, boot and sequence."""
    rows = [
        EntryEvent(
            id=uuid.uuid4(),
            neighborhood_id=device.neighborhood_id,
            gate_id=device.gate_id,
            device=device,
            boot=boot,
            sequence=seen.sequence,
            kind=seen.kind,
            credential=seen.credential,
            outcome=seen.outcome,
            reason=seen.reason,
            device_time=seen.at,
            received_at=at,
        )
        for seen in events
    ]
    EntryEvent.objects.bulk_create(rows, ignore_conflicts=True)
    written = EntryEvent.objects.filter(pk__in=[row.pk for row in rows]).count()
    if rows:
        # As near as events can tell: one that waited for the network makes a right clock look late.
        Device.objects.filter(pk=device.pk).update(clock_skew=max(seen.at for seen in events) - at)
    return Recorded(written, len(rows) - written, _unknown(device, events))


def _unknown(device: Device, events: Sequence[Seen]) -> list[UUID]:
    named = {seen.credential for seen in events if seen.credential is not None}
    if not named:
        return []
    known = FeedRow.objects.filter(gate=device.gate_id, credential__in=named)
    return sorted(named - set(known.values_list("credential_id", flat=True)))
