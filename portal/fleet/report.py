"""What came of it: the gates' own accounts against the database, and whether every promise was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from access.models import Device, EntryEvent
from portal.fleet.community import Community
from portal.fleet.member import Member
from residents.models import ErasurePlace

PAGE_BYTES = 4096
SHOWN = 10


@dataclass
class Report:
    gates: int
    seconds: float
    recorded: int
    arrived: int
    lost: int
    strange: int  # in the database, and no gate wrote it down; or with another outcome
    unrecorded: int  # at a full disk: the door answered, and nothing was promised
    drops: int
    drops_expected: int  # each drop at each gate of its neighborhood
    drops_delivered: int
    erasures_open: int
    unsettled: int
    polls: int
    polls_held: int  # of these, with a question that the site might hold open
    polls_a_second: float
    milliseconds: dict[str, float]
    seconds_to_drop: dict[str, float]
    kilobytes_a_gate: float
    restarts: int
    faults: dict[str, int]
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return not self.broken

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kept": self.kept}

    def lines(self) -> list[str]:
        took, drop = self.milliseconds, self.seconds_to_drop
        events = f"{self.recorded} recorded, {self.arrived} arrived, {self.lost} lost, {self.strange} strange"
        drops = f"{self.drops} acts, {self.drops_delivered} of {self.drops_expected} deliveries"
        after = f"{drop['median']:.1f} s in the middle, {drop['most']:.1f} s at most"
        asked = f"{took['median']:.0f} ms in the middle, {took['p99']:.0f} ms for one of a hundred"
        befell = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items())) or "none"
        said = [
            f"{self.gates} gates, {self.seconds:.0f} s",
            f"events      {events}; {self.unrecorded} met a full disk and were never promised",
            f"drops       {drops}, {after}; {self.erasures_open} receipts missing",
            f"polls       {self.polls}, {self.polls_a_second:.1f} a second, {self.polls_held} of them kept open",
            f"answers     {asked}, of what is not kept open",
            f"memory      {self.kilobytes_a_gate:.0f} KB a gate",
            f"restarts    {self.restarts}; faults {befell}",
        ]
        if self.broken:
            said += [f"{len(self.broken)} promises broken:", *(f"  {each}" for each in self.broken[:SHOWN])]
        else:
            said.append("every promise was kept")
        return said


def draw_up(
    members: Sequence[Member],
    communities: Sequence[Community],
    *,
    seconds: float,
    memory: int,
    unsettled: Sequence[Member],
    failed: Sequence[str],
) -> Report:
    broken = [each for member in members for each in member.account.broken] + [
        f"the simulation itself failed: {each}" for each in failed
    ]
    lost, strange, arrived = _compare(members)
    dropped = {id(community): community.dropped() for community in communities}
    expected = sum(len(dropped[id(member.community)]) for member in members)
    delivered = [
        member.account.delivered[drop.credential]
        for member in members
        for drop in dropped[id(member.community)]
        if drop.credential in member.account.delivered
    ]
    open_places = ErasurePlace.objects.open().filter(
        kind=ErasurePlace.Kind.DEVICE,
        device__in=Device.objects.filter(
            gate__in=[gate for each in communities for gate in each.gates]
        ).values("pk"),
    )
    missing = open_places.count()
    latencies = [each for member in members for each in member.line.seen.latencies]
    polls = sum(member.line.seen.polls for member in members)
    faults: Counter[str] = sum((member.line.seen.faults for member in members), Counter())
    broken += [f"{lost} events were lost"] * bool(lost)
    broken += [f"{strange} events are in the database that no gate wrote so"] * bool(strange)
    broken += [f"{expected - len(delivered)} drops were not delivered"] * (expected != len(delivered))
    broken += [f"{missing} erasures were not confirmed"] * bool(missing)
    broken += [f"{len(unsettled)} gates did not come to rest"] * bool(unsettled)
    return Report(
        gates=len(members),
        seconds=seconds,
        recorded=sum(len(member.account.recorded) for member in members),
        arrived=arrived,
        lost=lost,
        strange=strange,
        unrecorded=sum(member.account.unrecorded for member in members),
        drops=sum(map(len, dropped.values())),
        drops_expected=expected,
        drops_delivered=len(delivered),
        erasures_open=missing,
        unsettled=len(unsettled),
        polls=polls,
        polls_held=sum(member.line.seen.held for member in members),
        polls_a_second=polls / max(seconds, 0.001),
        milliseconds={
            "median": 1000 * share(latencies, 0.5),
            "p95": 1000 * share(latencies, 0.95),
            "p99": 1000 * share(latencies, 0.99),
        },
        seconds_to_drop={"median": share(delivered, 0.5), "most": max(delivered, default=0.0)},
        kilobytes_a_gate=memory / 1024 / max(1, len(members)),
        restarts=sum(member.account.restarts for member in members),
        faults={kind: count for kind, count in faults.items() if count},
        broken=broken,
    )


def _compare(members: Sequence[Member]) -> tuple[int, int, int]:
    """Lost, strange and arrived. That none is there twice the database holds; that none is there that was not sent, we ask."""
    lost = strange = arrived = 0
    for member in members:
        rows = EntryEvent.objects.filter(gate=UUID(member.gate_id)).values_list("boot", "sequence", "outcome")
        there: Counter[tuple[str, int, str]] = Counter(
            (str(boot), number, said) for boot, number, said in rows
        )
        written = {(boot, number, said) for (boot, number), said in member.account.recorded.items()}
        lost += len(written - there.keys())
        strange += sum(count - (each in written) for each, count in there.items())
        arrived += there.total()
    return lost, strange, arrived


def share(numbers: Sequence[float], part: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def resident_bytes() -> int:
    """Of this process, as Linux counts; 0 elsewhere."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * PAGE_BYTES if statm.exists() else 0
