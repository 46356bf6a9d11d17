"""How each process of the house is started: one list, used by the supervisor and by the tests."""

from __future__ import annotations

import sys
from pathlib import Path


def web(*, port: int, host: str = "127.0.0.1", threads: int = 2) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", host),
        *(
            "--port",
            str(port),
            "--workers",
            "1",
            "--blocking-threads",
            str(threads),
            "portal.wsgi:application",
        ),
    ]


def worker(*, concurrency: int = 1) -> list[str]:
    """Forked, one thread each: the face library is loaded once per child and is not safe to share."""
    return [
        *(sys.executable, "-m", "celery", "--app", "portal.celery", "worker", "--pool", "prefork"),
        *("--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    ]


def beat() -> list[str]:
    return [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "portal.celery",
        "beat",
        "--loglevel",
        "INFO",
        "--pidfile=",
    ]


def gate(*, state: Path, arguments: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, "-m", "gate", "--state", str(state), "run", *arguments]


def demo_gates(var: Path, *, url: str) -> dict[str, list[str]]:
    """The simulated gates that the demo community set up: each has a folder with its script in it."""
    return {
        folder.name: gate(state=folder, arguments=("--server", url, "--script", str(folder / "script.json")))
        for folder in sorted((var / "gates").glob("*"))
        if (folder / "script.json").exists()
    }
