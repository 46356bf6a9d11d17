"""Entry events as gates report them: late, twice, out of order, by a clock that may be wrong; each kept once.

No photo, no name, no person (F3): an opaque credential, and whether the door opened. An event outlives a face without
its credential, and itself lives for the days that its neighborhood says (`retention.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from access.models import Credential, Device, EntryEvent, FeedRow


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
    told = _told(device, events)
    rows = [
        EntryEvent(
            id=uuid.uuid4(),
            neighborhood_id=device.neighborhood_id,
            gate_id=device.gate_id,
            device=device,
            boot=boot,
            sequence=seen.sequence,
            kind=seen.kind,
            credential=None if seen.credential in told.erased else seen.credential,
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
    return Recorded(written, len(rows) - written, told.unknown)


def forget_credentials(faces: Iterable[Credential]) -> None:
    """Consent ended: that somebody passed by face, and when, no longer hangs on the face they had."""
    EntryEvent.objects.filter(credential__in=[face.pk for face in faces]).update(credential=None)


@dataclass(frozen=True)
class _Told:
    unknown: list[UUID]
    erased: set[UUID]  # faces that were called back: an event that comes late does not bring them up again


def _told(device: Device, events: Sequence[Seen]) -> _Told:
    named = {seen.credential for seen in events if seen.credential is not None}
    if not named:
        return _Told([], set())
    rows = FeedRow.objects.filter(gate=device.gate_id, credential__in=named).values_list(
        "credential_id", "present", "credential__kind"
    )
    known = {credential: present or kind != Credential.Kind.FACE for credential, present, kind in rows}
    return _Told(sorted(named - known.keys()), {each for each, keep in known.items() if not keep})
