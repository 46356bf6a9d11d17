"""The service as a process, its pins and its keyboard answered by a pretended kernel that is written in C.

What this cannot show is written in docs/installing-a-gate.md: that a real chip and a real reader behave like this one.
"""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gate.drivers import lines, wedge
from gate.drivers.wedge import Typing
from tests.gate.keyboards import typed
from tests.gate.pictures import ROOT

KERNEL = Path(__file__).parent / "kernel"
CC = shutil.which("cc")
pytestmark = pytest.mark.skipif(
    not CC or not Path("/usr/include/linux/gpio.h").exists(),
    reason="needs a C compiler and the kernel's headers",
)

CARD = "04A2B3C4"
RELAY, GREEN, EXIT, CONTACT, SCAN = 17, 22, 27, 5, 6
RISING, FALLING = 1, 2


def compiled(name: str, to: Path, *options: str) -> Path:
    subprocess.run(["cc", "-Wall", "-Werror", *options, str(KERNEL / name), "-o", str(to)], check=True)
    return to


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return compiled("pretend.c", tmp_path_factory.mktemp("kernel") / "pretend.so", "-shared", "-fPIC", "-ldl")


def test_the_numbers_are_those_of_the_kernels_headers(tmp_path):
    said = json.loads(subprocess.check_output([compiled("constants.c", tmp_path / "constants")]))
    assert said["GET_LINE"] == lines.GET_LINE
    assert said["GET_VALUES"] == lines.GET_VALUES
    assert said["SET_VALUES"] == lines.SET_VALUES
    assert said["EVIOCGRAB"] == wedge.EVIOCGRAB
    assert said["REQUEST"] == lines.REQUEST.size
    assert said["VALUES"] == lines.VALUES.size
    assert said["LINE_EVENT"] == lines.EVENT.size
    assert said["INPUT_EVENT"] == wedge.EVENT.size
    assert said["fd"] == lines.REQUEST.size - 4
    assert said["config"] == 64 * 4 + 32
    keys = said["keys"]
    typing = Typing(wedge.Kind.QR)
    for sign, code in keys.items():
        if len(sign) == 1 and sign != "#":
            typing.key(code, 1, 0.0)
    typing.key(keys["shift"], 1, 0.0)
    typing.key(keys["a"], 1, 0.0)
    typing.key(keys["shift"], 0, 0.0)
    typing.key(keys["capitals"], 1, 0.0)
    typing.key(keys["z"], 1, 0.0)
    typing.key(keys["7 on the pad"], 1, 0.0)
    assert typing.key(keys["enter"], 1, 0.0) == "01az-.AZ7"
    typing = Typing(wedge.Kind.PIN)
    typing.key(keys["1"], 1, 0.0)
    assert typing.key(keys["#"], 1, 0.0) == "1"


class Board:
    """A folder that stands for the hardware, and the process that believes it."""

    def __init__(self, tmp_path, shim, site, *, open_seconds=0.6):
        self.folder = tmp_path / "hardware"
        self.folder.mkdir()
        (self.folder / "chip").touch()
        os.mkfifo(self.folder / "event0")
        self.cable = os.open(self.folder / "event0", os.O_RDWR | os.O_NONBLOCK)
        pairing = tmp_path / "pair.json"
        pairing.write_text(json.dumps({"server": site.address, "code": "CODE-1"}))
        self.config = tmp_path / "gate.toml"
        self.config.write_text(
            f"""
state = "{tmp_path}/state"
[site]
pair_file = "{pairing}"
poll_seconds = 0.1
[relay]
chip = "{self.folder}/chip"
line = {RELAY}
active_low = true
open_seconds = {open_seconds}
[light]
chip = "{self.folder}/chip"
green = {GREEN}
[[reader]]
kind = "card"
name = "outside"
device = "{self.folder}/event0"
[[input]]
kind = "exit"
chip = "{self.folder}/chip"
line = {EXIT}
active_low = true
pull = "up"
[[input]]
kind = "contact"
chip = "{self.folder}/chip"
line = {CONTACT}
"""
        )
        self.env = {**os.environ, "LD_PRELOAD": str(shim), "PRETEND": str(self.folder)}
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gate", "serve", "--config", str(self.config)],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def log(self):
        file = self.folder / "log"
        return file.read_text().splitlines() if file.exists() else []

    def relay(self):
        return [line.split()[2] for line in self.log if line.startswith(f"set {RELAY} ")]

    def waits_for(self, done, seconds=60):
        ends = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends, self.log
            assert self.process is None or self.process.poll() is None
            time.sleep(0.02)

    def types(self, text):
        os.write(self.cable, typed(text))

    def moves(self, pin, edge):
        with open(self.folder / f"pin-{pin}", "r+b", buffering=0) as pipe:
            pipe.write(lines.EVENT.pack(0, edge, pin, 0, 0, *[0] * 6))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code, self.process = self.process.wait(timeout=20), None
        return code

    def close(self):
        if self.process is not None:
            self.end(signal.SIGKILL)
        os.close(self.cable)


@pytest.fixture
def board(request, tmp_path, shim, site):
    board = Board(tmp_path, shim, site, open_seconds=getattr(request, "param", 0.6))
    yield board
    board.close()


def has_followed(site):
    """What came with one answer is kept before the next is asked for."""
    return [path for _, path, _ in site.asked].count("feed") > 1


def test_a_card_moves_the_relay_and_it_comes_to_rest(site, board):
    site.give_card(CARD)
    (board.folder / f"level-{CONTACT}").touch()
    board.start()
    board.waits_for(lambda: len(board.log) >= 7)
    asked = [line for line in board.log if line.startswith("request")]
    assert asked == [
        f"request {RELAY} 'linmen relay' output low debounce=0",
        f"request {EXIT} 'linmen exit' input low rising up debounce=20000",
        f"request {CONTACT} 'linmen contact' input rising falling debounce=20000",
        f"request {GREEN} 'linmen green' output debounce=0",
    ]
    assert "grab 1" in board.log
    assert board.relay() == ["0"]  # at rest before anything else
    board.waits_for(lambda: has_followed(site))
    board.types(CARD)
    board.waits_for(lambda: board.relay() == ["0", "1", "0"])
    board.waits_for(lambda: f"set {GREEN} 1" in board.log)
    board.types("5555")
    board.waits_for(lambda: {event["outcome"] for event in site.events.values()} == {"opened", "refused"})
    assert board.relay() == ["0", "1", "0"]
    board.moves(EXIT, RISING)
    board.waits_for(lambda: board.relay()[:4] == ["0", "1", "0", "1"])
    assert board.end() == 0
    assert board.relay()[-1] == "0"  # closing, not waiting for its time


@pytest.mark.parametrize("board", [25], indirect=True)
def test_after_kill_9_the_relay_is_put_to_rest_by_whoever_comes(site, board):
    site.give_card(CARD)
    board.start()
    board.waits_for(lambda: board.relay() == ["0"] and f"set {GREEN} 0" in board.log)
    board.moves(EXIT, RISING)
    board.waits_for(lambda: board.relay() == ["0", "1"])
    board.end(signal.SIGKILL)
    assert board.relay() == ["0", "1"]  # this chip holds its level
    command = [sys.executable, "-m", "gate", "rest", "--config", str(board.config)]
    subprocess.run(command, cwd=ROOT, env=board.env, check=True)
    assert set(board.relay()[2:]) == {"0"}
    board.start()
    board.waits_for(lambda: len([line for line in board.log if line.startswith("grab")]) == 2)
    assert set(board.relay()[2:]) == {"0"}


def test_hardware_that_another_has_is_waited_for(site, board):
    site.give_card(CARD)
    (board.folder / "refuses").touch()
    board.start()
    board.waits_for(lambda: has_followed(site))
    assert board.log == []
    (board.folder / "refuses").unlink()
    board.waits_for(lambda: "grab 1" in board.log)
    board.types(CARD)
    board.waits_for(lambda: "1" in board.relay())


def test_events_of_the_chip_are_read_as_it_packs_them(tmp_path, shim):
    """Its structure by hand, field for field, beside the one that the driver reads with."""
    raw = struct.pack("=Q", 7) + struct.pack("=IIII", RISING, CONTACT, 1, 1) + bytes(24)
    assert lines.EVENT.unpack(raw)[:3] == (7, RISING, CONTACT)
    assert len(raw) == lines.EVENT.size
