"""`python -m gate.terminals` from the command line, beside a simulator from the command line; and its unit."""

import configparser
import json
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import free_port
from tests.terminals.conftest import CARD, NUMBER, SERIAL

ROOT = Path(__file__).resolve().parents[2]


def call(folder, *arguments, text=None):
    command = [sys.executable, "-m", "gate.terminals", "--state", str(folder), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, input=text, timeout=60
    )


@contextmanager
def running(*command):
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        process.stdin.close()
        process.stdout.close()


def say(process, **asked):
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def until(so, timeout=40):
    deadline = time.monotonic() + timeout
    while not (answer := so()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return answer


def test_from_knocking_to_an_open_door_by_the_words_of_the_guide(site, tmp_path):
    folder, port = tmp_path / "state", str(free_port())
    site.give_card(NUMBER)
    run = ("run", "--bind", "127.0.0.1", "--port", port, "--poll-seconds", "0.2", "--first-wait", "0.2")
    with running("gate.terminals", "--state", str(folder), *run) as gateway:
        assert json.loads(gateway.stdout.readline()) == {"serving": "127.0.0.1", "port": int(port)}
        assert stat.S_IMODE((folder / "control").stat().st_mode) == 0o600
        simulator = ("gate.terminals.simulator", "--server", f"http://127.0.0.1:{port}", "--serial", SERIAL)
        with running(*simulator, "--every", "0.1") as terminal:
            until(lambda: SERIAL in json.loads(call(folder, "status").stdout)["knocking"])
            assert (
                call(folder, "approve", SERIAL, "--code", "WRONG", "--server", site.address).returncode == 1
            )
            assert (
                call(folder, "approve", SERIAL, "--code", "CODE-1", "--server", site.address).returncode == 0
            )
            until(lambda: "1" not in say(terminal, users=True) and say(terminal, users=True)["users"])
            said = call(folder, "learn", text=f"{NUMBER}\n\nnonsense\n").stdout.splitlines()
            assert [json.loads(line)["learned"][SERIAL] for line in said] == ["learned", "unknown"]
            until(lambda: say(terminal, card=CARD)["open"])
            assert say(terminal, type=["48213", "482915"]) == {"open": False}
            until(lambda: site.events)
            assert call(folder, "clear", SERIAL).returncode == 0
            assert call(folder, "move", SERIAL, "--address", "nowhere").returncode == 1
            refused = call(folder, "remove", SERIAL)
            assert refused.returncode == 1
            assert "still in the terminal" in refused.stdout
            (status,) = json.loads(call(folder, "status").stdout)["terminals"]
            assert (status["silent"], status["cards"], status["not_learned"]) == (False, 1, [])
    assert gateway.returncode == 0
    assert not (folder / "control").exists()
    assert call(folder, "status").returncode == 2


def test_two_gateways_on_one_folder_and_a_public_address_do_not_start(site, tmp_path):
    assert call(tmp_path / "other", "run", "--bind", "8.8.8.8").returncode == 2
    assert call(tmp_path / "other", "run", "--bind", "0.0.0.0").returncode == 2


def test_a_line_that_is_nothing_is_answered_and_the_gateway_goes_on(house):
    from gate.terminals.control import Control, ask

    control = Control(house.folder, house.gateway.acts())
    control.start()
    for asked in (
        {},
        {"act": "dance"},
        {"act": "learn"},
        {"act": "clear", "serial": "NOBODY", "administrators": False},
    ):
        assert "error" in ask(house.folder, **asked)
    assert ask(house.folder, act="status")["terminals"] == []
    control.close()


def test_a_terminal_that_is_silent_makes_its_device_silent(approved, monkeypatch):
    from datetime import timedelta

    approved.until(lambda: approved.site.asked)
    monkeypatch.setattr("gate.terminals.terminal.SILENT_AFTER", timedelta(seconds=0.5))
    ends = time.monotonic() + 30
    while approved.own.status()["trouble"] != "the terminal is silent":  # said by whoever asks the site
        assert time.monotonic() < ends
        time.sleep(0.05)
    asked = len(approved.site.asked)
    time.sleep(0.5)
    assert len(approved.site.asked) == asked
    status = approved.own.status()
    assert (status["silent"], status["trouble"]) == (True, "the terminal is silent")
    approved.until(lambda: len(approved.site.asked) > asked)


@pytest.fixture
def unit():
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(ROOT / "deploy" / "systemd" / "linmen-terminals.service")
    return parser["Service"]


def test_its_unit_runs_what_there_is_and_is_walled_in(unit):
    from gate.terminals.__main__ import _parser

    words = unit["ExecStart"].split()
    assert words[1:3] == ["-m", "gate.terminals"]
    options = _parser().parse_args([word.replace("${TERMINALS_BIND}", "10.0.0.1") for word in words[3:]])
    assert options.bind == "10.0.0.1"
    assert (unit["ProtectSystem"], unit["StateDirectoryMode"], unit["CapabilityBoundingSet"]) == (
        "strict",
        "0700",
        "",
    )
    assert unit["IPAddressDeny"] == "any"
    assert "/var/lib/linmen-terminals" in unit["ExecStart"]
    guide = (ROOT / "docs" / "terminals.md").read_text(encoding="utf-8")
    assert "enable --now linmen-terminals" in guide
