"""One parent for every process of the demo: web, gates' server, worker, beat and the gates, with PostgreSQL and Redis below them.

    python -m portal.supervisor

It prepares, starts, says where to look, and watches. When a child dies it says which, shows the end of its log, and
ends the rest: a house with a part missing is not left standing as if all were well. However this process itself ends,
by Ctrl-C, a closed terminal or `kill -9`, nothing it started is left (see `portal.tether`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

from portal import embedded, locks, places, processes
from portal.tether import Tether

HOST = "127.0.0.1"
WELL_SECONDS = 120.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Halt(Exception):
    """The demo ends here; the message is for the person at the terminal."""


class Stopped(Exception):
    """Asked to stop."""


def say(line: str = "") -> None:
    with suppress(OSError):  # the terminal may be gone
        print(line, flush=True)


class Supervisor:
    def __init__(self, *, var: Path, port: int) -> None:
        self.var = var
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.gates_port = free_port()
        self.env = {
            **os.environ,
            "LINMEN_MODE": "demo",
            "LINMEN_VAR": str(var),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: embedded.Servers | None = None
        self._stop_asked = False

    def run(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._asked)
        (self.var / "log").mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._alone(stack)
            ensure_free(self.port)
            say("Starting PostgreSQL and Redis …")
            self.servers = stack.enter_context(embedded.serve(self.var))
            with locks.locked(self.var / "demo.watcher") as lock:
                self.tether = Tether(holding=[lock])
            stack.callback(self.tether.release)
            stack.callback(self._end)
            self._prepare()
            self._start()
            self._welcome()
            while True:
                self._pause(0.5)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True

    def _alone(self, stack: ExitStack) -> None:
        parent = locks.try_lock(self.var / "demo.parent")
        if parent is None:
            raise Halt("The demo of this folder is running already. Stop it first (Ctrl-C where it runs).")
        stack.callback(os.close, parent)
        with locks.locked(self.var / "demo.watcher"):
            pass  # what a killed run left is ending: now it has

    def _prepare(self) -> None:
        for words, *arguments in (
            ("Bringing both databases up to date", "migrate", "--verbosity", "1"),
            ("Making the first wrapping key", "epochs", "open"),
            ("Collecting styles and pictures", "collectstatic", "--no-input", "--verbosity", "0"),
            ("Moving the residents in", "demo"),
        ):
            say(f"{words} …")
            self._spawn(arguments[0], [sys.executable, "manage.py", *arguments])
            while (code := self.children[arguments[0]].poll()) is None:
                self._pause(0.05, besides=arguments[0])
            if code:
                raise Halt(f"`manage.py {arguments[0]}` failed.\n{self._end_of_log(arguments[0])}")
            self.tether.forget(self.children.pop(arguments[0]))

    def _start(self) -> None:
        say("Starting web, worker, beat and gates …")
        self._spawn("web", processes.web(port=self.port, host=HOST))
        self._spawn("gates", processes.gates(port=self.gates_port, host=HOST))
        self._spawn("worker", processes.worker())
        self._spawn("beat", processes.beat())
        waited = time.monotonic() + WELL_SECONDS
        while not self._answers():
            self._pause(0.2)
            if time.monotonic() > waited:
                raise Halt(
                    f"The site did not answer in {WELL_SECONDS:.0f} seconds.\n{self._end_of_log('web')}"
                )
        while not listens(self.gates_port):
            self._pause(0.2)
            if time.monotonic() > waited:
                raise Halt(f"The gates' server does not answer.\n{self._end_of_log('gates')}")
        for name, arguments in processes.demo_gates(self.var, url=f"http://{HOST}:{self.gates_port}").items():
            self._spawn(f"gate-{name}", arguments, env=gate_environment())
        missing = ""
        while missing := self._unwell():
            self._pause(0.3)
            if time.monotonic() > waited:
                raise Halt(f"Not everything came up: {missing}. The logs are in {self.var / 'log'}.")

    def _spawn(self, name: str, command: list[str], *, env: dict[str, str] | None = None) -> None:
        path = self.var / "log" / f"{name}.log"
        with suppress(FileNotFoundError):
            path.replace(path.with_suffix(".old"))
        with path.open("wb") as log:
            self.children[name] = self.tether.start(command, log=log, env=env or self.env, cwd=places.BASE)

    def _answers(self) -> bool:
        return self._health() is not None

    def _unwell(self) -> str:
        health = self._health() or {"site": {"ok": False}}
        return ", ".join(name for name, part in health.items() if isinstance(part, dict) and not part["ok"])

    def _health(self) -> dict[str, object] | None:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz/", timeout=10) as answer:  # noqa: S310
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error)) if error.code == 503 else None
        except (OSError, ValueError):
            return None

    def _pause(self, seconds: float, *, besides: str = "") -> None:
        """Waits, and notices a wish to stop or a death meanwhile."""
        time.sleep(seconds)
        if self._stop_asked:
            raise Stopped
        dead = next(
            (n for n, child in self.children.items() if n != besides and child.poll() is not None), None
        )
        if dead is None and self.servers is not None:
            dead = self.servers.died()
        if dead is not None:
            raise Halt(
                f"{dead} has died, so all is being stopped. The end of its log:\n{self._end_of_log(dead)}"
            )

    def _end_of_log(self, name: str, lines: int = 20) -> str:
        path = self.var / "log" / f"{name}.log"
        text = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(f"    {line}" for line in text[-lines:]) + f"\n(all of it: {path})"

    def _end(self) -> None:
        self.tether.end(*self.children.values())

    def _welcome(self) -> None:
        say()
        say(f"Linmen is open at {self.url}/   (health: {self.url}/healthz/)")
        welcome = self.var / "demo" / "welcome.txt"
        if welcome.exists():
            say(welcome.read_text(encoding="utf-8").replace("{url}", self.url).rstrip())
        say(f"Logs: {self.var / 'log'}    Stop: Ctrl-C    Begin anew: make reset")


def gate_environment() -> dict[str, str]:
    """A gate is another machine: it gets none of the server's secrets or addresses."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
    return {
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        **{k: os.environ[k] for k in kept if k in os.environ},
    }


def free_port() -> int:
    """For what nobody has to know the address of."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def ensure_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Halt(
                f"Port {port} cannot be used ({error.strerror}). Choose another: PORT={port + 1} make demo"
            ) from None


def wanted_port() -> int:
    named = os.environ.get("PORT") or "8000"
    if not named.isdecimal() or not 0 < int(named) < 65536:
        raise Halt(f"PORT={named} is not a port number.")
    return int(named)


def main() -> int:
    try:
        Supervisor(var=places.var(), port=wanted_port()).run()
    except Stopped:
        say("\nStopped; nothing is left running.")
        return 0
    except (Halt, embedded.EmbeddedFailed, places.UnsafeFolder) as reason:
        say(f"\n{reason}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
