"""The agent as a process: told what to do line by line, killed, started again."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.gate import pictures

CARD = "04A2B3C4"


class Door:
    def __init__(self, state, *arguments):
        command = [
            sys.executable,
            "-m",
            "gate",
            "--state",
            str(state),
            "run",
            "--poll-seconds",
            "0.2",
            *arguments,
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=pictures.ROOT,
        )

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def decides(self, **question):
        """Without the words, the light and the clip that go with it."""
        said = self.ask(**question)
        assert said.pop("say")
        assert said.pop("light")
        assert said.pop("clip")
        return said

    def look(self, photo):
        assert self.ask(scan=True) == {"scan": True}
        return self.decides(photo=str(photo))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=60)
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.returncode


@pytest.fixture
def open_door(tmp_path):
    doors = []

    def start(*arguments):
        doors.append(Door(tmp_path / "state", *arguments))
        return doors[-1]

    yield start
    for door in doors:
        if door.process.poll() is None:
            door.end(signal.SIGKILL)


def test_it_pairs_follows_decides_and_ends_cleanly(site, open_door, tmp_path):
    card = site.give_card(CARD)
    face = site.give_face(pictures.enrolled(pictures.drawn(0), pictures.drawn(0, 1)))
    photo = tmp_path / "frame.jpg"
    photo.write_bytes(pictures.drawn(0, 2))
    door = open_door("--server", site.address, "--pair-code", "CODE-1")
    assert door.ask(sync=True)["cards"] == 1
    assert door.decides(card=CARD) == {"open": True, "reason": "allowed", "credential": card}
    assert door.look(photo) == {"open": True, "reason": "allowed", "credential": face}
    assert door.look("/nowhere.jpg")["reason"] == "unreadable_photo"
    assert "error" in door.ask(dance=True)
    site.drop(face)
    assert door.ask(sync=True)["faces"] == 0
    assert [receipt["credential"] for receipt in site.receipts] == [face]
    assert door.look(photo)["reason"] == "unknown_face"
    assert door.ask(card=CARD)["open"] is True
    assert door.end() == 0


def test_it_takes_what_a_keypad_and_a_scanner_say(site, open_door):
    pin, code = site.give_pin("48213", "482915"), site.give_qr()
    door = open_door("--server", site.address, "--pair-code", "CODE-1")
    assert door.ask(sync=True)["pins"] == 1
    assert door.decides(pin="48213482915") == {"open": True, "reason": "allowed", "credential": pin}
    text = site.token(code)
    assert door.decides(qr=text) == {"open": True, "reason": "allowed", "credential": code}
    assert door.ask(qr=text)["reason"] == "code_used"
    for hostile in ("x" * 200_000, "\x00", {"a": 1}, None, "'; DROP TABLE rows; --"):
        assert door.ask(qr=hostile)["reason"] == "unreadable_code" or len(str(hostile)) > 60_000
    for _ in range(3):
        said = door.decides(pin="48213739155", keypad="inside")
    assert said == {"open": False, "reason": "wrong_pin", "credential": None}
    assert door.ask(pin="48213482915", keypad="inside")["wait"] > 0
    assert door.ask(pin="48213482915")["open"] is True
    door.process.stdin.write(b"[" * 50_000 + b"\n")
    door.process.stdin.flush()
    assert "error" in json.loads(door.process.stdout.readline())
    assert door.end(signal.SIGKILL) == -9
    again = open_door()
    assert again.ask(pin="48213482915", keypad="inside")["open"] is False
    assert again.ask(qr=text)["reason"] == "code_used"


def test_it_goes_on_after_kill_9(site, open_door):
    site.give_card(CARD)
    door = open_door("--server", site.address, "--pair-code", "CODE-1")
    door.ask(sync=True)
    site.mischief = "silence"
    door.ask(card=CARD)
    assert door.end(signal.SIGKILL) == -9
    again = open_door()
    assert again.ask(card=CARD)["open"] is True
    site.mischief = None
    again.ask(sync=True)
    assert [event["outcome"] for event in site.events.values()] == ["opened", "opened"]
    assert again.end(signal.SIGINT) == 0


def test_it_walks_through_a_scripted_day(site, tmp_path):
    site.give_card(CARD)
    script, pairing = tmp_path / "day.json", tmp_path / "pair.json"
    script.write_text(json.dumps([{"after": 0.3, "card": CARD}]))
    pairing.write_text(json.dumps({"server": site.address, "code": "CODE-1"}))
    door = Door(tmp_path / "state", "--script", str(script), "--pair-file", str(pairing))
    ends = time.monotonic() + 60
    while json.loads(door.process.stdout.readline()).get("open") is not True:
        assert time.monotonic() < ends
    assert door.end() == 0


def test_a_second_agent_on_the_same_state_is_turned_away(site, open_door):
    door = open_door("--server", site.address, "--pair-code", "CODE-1")
    door.ask(status=True)
    second = open_door()
    assert second.process.wait(timeout=60) == 2
    door.process.stdin.write(b'{"quit": true}\n')
    door.process.stdin.flush()
    assert door.process.wait(timeout=60) == 0


def test_what_cannot_be_served_is_said_in_one_line(tmp_path):
    def gate(*arguments):
        command = [sys.executable, "-m", "gate", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=pictures.ROOT)

    config, state = tmp_path / "gate.toml", tmp_path / "state"
    config.write_text(f'state = "{state}"\n[relay]\ndriver = "simulated"\nsped = 3\n')
    for what in (
        "relay.sped is a word that nobody here knows",
        "file is not a database",
    ):
        said = gate("serve", "--config", str(config))
        assert said.returncode == 2, said.stderr
        assert what in said.stderr
        assert "Traceback" not in said.stderr
        config.write_text(f'state = "{state}"\n[relay]\ndriver = "simulated"\n')
        state.mkdir(exist_ok=True)
        (state / "gate.sqlite3").write_bytes(b"no database at all, whatever it is called" * 100)
    assert gate("serve", "--config", str(tmp_path / "nowhere.toml")).returncode == 2


def test_it_pairs_tells_and_forgets_from_the_command_line(site, tmp_path):
    def gate(*arguments):
        command = [sys.executable, "-m", "gate", "--state", str(tmp_path / "state"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=pictures.ROOT)

    assert gate("pair", "--server", site.address, "--code", "WRONG").returncode == 1
    assert gate("pair", "--server", "http://example.org", "--code", "CODE-1").returncode == 1
    paired = gate("pair", "--server", site.address, "--code", "CODE-1")
    assert json.loads(paired.stdout)["device"] == site.device
    assert json.loads(gate("status").stdout)["paired"] is True
    assert json.loads(gate("forget").stdout)["paired"] is False
