"""Ends the processes of a parent that died without saying goodbye, even by `kill -9`.

Run as a program it is the watcher: it reads `+<group> <signal>` and `-<group>` from a pipe whose other end only the
parent holds. The kernel closes that end however the parent dies; then the watcher ends every group it still knows.
This works on every Unix, reaches grandchildren, and survives a change of user, where a parent-death signal does not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

GRACE_SECONDS = 8.0


def _send(group: int, number: int) -> bool:
    """False once nothing of the group is left to signal."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says this of a group of zombies
        return False
    return True


def end_groups(groups: Mapping[int, int], *, grace: float, reap: Callable[[], object] = lambda: None) -> None:
    """`groups`: process group -> the signal that asks it to end. The last started is asked first."""
    left = dict(reversed(list(groups.items())))
    for leader, number in left.items():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(leader, number)  # alone: it knows how to end its own
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        reap()
        left = {group: number for group, number in left.items() if _send(group, 0)}
        for group in left:
            if not _leads(group):
                _send(group, signal.SIGTERM)  # orphans of a leader that is gone
    for group in left:
        _send(group, signal.SIGKILL)


def _leads(group: int) -> bool:
    try:
        os.kill(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Tether:
    """Held by a parent. Children started through it never outlive that parent."""

    def __init__(self, *, holding: Sequence[int] = ()) -> None:
        """`holding`: open files (locks) that the watcher keeps open until everything has ended."""
        read, self._write = os.pipe()
        try:
            self._watcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(read)],
                pass_fds=(read, *holding),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                cwd="/",
            )
        finally:
            os.close(read)
        self._lock = threading.Lock()
        self._asks: dict[int, int] = {}

    def start(
        self,
        command: Sequence[str],
        *,
        log: IO[bytes] | int = subprocess.DEVNULL,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        user: int | None = None,
        group: int | None = None,
        ask: int = signal.SIGTERM,
        talk: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Starts a child in a session and process group of its own. Unless it is to `talk`, its output is its log."""
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talk else log,
            stderr=log,
            env=None if env is None else dict(env),
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
        self._asks[child.pid] = int(ask)
        self._tell(f"+{child.pid} {int(ask)}\n")
        return child

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Call once the whole group is gone: its number may be another's tomorrow."""
        self._tell(f"-{child.pid}\n")

    def end(self, *children: subprocess.Popen[bytes], grace: float = GRACE_SECONDS) -> None:
        """Asks all at once, the last first; waits, then insists; reaps them and forgets them."""

        def reap() -> None:
            for child in children:
                child.poll()

        end_groups({child.pid: self._asks[child.pid] for child in children}, grace=grace, reap=reap)
        for child in children:
            child.wait()
            self.forget(child)

    def release(self) -> None:
        """Lets the watcher go; whatever was not forgotten is ended now."""
        with self._lock:
            if self._write >= 0:
                os.close(self._write)
                self._write = -1
        self._watcher.wait()

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._write >= 0:
                with suppress(BrokenPipeError):
                    os.write(self._write, line.encode())


def watch(pipe: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a closing terminal must not take the watcher first
    groups: dict[int, int] = {}
    with os.fdopen(pipe) as lines:
        for line in lines:
            group, *ask = (int(word) for word in line[1:].split())
            if line.startswith("+"):
                groups[group] = ask[0]
            else:
                groups.pop(group, None)
    end_groups(groups, grace=GRACE_SECONDS)


if __name__ == "__main__":
    watch(int(sys.argv[1]))
