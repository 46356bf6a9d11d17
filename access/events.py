"""Entry events as gates report them: late, twice, out of order, by a clock that may be wrong; each kept once.

No photo, no name, no person (F3): an opaque credential, and whether the door opened. An event outlives a face without
its credential, and itself lives for the days that its neighborhood says (`retention.py`). An unknown card's digest is
passed on to whoever waits for it, once, and never kept in the event.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import beside, remote, tapping
from access.models import Credential, Device, EntryEvent, FeedRow

# What an order of the staff made a gate do: the event names the order in place of a credential.
OF_ORDERS = frozenset({remote.KIND, "emergency"})


@dataclass(frozen=True)
class Seen:
    """One event, by the device's own account."""

    sequence: int
    at: datetime
    kind: str
    credential: UUID | None
    outcome: str
    reason: str
    digest: str | None = None  # hex, of an unknown card


@dataclass(frozen=True)
class Recorded:
    accepted: int
    duplicates: int
    unknown: list[UUID]  # credentials that this gate was never told of; the events are kept all the same


@transaction.atomic
def take(*, device: Device, boot: UUID, events: Sequence[Seen], at: datetime) -> Recorded:
    """All of them or none. Safe to repeat: an event is known by device, boot and sequence."""
    told = _told(device, [seen for seen in events if seen.kind not in OF_ORDERS])
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
    new = set(EntryEvent.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    fresh = [seen for row, seen in zip(rows, events, strict=True) if row.pk in new]
    _pass_on(device, fresh, at)
    carried = [
        (seen.credential, seen.outcome) for seen in fresh if seen.kind == remote.KIND and seen.credential
    ]
    remote.heard(device=device, orders=carried, at=at)
    # Last, and not waited for: who withdraws or moves out holds the person and then asks for the reader.
    free = Device.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=device.pk)
    if rows:
        # As near as events can tell: one that waited for the network makes a right clock look late.
        Device.objects.filter(pk__in=free.values("pk")).update(
            clock_skew=max(seen.at for seen in events) - at
        )
    return Recorded(len(new), len(rows) - len(new), told.unknown)


def _pass_on(device: Device, events: Sequence[Seen], at: datetime) -> None:
    """Unknown cards, each event once: to a resident whose card is awaited here, else to the count of marks."""
    shown = [tapping.Shown(bytes.fromhex(seen.digest), seen.at) for seen in events if seen.digest]
    if not shown:
        return
    tapping.take(gate=device.gate_id, shown=shown, at=at)
    if device.gate.beside_since is not None:
        beside.note(gate=device.gate, shown=shown, at=at)


def forget_credentials(ended: Iterable[Credential]) -> None:
    """A consent ended, or a residence: that somebody passed, and when, no longer hangs on the way in they had."""
    EntryEvent.objects.filter(credential__in=[each.pk for each in ended]).update(credential=None)


@dataclass(frozen=True)
class _Told:
    unknown: list[UUID]
    # Faces that were called back, and whatever was its holder's who moved out: an event that comes late does not bring
    # them up again.
    erased: set[UUID]


def _told(device: Device, events: Sequence[Seen]) -> _Told:
    named = {seen.credential for seen in events if seen.credential is not None}
    if not named:
        return _Told([], set())
    rows = FeedRow.objects.filter(gate=device.gate_id, credential__in=named).values_list(
        "credential_id", "present", "credential__kind", "credential__resident__left_at"
    )
    known = {
        credential: present or (kind != Credential.Kind.FACE and left_at is None)
        for credential, present, kind, left_at in rows
    }
    return _Told(sorted(named - known.keys()), {each for each, keep in known.items() if not keep})
