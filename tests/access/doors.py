"""A door of the law of who opens what: the real agent at a clock that stands still, fed by the real feed."""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from access.cards import card_key
from access.signing import server_key
from gate import sealing
from gate.agent import Agent
from gate.feed import read_page
from gate.store import Store
from tests import make

if TYPE_CHECKING:
    from tests.access.test_who_opens_what import Machine


class StoppedClock:
    trusted = True

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def now(self) -> datetime:
        return self._machine.now


class Door:
    """A reader at a gate: the real agent and the real store, fed by the real pages."""

    def __init__(self, machine: Machine, gate, folder: Path) -> None:
        self.machine, self.gate = machine, gate
        self.reader = make.device(gate)
        store = Store(folder)
        store.remember(
            device=str(self.reader.device.pk),
            signing_key=self.reader.key.private_bytes_raw(),
            sealing_key=self.reader.sealing_key.private_bytes_raw(),
            server_key=server_key().public_key().public_bytes_raw(),
            card_key=sealing.seal_card_key(
                card_key=card_key(gate.neighborhood_id),
                recipient=self.reader.sealing_key.public_key(),
                device=str(self.reader.device.pk),
            ),
        )
        self.store, self.agent = store, Agent(store)
        self.agent._clock = StoppedClock(machine)
        self.agent._record = lambda _kind, decision, **_also: decision  # events are another matter
        self.synced, self.told = machine.now, None

    def sync(self) -> None:
        more = True
        while more:
            answer = self.reader.feed(self.store.fact("cursor"))
            assert answer.status_code == 200, answer.content
            page = read_page(answer.json())
            self.store.apply(page)
            more = page.more
        self.agent._site.last_sync = self.synced = self.machine.now
        self.told = copy.deepcopy(self.machine.world)
