"""Looking at the machine's processes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def of(var: Path) -> list[psutil.Process]:
    """Every process that names this folder in its command line, and all below it."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter(["cmdline"]):
        if str(var) in " ".join(process.info["cmdline"] or ()):
            with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                for each in (process, *process.children(recursive=True)):
                    found[each.pid] = each
    return list(found.values())


def all_end(processes: Iterable[psutil.Process], *, within: float = 20) -> bool:
    """A zombie has ended: it only waits for a parent that may be in no hurry."""
    deadline = time.monotonic() + within
    while left := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            return not left
        time.sleep(0.05)
    return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
