"""Everything real but the wall: the site, its databases, the gateway as a process, and a terminal of bad habits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from access import cards, gates, pairing, rules
from access.models import Device, EntryEvent, FeedRow
from gate.terminals.control import NotRunning, ask
from gate.terminals.simulator import Simulated
from portal.places import BASE
from residents.models import Resident
from tests.live import Live, free_port

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SERIAL = "CKJF201160001"
CARD = 123456789


class Gateway:
    def __init__(self, live: Live) -> None:
        self.live = live
        self.folder = live.var / "gates" / "terminals"
        self.port = free_port()
        self.terminal = Simulated(f"http://127.0.0.1:{self.port}", SERIAL)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gate.terminals", "--state", str(self.folder), "run"]
        self._child = subprocess.Popen(
            [
                *command,
                "--bind",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--poll-seconds",
                "0.3",
                "--first-wait",
                "0.2",
            ],
            env=self.live.env,
            cwd=BASE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._child.stdout is not None
        assert b"serving" in self._child.stdout.readline()

    def kill(self) -> None:
        assert self._child is not None
        assert self._child.stdout is not None
        os.kill(self._child.pid, signal.SIGKILL)
        self._child.wait(10)
        self._child.stdout.close()

    def ask(self, **asked: object) -> dict[str, object]:
        try:
            return ask(self.folder, **asked)
        except NotRunning as error:
            return {"error": str(error)}

    def until(self, so: Callable[[], object], timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while not so():
            assert time.monotonic() < deadline, self.ask(act="status")
            if not self.terminal.options:
                self.terminal.greet()
            self.terminal.poll()
            time.sleep(0.1)

    def learn(self) -> bool:
        return self.ask(act="learn", text=str(CARD)) == {"learned": {SERIAL: "learned"}}


@pytest.fixture
def gateway(live: Live) -> Iterator[Gateway]:
    gateway = Gateway(live)
    gateway.start()
    yield gateway
    gateway.kill()


@pytest.mark.obligation("2", "9", "F3", "F7", "F20")
def test_a_card_comes_and_goes_through_kills_of_gateway_and_site(
    live: Live, gateway: Gateway, here, resident: Resident, now: datetime
):
    web = live.web()
    gate = gates.put_up(neighborhood=here, name="北门", at=now)
    rules.add(gate=gate, resident=resident, at=now)
    code = pairing.make_code(gate=gate, by=None, at=now)
    assert gateway.terminal.greet() == 403
    said = gateway.ask(
        act="approve", serial=SERIAL, code=code, server=live.url, address=None,
        notation="decimal", pins=False, empty=False,
    )  # fmt: skip
    device = Device.objects.get(pk=str(said["device"]))
    assert device.gate_id == gate.pk

    card = cards.issue(resident=resident, number=str(CARD), at=now)
    gateway.until(gateway.learn)
    gateway.until(lambda: gateway.terminal.show(CARD))
    gateway.terminal.habits.repeats_log = 2
    gateway.until(
        lambda: EntryEvent.objects.filter(device=device, credential=card.pk, outcome="opened").exists()
    )

    # The site is gone, then the gateway: the terminal opens by itself, and tells of it later.
    live.kill(web)
    assert gateway.terminal.show(CARD)
    gateway.kill()
    time.sleep(1.1)  # a terminal's log knows seconds: twice within one is once
    assert gateway.terminal.show(CARD)
    gateway.start()
    live.web()
    passed = len(set(gateway.terminal.log))
    gateway.until(lambda: EntryEvent.objects.filter(device=device).count() == passed)

    # Taken back: the terminal says deleted and keeps, its answers get lost, and the gateway dies in the middle.
    gateway.terminal.habits.lies_about_deleting = 2
    gateway.terminal.habits.loses_answers = 1
    other = cards.issue(resident=resident, number="555000111", at=now)  # or the last way in could not end
    cards.end(card=card, at=now)
    row = FeedRow.objects.get(gate=gate, credential=card)
    assert not row.present
    gateway.until(lambda: gateway.terminal.habits.lies_about_deleting == 1)
    gateway.kill()
    gateway.start()
    gateway.until(lambda: gateway.terminal.habits.lies_about_deleting == 0)
    gateway.until(lambda: not gateway.terminal.show(CARD))
    status = gateway.ask(act="status")["terminals"][0]  # type: ignore[index]
    assert str(other.pk) in status["not_learned"]
    gateway.until(
        lambda: gateway.ask(act="status")["terminals"][0]["unproven_erasures"] == 0  # type: ignore[index]
    )
    assert {person.name for person in gateway.terminal.users.values()} == {""}
    passed = len(set(gateway.terminal.log))
    gateway.until(lambda: EntryEvent.objects.filter(device=device).count() == passed)
