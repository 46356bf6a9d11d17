"""`kill -9` at every write of an agent: its act runs in a forked process that dies just before one of them.

A write is a commit of SQLite, a statement outside a transaction that changes anything, a file or folder made or changed in
mode, or a pragma that may. Counted by running the act once; dying before each, and after the last, is every state
that a kill can leave. Commits are SQLite's own affair in between: its journal is either hot or gone.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest import mock

READS = ("SELECT", "BEGIN", "ROLLBACK", "PRAGMA USER_VERSION;")
FILE_ACTS = ("mkdir", "open", "chmod", "unlink")


class Tripwire:
    """Counts writes, and kills this process just before number `at`."""

    def __init__(self, at: int | None) -> None:
        self.at, self.passed = at, []

    def trip(self, what: str) -> None:
        self.passed.append(what)
        if len(self.passed) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def _connection(wire: Tripwire):
    class Connection(sqlite3.Connection):
        """Every statement passes here; inside a transaction only its commit can be seen by whoever starts next."""

        def execute(self, sql, *parameters):
            told = sql.lstrip().upper()
            alone = not self.in_transaction and not told.startswith(READS)
            if told.startswith("COMMIT") or alone:
                wire.trip(told.split("(")[0][:30].strip())
            return super().execute(sql, *parameters)

        def executescript(self, sql):
            wire.trip("script")
            return super().executescript(sql)

    return Connection


def _run(act: Callable[[Callable[[object], None]], None], at: int | None, tell: int) -> None:
    wire = Tripwire(at)
    connect, opens = sqlite3.connect, {name: getattr(os, name) for name in FILE_ACTS}

    def tripping(name):
        def tripped(path, *rest, **also):
            if isinstance(path, str | Path) and "state" in str(path):
                wire.trip(f"{name} {os.path.basename(path)}")
            return opens[name](path, *rest, **also)

        return tripped

    with mock.patch.object(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=_connection(wire))):
        for name in FILE_ACTS:
            setattr(os, name, tripping(name))
        act(lambda said: os.write(tell, f"{said}\n".encode()))
    if at is None:
        os.write(tell, "".join(f"point {name}\n" for name in wire.passed).encode())


def _fork(act: Callable[[Callable[[object], None]], None], at: int | None) -> tuple[int, list[str]]:
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            _run(act, at, write)
            code = 0
        except BaseException:  # noqa: BLE001 - told, and the child ends with a code that says so
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as told:
        said = told.read().splitlines()
    return os.waitpid(child, 0)[1], said


def points_of(act: Callable[[Callable[[object], None]], None]) -> tuple[list[str], list[str]]:
    """What the act said, and its writes by name."""
    status, said = _fork(act, None)
    assert status == 0, "the act failed without any crash: see the traceback above"
    names = [line.removeprefix("point ") for line in said if line.startswith("point ")]
    return [line for line in said if not line.startswith("point ")], names


def die_before(point: int, act: Callable[[Callable[[object], None]], None]) -> list[str]:
    """Dies before write number `point`, from 1; returns what the act had said by then."""
    status, said = _fork(act, point)
    assert os.WIFSIGNALED(status), f"it was not killed before point {point}"
    assert os.WTERMSIG(status) == signal.SIGKILL
    return said
