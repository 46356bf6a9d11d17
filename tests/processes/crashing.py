"""`kill -9` at a chosen commit point: the act runs in a forked process that kills itself there, or a server.

A commit point is whatever another process can see afterwards: a commit of either database, a statement outside a
transaction, a file or folder made, renamed or removed, a message sent. They are counted by running the act once;
dying just before each of them, and after the last, is every state that a crash can leave behind.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from unittest import mock

from celery import Task
from django.core.cache import caches
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from portal.celery import app as celery

FILE_ACTS = ("mkdir", "rename", "replace", "unlink", "rmdir", "link")
READS = ("SELECT 1", "SHOW", "SET ", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Tripwire:
    """Counts commit points, and strikes just before number `at`: kills this process, unless told otherwise."""

    def __init__(self, at: int | None, strike: Callable[[], None] = kill_this_process) -> None:
        self.at = at
        self.strike = strike
        self.passed: list[str] = []

    def trip(self, what: str) -> None:
        self.passed.append(what)
        if len(self.passed) == self.at:
            self.strike()

    def lay(self, stack: ExitStack) -> None:
        def before(owner: object, name: str, named: Callable[..., str | None]) -> None:
            act = getattr(owner, name)

            def tripping(*args, **kwargs):
                what = named(*args, **kwargs)
                if what is not None:
                    self.trip(what)
                return act(*args, **kwargs)

            stack.enter_context(mock.patch.object(owner, name, tripping))

        before(BaseDatabaseWrapper, "_commit", lambda connection: f"commit of {connection.alias}")
        before(CursorWrapper, "execute", _alone)
        before(CursorWrapper, "executemany", _alone)
        before(Task, "apply_async", lambda task, *_, **__: f"message {task.name}")
        for name in FILE_ACTS:
            before(os, name, lambda path, *_, _name=name, **__: _named(_name, path))


def _alone(cursor: CursorWrapper, sql: str, *_: object, **__: object) -> str | None:
    """A statement in no transaction commits by itself; a plain reading one changes nothing that others see."""
    alone = not cursor.db.in_atomic_block
    writes = not str(sql).lstrip().startswith(READS) and str(sql).lstrip()[:6] != "SELECT"
    rewrites = "linmen_rewrite" in str(sql)
    return (
        f"{cursor.db.alias}: {str(sql).split('(')[0].strip()[:40]}"
        if alone and (writes or rewrites)
        else None
    )


def _named(act: str, path: object) -> str | None:
    """Photos only: what Python itself caches on the disk is nobody's act."""
    text = os.fspath(path)  # type: ignore[call-overload]
    return None if "__pycache__" in str(text) else f"{act} {os.path.basename(str(text))[:8]}"


def _forget_connections() -> None:
    """Open none that the parent left behind. Playwright keeps an event loop in the parent's thread, and connections are
    kept per loop; in the child there is none, so it would find those from before the browser started."""
    for alias in connections:
        with suppress(AttributeError):
            del connections[alias]


def points_of(act: Callable[[], object]) -> list[str]:
    """Run the act to its end in a process of its own; its commit points by name."""
    read, write = os.pipe()
    child = _fork(act, None, write)
    os.close(write)
    with os.fdopen(read) as told:
        names = told.read().splitlines()
    status = os.waitpid(child, 0)[1]
    assert status == 0, "the act failed without any crash: see the traceback above"
    return names


def die_before(point: int, act: Callable[[], object]) -> None:
    """Run the act in a process of its own, which is killed before its commit point number `point`, from 1."""
    status = os.waitpid(_fork(act, point, None), 0)[1]
    assert os.WIFSIGNALED(status), f"it was not killed before point {point}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def struck_before(point: int, act: Callable[[], object], strike: Callable[[], None]) -> None:
    """Run the act in a process of its own, and strike just before its commit point number `point`, from 1. The act may fail
    or go on; that is its own affair."""
    status = os.waitpid(_fork(act, point, None, strike), 0)[1]
    assert os.WIFEXITED(status), f"it was killed itself at point {point}"


def may_die_before(point: int, act: Callable[[], object]) -> bool:
    """The same where a second run has fewer points than the first: whether it was killed. It must not fail."""
    status = os.waitpid(_fork(act, point, None), 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, "the act failed without any crash: see the traceback above"
    return os.WIFSIGNALED(status)


def _fork(
    act: Callable[[], object],
    at: int | None,
    tell: int | None,
    strike: Callable[[], None] = kill_this_process,
) -> int:
    # What stays open would be shared with the child, and broken by its death.
    connections.close_all()
    caches.close_all()
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _forget_connections()
        celery._pool = None
        celery.amqp._producer_pool = None
        wire = Tripwire(at, strike)
        with ExitStack() as stack:
            wire.lay(stack)
            act()
        if tell is not None:
            os.write(tell, "\n".join(wire.passed).encode())
        code = 0
    except BaseException:  # noqa: BLE001  (told, and the child ends with a code that says so)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
