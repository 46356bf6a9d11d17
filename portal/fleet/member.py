"""One gate of the fleet: the real agent, the real store, the real threads that follow the site, a line of its own; and what
it is held to."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gate.agent import Agent
from gate.decide import Decision
from gate.feed import Page
from gate.following import Waited
from gate.poller import Poller
from gate.store import Event, Store
from portal.fleet.community import Community, Drop
from portal.fleet.faults import DISK_FULL_FOR, SKEWS, Line, PowerCut, Weather

log = logging.getLogger(__name__)
DARK_FOR = 2.0  # seconds at most, after a cut


class WatchedStore(Store):
    """The real store, which tells what it has really written."""

    def __init__(
        self, folder: Path, *, recorded: Callable[[Event], None], applied: Callable[[Page], None]
    ) -> None:
        super().__init__(folder)
        self._recorded, self._applied = recorded, applied

    def record(self, event: Event) -> None:
        super().record(event)
        self._recorded(event)

    def apply(self, page: Page) -> None:
        super().apply(page)
        self._applied(page)

    def holds(self, credential: str) -> bool:
        return bool(self._all("SELECT 1 FROM rows WHERE credential = ?", credential))

    def fill_disk(self, full: bool) -> None:
        """SQLite's own "database or disk is full", from the next page that it wants on."""
        with self._lock:
            self._db.execute(f"PRAGMA max_page_count = {1 if full else 1 << 30}").fetchall()


class CutAgent(Agent):
    """The real agent. A cut while it waits at the site ends its rounds too: the gate is dark."""

    cut = False

    def wait(self, seconds: int) -> Waited | None:
        try:
            return super().wait(seconds)
        except PowerCut:
            self.cut = True
            return Waited(held=False, news=True)

    def sync(self, *, ask: bool = True) -> float:
        if self.cut:
            raise PowerCut
        return super().sync(ask=ask)


@dataclass
class Account:
    """What the gate did, by its own account."""

    recorded: dict[tuple[str, int], str] = field(default_factory=dict)  # boot and sequence -> outcome
    delivered: dict[str, float] = field(
        default_factory=dict
    )  # credential -> seconds from the act to gone here
    broken: list[str] = field(default_factory=list)
    restarts: int = 0
    unrecorded: int = 0


class Member:
    def __init__(
        self, community: Community, gate_id: str, folder: Path, weather: Weather, dice: random.Random
    ) -> None:
        self.community, self.gate_id, self.folder = community, gate_id, folder
        self.weather, self.dice = weather, dice
        self.account = Account()
        self.line = Line(weather, dice, asked=self._asked)
        self.synced = False
        self._last = threading.local()  # when the question left that this thread heard an answer to
        self._disk_until = 0.0
        self._door = threading.Lock()  # held while somebody stands there, and while the gate starts anew
        self._ended = threading.Event()
        self._poller: Poller | None = None
        self._start()

    def _start(self) -> None:
        self.store = WatchedStore(self.folder, recorded=self._recorded, applied=self._applied)
        self.agent = CutAgent(self.store, transport=self.line)

    # Its day, in one thread for its rounds, and one that waits at the site.

    def live(self) -> None:
        while not self._ended.is_set():
            self._poller = Poller(self.agent, None, None, after_each=self._on_the_spot)
            if self._ended.is_set():
                return
            try:
                self._poller.run()
            except PowerCut:
                self._poller.halt()
                self._restart()
                self._ended.wait(self.dice.random() * DARK_FOR)

    def end(self) -> None:
        self._ended.set()
        if self._poller is not None:
            self._poller.halt()

    def settle(self, deadline: float) -> bool:
        """In calm, its day over: rounds until nothing waits. False if something still does."""
        while time.monotonic() < deadline:
            self._full_disk(full=False)
            try:
                self.agent.sync()
            except PowerCut:  # it was cut before the calm
                self._restart()
            counts = self.store.counts()
            quiet = not (
                counts["pending_events"] or counts["pending_receipts"] or counts["unproven_erasures"]
            )
            if self.agent.trouble is None and quiet:
                return True
            time.sleep(0.2 + self.dice.random())
        return False

    # At its door, in another.

    def show(self, how: str, what: str) -> Decision:
        with self._door:
            before = len(self.account.recorded)
            decision: Decision = getattr(self.agent, f"show_{how}")(what)
            self.account.unrecorded += len(self.account.recorded) == before
            return decision

    def waiting(self) -> int:
        """Entries that the site does not have yet; asked at the door, for while the gate starts anew nothing is open."""
        with self._door:
            return self.store.pending_events()

    def knows_dropped(self, credential: str) -> bool:
        """The drop has arrived here: from now on the door stays shut for it."""
        return credential in self.account.delivered

    def close(self) -> None:
        self.agent.close()

    def _on_the_spot(self) -> None:
        """Raises: PowerCut"""
        if self.weather.strikes("disk", self.dice):
            self.line.seen.faults["disk"] += 1
            self._full_disk(full=True)
            self._disk_until = time.monotonic() + DISK_FULL_FOR
        elif self._disk_until and time.monotonic() > self._disk_until:
            self._full_disk(full=False)
        if self.weather.strikes("skew", self.dice):
            self.line.seen.faults["skew"] += 1
            try:
                self.store.remember(clock_offset=self.dice.choice(SKEWS))
            except sqlite3.Error:
                return  # its disk is full
            raise PowerCut  # its clock lost the time, and it only finds out when it signs

    def _full_disk(self, *, full: bool) -> None:
        self.store.fill_disk(full)
        if not full:
            self._disk_until = 0.0

    def _restart(self) -> None:
        """As after a cut: what was not committed is gone, and everything else is read from the disk."""
        with self._door:
            self.agent.close()
            self.account.restarts += 1
            self._start()
        self._disk_until = 0.0

    # What it is held to.

    def _asked(self) -> None:
        self._last.asked = time.monotonic()

    def _recorded(self, event: Event) -> None:
        self.account.recorded[event.boot, event.sequence] = event.outcome

    def _applied(self, page: Page) -> None:
        if page.more:
            return
        self.synced = True
        for drop in self.community.dropped():
            if drop.credential in self.account.delivered:
                continue
            if not self.store.holds(drop.credential):
                self.account.delivered[drop.credential] = max(0.0, time.monotonic() - drop.at)
            elif drop.at < self._last.asked:
                self._broke(drop)

    def _broke(self, drop: Drop) -> None:
        words = f"gate {self.gate_id[:8]} still held {drop.kind} {drop.credential[:8]} after its next answer"
        self.account.broken.append(words)
