"""How each process of the house is started: one list, used by the supervisor and by the tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HELD = 20_500  # requests at once: each gate's open question (access.api.holding), and some that pass by


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


def gates(*, port: int, host: str = "127.0.0.1") -> list[str]:
    """What gates speak with: it may hold thousands of their questions open, in one process."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--host", host),
        *("--port", str(port), "--workers", "1", "--backpressure", str(HELD), "portal.asgi:application"),
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


def demo_gates(var: Path, *, url: str) -> dict[str, list[str]]:
    """The simulated gates. The demo community wrote each one's folder, `var/gates/<name>/`: `script.json`, its day, and
    `code`, its pairing code; the address to pair with is known only now."""
    found = {}
    for folder in sorted((var / "gates").glob("*/")):
        script, code, pairing = folder / "script.json", folder / "code", folder / "pairing.json"
        if not script.exists():
            continue
        if code.exists():
            pairing.write_text(json.dumps({"server": url, "code": code.read_text().strip()}))
        found[folder.name] = [
            *(sys.executable, "-m", "gate", "--state", str(folder / "state"), "run"),
            *("--script", str(script), "--pair-file", str(pairing), "--server", url),
        ]
    return found
