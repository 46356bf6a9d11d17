"""How each gate is, for whoever looks after them: when its readers were heard of, what waits there, and what to do.

By the rows as they stand when somebody looks, so it is right even if no worker lives. What a reader says of itself is shown
as its word, with its time; what nobody said is not known (law 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, Subquery

from access import silences
from access.models import Device, DeviceState, FeedRow, Gate
from residents.models import ErasurePlace

# Counted up to here and no further: a page costs the same whatever waits.
MOST = 100
# A copy may be behind for as long as it takes a reader to ask, a few times.
BEHIND_FOR = timedelta(minutes=2)
CLOCK_OFF = timedelta(minutes=2)
BACKLOG = 1000


class Trouble(StrEnum):
    NOT_IN_SERVICE = "not_in_service"
    BESIDE = "beside"
    NO_READER = "no_reader"
    SILENT = "silent"
    ERASURES = "erasures"
    BEHIND = "behind"
    BATTERY = "battery"
    CLOCK = "clock"
    BACKLOG = "backlog"


@dataclass(frozen=True)
class Reader:
    """`behind` and `erasures` stop at one more than MOST. `behind_since`: the oldest change that still stands and that the
    reader has not said it holds."""

    device: Device
    silent: bool
    state: DeviceState | None
    behind: int
    behind_since: datetime | None
    erasures: int

    @property
    def clock_off(self) -> timedelta | None:
        if self.state is not None:
            return timedelta(seconds=self.state.clock_off)
        return self.device.clock_skew

    def troubles(self, at: datetime) -> list[Trouble]:
        found = []
        if self.silent:
            found.append(Trouble.SILENT)
            if self.erasures:
                found.append(Trouble.ERASURES)
        elif self.behind_since is not None and at - self.behind_since > BEHIND_FOR:
            found.append(Trouble.BEHIND)
        if self.state is not None and self.state.power == DeviceState.Power.BATTERY:
            found.append(Trouble.BATTERY)
        if self.clock_off is not None and abs(self.clock_off) > CLOCK_OFF:
            found.append(Trouble.CLOCK)
        if self.state is not None and self.state.waiting >= BACKLOG:
            found.append(Trouble.BACKLOG)
        return found


@dataclass(frozen=True)
class Looked:
    gate: Gate
    readers: Sequence[Reader]
    troubles: Sequence[Trouble]


def look(gates: Sequence[Gate], *, at: datetime) -> list[Looked]:
    """One query, however many gates, readers and residents there are."""
    readers: dict[Any, list[Reader]] = {}
    for device in _readers(gates, at):
        readers.setdefault(device.gate_id, []).append(_reader(device, at))
    return [_looked(gate, readers.get(gate.pk, []), at) for gate in gates]


def _readers(gates: Sequence[Gate], at: datetime) -> Any:
    new = FeedRow.objects.filter(gate=OuterRef("gate"), version__gt=OuterRef("acknowledged")).order_by(
        "version"
    )
    erasures = ErasurePlace.objects.open().filter(kind=ErasurePlace.Kind.DEVICE, device=OuterRef("pk"))
    return (
        Device.objects.trusted()
        .filter(gate__in=[gate.pk for gate in gates])
        .select_related("state", "gate")
        .annotate(
            behind=_few(new),
            behind_since=Subquery(new.values("changed_at")[:1]),
            erasures=_few(erasures.order_by()),
        )
        .order_by("paired_at", "pk")
    )


def _few(rows: Any) -> Func:
    return Func(
        ArraySubquery(rows.values("pk")[: MOST + 1]), function="CARDINALITY", output_field=IntegerField()
    )


def _reader(device: Device, at: datetime) -> Reader:
    also = vars(device)
    heard = device.last_poll_at or device.paired_at
    return Reader(
        device=device,
        silent=at - heard > silences.patience(),
        state=getattr(device, "state", None),
        behind=also["behind"],
        behind_since=also["behind_since"],
        erasures=also["erasures"],
    )


def _looked(gate: Gate, readers: Sequence[Reader], at: datetime) -> Looked:
    found: list[Trouble] = []
    if gate.beside_since is not None:
        found.append(Trouble.BESIDE)
    elif not gate.in_service:
        found.append(Trouble.NOT_IN_SERVICE)
    if not readers:
        found.append(Trouble.NO_READER)
    for reader in readers:
        found += [each for each in reader.troubles(at) if each not in found]
    return Looked(gate, readers, found)


def by_place(neighborhood: Any) -> Any:
    """The gates here, those of one kind of place together."""
    return Gate.objects.filter(neighborhood=neighborhood).order_by(F("place"), "name", "pk")
