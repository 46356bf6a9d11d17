"""`kill -9` before and after every commit of the gateway: it starts again, and what was going on goes on."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gate.terminals.control import NotRunning, ask
from gate.terminals.simulator import Simulated
from tests.live import free_port
from tests.terminals.conftest import CARD, NUMBER, SERIAL

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.obligation("9", "F16")]


class Mortal:
    """A gateway as a process that is killed at its `at`th commit, and started anew each time to die a little later."""

    def __init__(self, folder, when):
        self.folder, self.when = folder, when
        self.port = free_port()
        self.at = 0
        self.deaths = 0
        self.process = None

    def alive(self):
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            assert self.process.returncode == -9, self.process.returncode
            self.process.stdout.close()
            self.deaths += 1
            self.at += 1
        command = [
            sys.executable,
            "-m",
            "tests.terminals.dying",
            self.when,
            str(self.at),
            "--state",
            str(self.folder),
        ]
        self.process = subprocess.Popen(
            [*command, "run", "--bind", "127.0.0.1", "--port", str(self.port), "--poll-seconds", "0.1",
             "--first-wait", "0.1"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.process.stdout.readline()

    def ask(self, **asked):
        with suppress(NotRunning):
            return ask(self.folder, **asked)
        return {}

    def end(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_goes_on_after_each_commit(site, tmp_path, when):
    gateway = Mortal(tmp_path / "terminals", when)
    gateway.alive()
    terminal = Simulated(f"http://127.0.0.1:{gateway.port}", SERIAL)
    approved = gateway.ask(
        act="approve", serial=SERIAL, code="CODE-1", server=site.address, address="127.0.0.1",
        notation="decimal", pins=False, empty=False,
    )  # fmt: skip
    assert approved["serial"] == SERIAL

    def until(so, timeout=120):
        deadline = time.monotonic() + timeout
        while not so():
            assert time.monotonic() < deadline, json.dumps(gateway.ask(act="status"))
            gateway.alive()
            if not terminal.options:
                terminal.greet()
            terminal.poll()
            time.sleep(0.02)

    gateway.end()
    gateway.process = None
    gateway.at = 1
    before = -1
    while (
        gateway.deaths > before or gateway.process.poll() is not None
    ):  # until a round goes by without a death
        before = gateway.deaths
        card = site.give_card(NUMBER)
        until(lambda: gateway.ask(act="learn", text=NUMBER).get("learned", {}).get(SERIAL) == "learned")
        until(lambda: terminal.show(CARD))
        passed = len(set(terminal.log))  # twice within a second is once
        site.drop(card)
        until(lambda card=card: card in [receipt["credential"] for receipt in site.receipts])
        assert not terminal.show(CARD)
        until(lambda passed=passed: len(site.events) == passed)
    assert gateway.deaths > 20
    gateway.end()
