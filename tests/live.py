"""A whole house for one test: its own servers, its own folder, real processes that may be killed."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from django.conf import settings
from django.core.cache import caches
from django.test import override_settings
from kombu import pools

from portal import embedded, places, processes
from portal.celery import app as celery
from portal.tether import Tether
from tests import seed
from tests.databases import FAST, pointed_at
from tests.proving import absence


class Agent:
    """A device and whoever stands before it."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.child = child

    def ask(self, timeout: float = 60, **question: Any) -> dict[str, Any]:
        """`ask(card="04:A2")`, `ask(photo="/path.jpg")`, `ask(sync=True)`: what it answers."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(question).encode() + b"\n")
        self.child.stdin.flush()
        return self.read(timeout)

    def read(self, timeout: float = 60) -> dict[str, Any]:
        """Its next line, for commands that end (`pair`, `status`)."""
        assert self.child.stdout is not None
        with ThreadPoolExecutor(1) as reader:
            line = reader.submit(self.child.stdout.readline).result(timeout)
        assert line, f"the agent has ended with {self.child.wait(10)}"
        return dict(json.loads(line))


class Live:
    """`web()`, `worker()`, `beat()`, `agent(name)` start processes; `kill(child)` is `kill -9` of its whole group.

    While it stands, Django in the test's own process looks at the same databases, Redis and folder.
    """

    def __init__(self, var: Path, tether: Tether, servers: embedded.Servers) -> None:
        self.var = var
        self.servers = servers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "LINMEN_VAR": str(var), "LINMEN_MODE": "test", "PYTHONUNBUFFERED": "1"}
        self.redis = redis.Redis.from_url(embedded.redis_url(var))
        self._tether = tether
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: list[str], env: Mapping[str, str] | None = None, *, talk: bool = False
    ) -> subprocess.Popen[bytes]:
        assert name not in self._children, f"{name} runs already"
        with (self.var / "log" / f"{name}.log").open("ab") as log:
            child = self._tether.start(
                command, log=log, env={**self.env, **(env or {})}, cwd=places.BASE, talk=talk
            )
        self._children[name] = child
        return child

    def web(self, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        child = self.start("web", processes.web(port=self.port), env)
        self.wait_until(lambda: self.answers() or child.poll() is not None, timeout=90)
        assert child.poll() is None, self.log("web")
        return child

    def gates(self, env: Mapping[str, str] | None = None) -> str:
        """The gates' own server: its address."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        child = self.start("gates", processes.gates(port=port), env)
        self.wait_until(lambda: self.answers(url) or child.poll() is not None, timeout=90)
        assert child.poll() is None, self.log("gates")
        return url

    def answers(self, url: str = "") -> bool:
        try:
            httpx.get(f"{url or self.url}/healthz/", timeout=10)
        except httpx.TransportError:
            return False
        return True

    def worker(self, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        return self.start("worker", processes.worker(), env)

    def beat(self, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        return self.start("beat", processes.beat(), env)

    def agent(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Agent:
        """`python -m gate --state var/gates/<name> <arguments>`, with somebody at its door."""
        state = self.var / "gates" / name
        command = [sys.executable, "-m", "gate", "--state", str(state), *arguments]
        return Agent(self.start(name, command, env, talk=True))

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.env,
            cwd=places.BASE,
            check=check,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def collect_static(self) -> None:
        """What pages are drawn with, for `web`: collected once in a run, and copied."""
        once = Path(os.environ["LINMEN_VAR"]) / "collected"
        if not once.exists():
            self.manage("collectstatic", "--no-input", "--verbosity", "0")
            shutil.copytree(self.var / "static", once)
        shutil.copytree(once, self.var / "static", dirs_exist_ok=True)

    def kill(self, child: subprocess.Popen[bytes] | Agent, number: int = signal.SIGKILL) -> None:
        """`kill -9` of the process and all it forked, and forgets its name so that it can be started again."""
        child = child.child if isinstance(child, Agent) else child
        os.killpg(child.pid, number)
        child.wait(30)
        self._forget(child)

    def server(self, name: str) -> int:
        """The process of "postgres" or "redis"."""
        return self.servers._children[name].pid

    def start_again(self, name: str) -> None:
        """A server that was killed comes back, as soon as what it left behind has ended."""
        self.servers._children[name].wait(30)
        start = {"postgres": self.servers._start_postgres, "redis": self.servers._start_redis}[name]
        deadline = time.monotonic() + 30
        while True:
            try:
                return start()
            except embedded.EmbeddedFailed:  # its children hold its memory until they notice
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self, child: subprocess.Popen[bytes] | Agent) -> None:
        child = child.child if isinstance(child, Agent) else child
        self._tether.end(child)
        self._forget(child)

    def _forget(self, child: subprocess.Popen[bytes]) -> None:
        self._tether.forget(child)
        self._children = {name: other for name, other in self._children.items() if other is not child}

    def log(self, name: str) -> str:
        return (self.var / "log" / f"{name}.log").read_text(errors="replace")

    def wait_until(self, predicate: Callable[[], Any], timeout: float = 90, every: float = 0.1) -> Any:
        """What the predicate answers, once it is true; else fails with the logs' ends."""
        deadline = time.monotonic() + timeout
        while not (answer := predicate()):
            if time.monotonic() > deadline:
                ends = "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in self._children)
                pytest.fail(f"waited {timeout} s in vain\n{ends}")
            time.sleep(every)
        return answer

    def close(self) -> None:
        self._tether.end(*self._children.values(), grace=5)
        self.redis.close()


# Below those that the system gives to whoever calls somebody: one of theirs may be taken before the server stands there. Each
# worker begins elsewhere, and none comes twice in a run.
PORTS = range(20_000, 32_000)
_ports = itertools.count(os.getpid() * 1_009)


def free_port() -> int:
    for number in itertools.islice(_ports, len(PORTS)):
        port = PORTS[number % len(PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def resting() -> Path:
    """A migrated cluster at rest, to be copied: a `live` test then needs no `initdb` and no migrations."""
    var = settings.VAR / "resting"
    seed.copy(var)
    if absence.guard() is not None:
        seed.lend_keys(var)
        with embedded.serve(var, settings=FAST):
            absence.take_away(var)
    return var


@pytest.fixture
def live(
    request: pytest.FixtureRequest, resting: Path, django_db_blocker: pytest.FixtureRequest
) -> Iterator[Live]:
    var = settings.VAR / f"live-{abs(hash(request.node.nodeid)):x}"[:14]
    var.mkdir()
    # As root the cluster belongs to another user: `cp -p` keeps that, shutil does not.
    subprocess.run(["cp", "-pR", str(resting / "pg"), str(var / "pg")], check=True)
    shutil.copytree(settings.VAR / "keys", places.make_private(var / "keys"), dirs_exist_ok=True)
    with ExitStack() as stack, django_db_blocker.unblock():  # type: ignore[attr-defined]
        stack.callback(shutil.rmtree, var, ignore_errors=True)
        servers = stack.enter_context(embedded.serve(var, settings=FAST))
        assert servers is not None
        tether = Tether()
        stack.callback(tether.release)
        stack.enter_context(_looking_at(var))
        house = Live(var, tether, servers)
        stack.callback(house.close)
        yield house


@contextmanager
def _looking_at(var: Path) -> Iterator[None]:
    url = embedded.redis_url(var)
    changed = {
        "VAR": var,
        "PHOTOS": var / "photos",
        "JOURNAL": var / "journal",
        "BACKUP_FOLDERS": {kind: var / "backups" / kind for kind in ("data", "vault")},
        "EPOCHS": str(var / "keys" / "epochs"),
        "EPOCHS_COPY": str(var / "keys" / "epochs-copy"),
        "REDIS_URL": url,
        "CACHES": {"default": {**settings.CACHES["default"], "LOCATION": url}},
    }
    with pointed_at(embedded.DATABASES, var=var), override_settings(**changed), _queueing_at(url):
        caches.close_all()
        yield


@contextmanager
def _queueing_at(url: str) -> Iterator[None]:
    before = celery.conf.broker_url
    celery.conf.broker_url = url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    _forget_pools()
    yield
    celery.conf.broker_url = before
    _forget_pools()


def _forget_pools() -> None:
    pools.reset()  # or connections to the other broker would be taken up again
    celery._pool = None
    celery.amqp._producer_pool = None
