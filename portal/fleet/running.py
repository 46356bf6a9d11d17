"""A whole run: people move in, gates are paired, the day goes on with its faults, calm comes, and the accounts are compared."""

from __future__ import annotations

import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from portal import places
from portal.fleet import community as communities_
from portal.fleet.community import Community
from portal.fleet.days import Passers, Staff
from portal.fleet.faults import Weather
from portal.fleet.member import Member
from portal.fleet.report import Report, draw_up, resident_bytes

# Two threads for each gate wait most of the time; what they need of a stack is little.
STACK_BYTES = 512 * 1024
PAIRING_AT_ONCE = 4
# Thousands of threads share one interpreter. Each that waits for it asks again after so many seconds, and at the usual 5 ms
# nothing is done but that; whoever waits for the network or the disk hands it on anyway.
PATIENCE = 0.5
STARTED_A_SECOND = 40
SETTLE_SECONDS, SETTLE_SECONDS_A_GATE = 180.0, 0.1
TABLE_EVERY, TABLE_LINES = 5.0, 60  # seconds at least, lines at most
Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    url: str
    folder: Path
    gates: int
    seconds: float
    faults: frozenset[str]
    seed: int
    passers_a_second: float
    drop_every: float

    @property
    def settling(self) -> float:
        return SETTLE_SECONDS + SETTLE_SECONDS_A_GATE * self.gates


def run(plan: Plan, *, say: Say) -> Report:
    weather = Weather(plan.faults)
    weather.calm.set()  # nothing goes wrong while they move in
    dice = random.Random(plan.seed)  # noqa: S311  (a simulation)
    shutil.rmtree(plan.folder, ignore_errors=True)
    places.make_private(plan.folder)
    try:
        groups = _settle(plan, say)
        before = resident_bytes()
        members = _pair(plan, groups, weather, dice, say)
        try:
            with _many_threads():
                return _day(plan, groups, members, weather, before, say)
        finally:
            for member in members:
                member.close()
    finally:
        shutil.rmtree(plan.folder, ignore_errors=True)  # the gates' keys are in there


def _settle(plan: Plan, say: Say) -> list[Community]:
    each = communities_.GATES_EACH
    sizes = [min(each, plan.gates - begun) for begun in range(0, plan.gates, each)]
    groups = []
    for number, size in enumerate(sizes, start=1):
        groups.append(communities_.settle(number, size=size, at=timezone.now()))
        if number % 10 == 0 or number == len(sizes):
            say(f"{number} of {len(sizes)} neighborhoods have moved in")
    return groups


def _pair(
    plan: Plan, groups: Sequence[Community], weather: Weather, dice: random.Random, say: Say
) -> list[Member]:
    members = [
        Member(group, str(gate.pk), plan.folder / str(gate.pk), weather, random.Random(dice.random()))  # noqa: S311
        for group in groups
        for gate in group.gates
    ]
    codes = {
        str(gate.pk): communities_.pairing_code(gate, at=timezone.now())
        for group in groups
        for gate in group.gates
    }
    with ThreadPoolExecutor(PAIRING_AT_ONCE) as pool:
        list(pool.map(lambda member: member.agent.pair(server=plan.url, code=codes[member.gate_id]), members))
    say(f"{len(members)} gates are paired")
    for group in groups:
        communities_.give_faces(group, at=timezone.now())
    return members


def _day(
    plan: Plan,
    groups: Sequence[Community],
    members: Sequence[Member],
    weather: Weather,
    before: int,
    say: Say,
) -> Report:
    stop = threading.Event()
    lives = [threading.Thread(target=member.live, name=member.gate_id[:8], daemon=True) for member in members]
    passers = Passers(members, rate=plan.passers_a_second, stop=stop, seed=plan.seed + 1)
    staff = Staff(groups, every=plan.drop_every, stop=stop, seed=plan.seed + 2)
    began = time.monotonic()
    for life in lives:
        life.start()
        time.sleep(1 / STARTED_A_SECOND)
    _first_copies(members, deadline=began + plan.settling, say=say)
    weather.calm.clear()
    began, polls = time.monotonic(), _polls(members)
    passers.start()
    staff.start()
    say("  time    polls/s   recorded    waiting      drops   silent  KB/gate")
    while (passed := time.monotonic() - began) < plan.seconds:
        time.sleep(min(max(TABLE_EVERY, plan.seconds / TABLE_LINES), plan.seconds - passed))
        say(_line(members, groups, time.monotonic() - began, polls, before))
        if passers.failed or staff.failed:
            break
    seconds, memory = time.monotonic() - began, resident_bytes() - before
    weather.calm.set()
    stop.set()
    for member in members:
        member.end()
    for life in (*lives, passers, staff):
        life.join(timeout=120)
    say("calm: every gate is let come to rest")
    deadline = time.monotonic() + plan.settling
    with ThreadPoolExecutor(PAIRING_AT_ONCE) as pool:
        settled = list(pool.map(lambda member: member.settle(deadline), members))
    return draw_up(
        members,
        groups,
        seconds=seconds,
        memory=memory,
        unsettled=[member for member, well in zip(members, settled, strict=True) if not well],
        failed=[each for each in (passers.failed, staff.failed) if each],
    )


@contextmanager
def _many_threads() -> Iterator[None]:
    stack, patience = threading.stack_size(STACK_BYTES), sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    try:
        yield
    finally:
        threading.stack_size(stack)
        sys.setswitchinterval(patience)


def _first_copies(members: Sequence[Member], *, deadline: float, say: Say) -> None:
    while (missing := sum(not member.synced for member in members)) and time.monotonic() < deadline:
        time.sleep(0.2)
    say(f"{len(members) - missing} gates hold their first copy")


def _polls(members: Sequence[Member]) -> int:
    return sum(member.line.seen.polls for member in members)


def _line(
    members: Sequence[Member], groups: Sequence[Community], passed: float, polls: int, before: int
) -> str:
    recorded = sum(len(member.account.recorded) for member in members)
    drops = sum(len(group.dropped()) for group in groups)
    silent = sum(member.agent.trouble is not None for member in members)
    waiting = sum(member.waiting() for member in members[:: max(1, len(members) // 50)])
    kilobytes = (resident_bytes() - before) / 1024 / len(members)
    return (
        f"{passed:6.0f} {(_polls(members) - polls) / max(passed, 0.1):10.1f} {recorded:10} "
        f"{waiting:10} {drops:10} {silent:8} {kilobytes:8.0f}"
    )
