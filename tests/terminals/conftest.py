"""A gateway over real HTTP, a site of a few lines on one side and a simulated terminal on the other."""

import threading
import time

import pytest

from gate.terminals.gateway import Gateway
from gate.terminals.serving import Server
from gate.terminals.simulator import Simulated
from tests.gate.site import Site

SERIAL = "CKJF201160001"
CARD = 123456789
NUMBER = str(CARD)  # as the site's readers say it
OTHER_CARD = 987654321


class House:
    """`until` lets the terminal poll until something is so; `restart` is what a power cut leaves."""

    def __init__(self, folder, site):
        self.site = site
        self.folder = folder
        self.terminal = None
        self._start()

    def _start(self):
        self.gateway = Gateway(self.folder, first_wait=0.05, poll_seconds=0.05)
        self.server = Server("127.0.0.1", 0, self.gateway)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def own(self):
        """The gateway's side of the terminal."""
        return self.gateway._terminals[SERIAL]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.gateway.close()

    def restart(self):
        self.stop()
        self._start()
        self.terminal._port = self.server.server_address[1]

    def hang(self, serial=SERIAL, **users):
        self.terminal = Simulated(self.address, serial)
        self.terminal.users.update({number.lstrip("_"): person for number, person in users.items()})
        return self.terminal

    def approve(self, *, code="CODE-1", **said):
        told = {"address": "127.0.0.1", "notation": "decimal", "pins": False, "empty": False} | said
        return self.gateway.approve(serial=SERIAL, code=code, server=self.site.address, **told)

    def until(self, so, timeout=60):
        deadline = time.monotonic() + timeout
        while not (answer := so()):
            if not self.terminal.options:
                self.terminal.greet()
            assert time.monotonic() < deadline, (self.gateway.status(), self.terminal.told[-10:])
            self.terminal.poll()
            time.sleep(0.01)
        return answer

    def polls(self, number=12):
        for _ in range(number):
            self.terminal.poll()
            time.sleep(0.03)

    def holds(self, credential):
        """Whether the device's own store has the row: it came from the site."""
        return bool(self.own.wall.plain_rows(credential))

    def receipts(self):
        return [receipt["credential"] for receipt in self.site.receipts]


@pytest.fixture
def site():
    site = Site()
    site.methods = ["card", "pin"]
    yield site
    site.close()


@pytest.fixture
def house(site, tmp_path, monkeypatch):
    monkeypatch.setattr("gate.terminals.terminal.RECKONED_EVERY", 0.3)
    house = House(tmp_path / "terminals", site)
    house.hang()
    yield house
    house.stop()


@pytest.fixture
def approved(house):
    """Approved, greeted, and asked whom it knows: nobody yet."""
    house.approve()
    house.until(lambda: house.terminal.options or house.terminal.greet() == 200)
    house.until(lambda: house.own.status()["inventory"])
    return house
