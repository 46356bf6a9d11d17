"""The agent as a board gets it: one file, installed without Django, serving a door at a real site."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import select
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from access import cards, gates, pairing, rules
from access.models import Device, EntryEvent
from portal.places import BASE
from residents.models import Resident
from tests.live import Live

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DEPLOY = BASE / "deploy" / "gate"
CARD = "04 A2 33 B1"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([DEPLOY / "build", folder], check=True, capture_output=True, env=environment)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def board(wheel, tmp_path_factory) -> Path:
    """A fresh environment with the wheel and what requirements-gate.txt pins, linked from where it is installed: nothing else."""
    folder = tmp_path_factory.mktemp("board") / "venv"
    venv.create(folder, with_pip=False)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        str(folder / "bin" / "python"),
    ]
    subprocess.run([*pip, "install", "-q", "--no-index", "--no-deps", str(wheel)], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    for line in (DEPLOY / "requirements-gate.txt").read_text().splitlines():
        if (pin := re.match(r"[a-z].*==[^\\]*", line)) is None:
            continue
        needed = Requirement(pin[0])
        if needed.marker is None or needed.marker.evaluate():
            found = importlib.metadata.distribution(needed.name)
            assert needed.specifier.contains(found.version), f"{needed.name}: lock them together (make lock)"
            for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."} - {
                "__pycache__"
            }:
                if not (site / top).exists():
                    (site / top).symlink_to(found.locate_file(top))
    return folder


def run(board: Path, *arguments: object, **how) -> subprocess.CompletedProcess[str]:
    command = [str(board / "bin" / "linmen-gate"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={}, **how)


@pytest.mark.obligation("19")
def test_it_brings_neither_django_nor_anything_that_knows_faces(board):
    names = ["django", "rest_framework", "celery", "portal", "access", "cv2", "dlib", "face_recognition"]
    absent = f"import importlib.util as u; print([n for n in {names!r} if u.find_spec(n)])"
    said = subprocess.run(
        [board / "bin" / "python", "-c", absent], capture_output=True, text=True, check=True, cwd="/", env={}
    )
    assert said.stdout.strip() == "[]"
    assert run(board, "--help").returncode == 0


def test_all_that_a_board_needs_is_in_it(board):
    share = board / "share" / "linmen-gate"
    for name in ("gate.toml.example", "linmen-gate.service", "requirements-gate.txt", "60-linmen-gate.rules"):
        assert (share / name).read_bytes() == (DEPLOY / name).read_bytes()
    version = re.search(r'^version = "(.+)"', (BASE / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert (
        importlib.metadata.Distribution.at(
            next((board / "lib").glob("python*/site-packages/linmen_gate-*.dist-info"))
        ).version
        == version[1]
    )


def test_it_is_the_same_file_each_time(wheel, tmp_path):
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([DEPLOY / "build", tmp_path], check=True, capture_output=True, env=environment)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_its_unit_is_one_that_systemd_reads(board, tmp_path):
    unit = tmp_path / "linmen-gate.service"
    unit.write_text((DEPLOY / "linmen-gate.service").read_text().replace("/opt/linmen-gate", str(board)))
    said = dict(
        line.split("=", 1)
        for line in unit.read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert (said["Type"], said["Restart"], said["WatchdogSec"]) == ("notify", "always", "60")
    assert said["StartLimitIntervalSec"] == "0"
    assert " rest " in said["ExecStopPost"]
    assert (said["DevicePolicy"], said["ProtectSystem"], said["CapabilityBoundingSet"]) == (
        "closed",
        "strict",
        "",
    )
    if subprocess.run(["systemd-analyze", "--version"], capture_output=True, check=False).returncode == 0:
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no", unit],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "linmen-gate.service" not in checked.stderr, checked.stderr
        assert checked.returncode == 0, checked.stderr


class Played:
    """The service on a board that is played through a pipe."""

    def __init__(self, board: Path, config: Path, pipe: Path) -> None:
        self._pipe = pipe
        self.child = subprocess.Popen(
            [board / "bin" / "linmen-gate", "serve", "--config", config],
            stdout=subprocess.PIPE,
            cwd="/",
            env={},
        )
        assert self.child.stdout is not None
        os.set_blocking(self.child.stdout.fileno(), False)
        self._waiting, self._lines = b"", []

    def does(self, **what: str) -> None:
        self._pipe.open("a").write(json.dumps(what) + "\n")

    def told(self, wanted: dict[str, object], seconds: float = 30) -> bool:
        """Whether it tells this before long."""
        ends = time.monotonic() + seconds
        assert self.child.stdout is not None
        while time.monotonic() < ends:
            if select.select([self.child.stdout], [], [], 0.2)[0]:
                self._waiting += self.child.stdout.read() or b""
            *lines, self._waiting = self._waiting.split(b"\n")
            self._lines += [json.loads(line) for line in lines]
            if wanted in self._lines:
                del self._lines[: self._lines.index(wanted) + 1]  # the rest is for the next who asks
                return True
            self._lines.clear()
        return False


@pytest.mark.obligation("A1", "2")
def test_it_serves_a_door_at_a_real_site(live: Live, board, tmp_path, here, resident: Resident, now):
    gate = gates.put_up(neighborhood=here, name="南门", at=now)
    rule = rules.add(gate=gate, resident=resident, at=now)
    card = cards.issue(resident=resident, number=CARD, at=now)
    live.web()
    pipe, config, key, code = (tmp_path / name for name in ("played", "gate.toml", "key", "pair.json"))
    os.mkfifo(pipe)
    assert run(board, "key", key).returncode == 0
    code.write_text(json.dumps({"server": live.url, "code": pairing.make_code(gate=gate, by=None, at=now)}))
    config.write_text(
        f'state = "{tmp_path}/state"\nkey_file = "{key}"\n[site]\npair_file = "{code}"\npoll_seconds = 0.2\n'
        f'[relay]\ndriver = "simulated"\nopen_seconds = 0.5\n[light]\ndriver = "simulated"\n[played]\nfrom = "{pipe}"\n'
    )
    door = Played(board, config, pipe)
    try:
        live.wait_until(
            lambda: Device.objects.filter(gate=gate, last_poll_at__isnull=False).exists(), timeout=60
        )
        live.wait_until(lambda: _opens(door), timeout=60)
        assert door.told({"relay": "rest"})
        door.does(card="FFFFFFFF")
        assert door.told({"light": "red"})
        live.wait_until(
            lambda: EntryEvent.objects.filter(credential=card.pk, outcome="opened").exists(), timeout=30
        )
        rules.remove(rule=rule, at=now)
        live.wait_until(lambda: not _opens(door), timeout=60)
    finally:
        door.child.terminate()
        assert door.child.wait(20) == 0


def _opens(door: Played) -> bool:
    door.does(card=CARD)
    return door.told({"light": "green"}, seconds=3)


def test_a_board_for_cards_takes_no_camera(board, tmp_path):
    config = tmp_path / "gate.toml"
    config.write_text(f'state = "{tmp_path}/state"\n[relay]\ndriver = "simulated"\n[camera]\ndevice = 0\n')
    said = run(board, "serve", "--config", config)
    assert said.returncode == 2
    assert "not installed: cv2, dlib" in said.stderr
    assert "Traceback" not in said.stderr
