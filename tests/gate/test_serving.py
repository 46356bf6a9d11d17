"""The service as a process on a board that is played: button, camera, face, keypad, and its page, all at once."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.gate import pictures

CARD, NUMBER, PIN = "04A2B3C4", "48213", "482915"


class Service:
    def __init__(self, tmp_path, site, port):
        self.pipe = tmp_path / "played"
        os.mkfifo(self.pipe)
        self.photo = tmp_path / "seen.jpg"
        pairing, config = tmp_path / "pair.json", tmp_path / "gate.toml"
        pairing.write_text(json.dumps({"server": site.address, "code": "CODE-1"}))
        config.write_text(
            f'state = "{tmp_path}/state"\n[site]\npair_file = "{pairing}"\npoll_seconds = 0.1\n'
            '[relay]\ndriver = "simulated"\nopen_seconds = 0.5\n[light]\ndriver = "simulated"\n'
            f'[camera]\ndriver = "simulated"\ndevice = "{self.photo}"\n[played]\nfrom = "{self.pipe}"\n'
            f'[selftest]\naddress = "127.0.0.1"\nport = {port}\n'
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gate", "serve", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=pictures.ROOT,
        )
        self._waiting, self._told = b"", []

    def does(self, **what):
        with self.pipe.open("a") as pipe:
            pipe.write(json.dumps(what) + "\n")

    def tells(self, *wanted, seconds=60):
        """What it told from the last time on, up to the last of these."""
        ends, found = time.monotonic() + seconds, []
        while time.monotonic() < ends:
            while self._told:
                found.append(self._told.pop(0))
                if all(each in found for each in wanted):
                    return found
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                *lines, self._waiting = (self._waiting + os.read(self.process.stdout.fileno(), 65536)).split(
                    b"\n"
                )
                self._told += [json.loads(line) for line in lines]
        raise AssertionError(f"{wanted} not in {found}")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code


@pytest.fixture
def service(site, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site.give_card(CARD)
    site.give_pin(NUMBER, PIN)
    site.give_face(pictures.enrolled(pictures.drawn(0), pictures.drawn(0, 1)))
    service = Service(tmp_path, site, port)
    service.port = port
    ends = time.monotonic() + 60
    while [path for _, path, _ in site.asked].count("feed") < 2 and time.monotonic() < ends:
        time.sleep(0.05)
    yield service
    if service.process.poll() is None:
        service.end(signal.SIGKILL)


@pytest.mark.obligation("19", "A1")
def test_a_day_at_the_door(site, service, tmp_path):
    opened, shut = {"relay": "open"}, {"relay": "rest"}
    service.does(card=CARD)
    service.tells(opened, {"light": "green"}, shut)
    service.does(pin=NUMBER + PIN)
    service.tells(opened, {"light": "green"}, shut)
    service.photo.write_bytes(pictures.drawn(0, 2))
    service.does(press="scan")
    service.tells({"light": "amber"}, opened, {"light": "green"}, shut)
    service.photo.write_bytes(pictures.drawn(5))
    service.does(press="scan")
    told = service.tells({"light": "amber"}, {"light": "amber"})
    assert opened not in told
    service.does(contact="open")
    service.does(press="test")
    service.tells(opened, {"light": "green"}, shut)
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/", timeout=20) as answer:
        page = answer.read().decode()
    assert "开 open" in page
    assert "Parts that are missing</span></th><td>–<" in page
    for nonsense in ('{"card": 7}', "[]", "{", '{"press": "all"}', '{"contact": "ajar"}', "x" * 70_000):
        with service.pipe.open("a") as pipe:
            pipe.write(nonsense + "\n")
    service.does(press="exit")
    service.tells(opened, shut)
    assert service.end() == 0
    for path in (tmp_path / "state").rglob("*"):
        assert pictures.JPEG not in path.read_bytes(), path
    assert {event["kind"] for event in site.events.values()} >= {"card", "pin", "face"}
