"""One parent for all processes; nothing is ever left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from portal import places, reset
from tests.house import processes
from tests.live import free_port

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def var(request: pytest.FixtureRequest) -> Path:
    return settings.VAR / f"supervised-{id(request):x}"


@pytest.fixture
def run(var: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, port: int | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.house.pretend", str(var), *arguments],
            env={**os.environ, "PORT": str(port or free_port())},
            cwd=places.BASE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
    assert processes.all_end(processes.of(var))


def until_open(process: subprocess.Popen[str]) -> str:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith("Logs:"):
            return said
    raise AssertionError(f"it never opened:\n{said}")


def test_it_names_a_taken_port_before_anything_else_starts(run, var):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said, _ = (process := run(port=port)).communicate(timeout=20)
    assert process.returncode == 1
    assert f"Port {port} cannot be used" in said
    assert "PostgreSQL" not in said
    assert not (var / "pg").exists()


def test_it_refuses_a_port_that_is_none(run):
    process = run(port="eighty")
    assert "PORT=eighty is not a port number" in process.communicate(timeout=20)[0]
    assert process.returncode == 1


def test_it_names_the_dead_child_shows_its_last_words_and_stops_the_rest(run, var):
    process = run("sickly")
    until_open(process)
    there = processes.of(var)
    (var / "die").touch()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "worker has died" in said
    assert "the last words" in said
    assert processes.all_end(there)


def test_it_stops_when_the_database_dies(run, var):
    process = run()
    until_open(process)
    there = processes.of(var)
    postmaster = next(each for each in there if "postgres" in each.name() and "-D" in each.cmdline())
    postmaster.kill()
    assert "postgres has died" in process.communicate(timeout=30)[0]
    assert processes.all_end(there)


def test_it_leaves_no_process_when_asked_to_stop_and_does_so_soon(run, var):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = run()
        until_open(process)
        there = processes.of(var)
        # itself, two watchers, web, worker and its fork, beat and its fork, PostgreSQL and its own, Redis
        assert len(there) >= 10
        began = time.monotonic()
        process.send_signal(number)
        assert "nothing is left running" in process.communicate(timeout=30)[0]
        assert process.returncode == 0
        assert processes.all_end(there, within=5)
        assert time.monotonic() - began < 7


def test_it_leaves_no_process_when_killed_and_starts_again_at_once(run, var):
    port = free_port()
    process = run(port=port)
    assert f"http://127.0.0.1:{port}/" in until_open(process)
    there = [each for each in processes.of(var) if each.pid != process.pid]
    process.kill()
    process.wait()
    until_open(run())
    assert processes.all_end(there, within=0.1)


def test_it_runs_once_per_folder_and_a_reset_waits_for_its_end(run, var):
    process = run()
    until_open(process)
    second = run()
    assert "running already" in second.communicate(timeout=20)[0]
    assert second.returncode == 1
    assert not reset.reset(var)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    (var / "somebody-elses").mkdir()
    assert reset.reset(var)
    assert not (var / "pg").exists()
    assert not (var / "keys").exists()
    assert (var / "somebody-elses").exists()
