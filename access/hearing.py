"""How a gate is just now: whether it opens, whether it is heard of, whether it holds the newest copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery

from access.models import Device, FeedRow, Gate
from residents.models import Neighborhood


@dataclass(frozen=True)
class Heard:
    """`since` is when its quietest reader was last heard of, or paired; None without a reader."""

    gate: Gate
    readers: int
    since: datetime | None
    silent: bool
    behind: bool

    @property
    def well(self) -> bool:
        return self.gate.in_service and self.readers > 0 and not self.silent and not self.behind


def of_all(neighborhood: Neighborhood, *, at: datetime) -> list[Heard]:
    """Every gate here, by name. Two queries."""
    newest = FeedRow.objects.filter(gate=OuterRef("pk")).order_by("-version").values("version")[:1]
    gates = list(
        Gate.objects.filter(neighborhood=neighborhood)
        .annotate(newest=Subquery(newest))
        .order_by("name", "pk")
    )
    readers: dict[object, list[Device]] = {}
    for reader in Device.objects.trusted().filter(neighborhood=neighborhood):
        readers.setdefault(reader.gate_id, []).append(reader)
    return [_heard(gate, readers.get(gate.pk, []), at) for gate in gates]


def of(gate: Gate, *, at: datetime) -> Heard:
    return next(each for each in of_all(gate.neighborhood, at=at) if each.gate == gate)


def _heard(gate: Gate, readers: list[Device], at: datetime) -> Heard:
    since = min((reader.last_poll_at or reader.paired_at for reader in readers), default=None)
    newest = vars(gate)["newest"] or 0
    return Heard(
        gate=gate,
        readers=len(readers),
        since=since,
        silent=since is not None and at - since > timedelta(seconds=settings.GATE_SILENT_SECONDS),
        behind=any(reader.acknowledged < newest for reader in readers),
    )
