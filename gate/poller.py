"""Following the site in a thread of its own, so that no silence of the network is felt at the door."""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gate.agent import Agent
from gate.client import Problem, Unreachable
from gate.sealing import CannotOpen
from gate.waiting import Waiting

log = logging.getLogger("gate")
SYNC_WAIT = 30.0
PAIRING_PAUSE = 2.0
# A first snapshot of many thousand rows takes minutes on a small board; a thread that stands still takes for ever.
LONGEST_ROUND = 1800.0
LATE = 60.0


class Poller(threading.Thread):
    """Follows the site until told to stop; never touches dlib."""

    def __init__(
        self,
        agent: Agent,
        pairing: "Pairing | None",
        poll_seconds: float | None,
        *,
        after_each: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="poller", daemon=True)
        self._agent = agent
        self._pairing = pairing
        self._poll_seconds = poll_seconds
        self._after_each = after_each
        self._wake = threading.Event()
        self._waiting = None if poll_seconds is not None else Waiting(agent, self._hear)
        self._ask = True  # and not only report
        self._stopping = False
        self._rounds = 0
        self._done = threading.Condition()
        self._due = float("inf")  # by when it moves again, if all is well

    @property
    def is_moving(self) -> bool:
        return self.is_alive() and time.monotonic() < self._due

    def run(self) -> None:
        said: str | None = None
        if self._waiting is not None:
            self._waiting.start()
        while not self._stopping:
            self._due = time.monotonic() + LONGEST_ROUND
            pause = self._round()
            self._after_each()
            if self._agent.trouble != said:
                said = self._agent.trouble
                log.warning("%s", said or "in touch with the site again")
            with self._done:
                self._rounds += 1
                self._done.notify_all()
            self._due = time.monotonic() + pause + LATE
            self._wake.wait(pause)
            self._wake.clear()

    def _round(self) -> float:
        agent = self._agent
        if not agent.is_paired and not agent.is_revoked:
            if self._pairing is not None:
                agent.trouble = self._pairing.attempt(agent)
            if not agent.is_paired:
                return PAIRING_PAUSE
        ask, self._ask = self._ask or self._waiting is None or not self._waiting.well, False
        pause = agent.sync(ask=ask)
        return pause if self._poll_seconds is None or agent.trouble else self._poll_seconds

    def _hear(self) -> None:
        """Something is new at the site: a whole round, now."""
        self._ask = True
        self._wake.set()

    def sync_now(self) -> None:
        """Returns after a whole round that began after the call, or when SYNC_WAIT is over."""
        with self._done:
            # One round may be under way: what it asks the site was decided before.
            target = self._rounds + 2
            deadline = time.monotonic() + SYNC_WAIT
            while self._rounds < target and time.monotonic() < deadline:
                self._hear()
                self._done.wait(0.2)

    def halt(self) -> None:
        """No round begins any more."""
        self._stopping = True
        if self._waiting is not None:
            self._waiting.stop()
        self._wake.set()

    def stop(self) -> None:
        self.halt()
        self.join(timeout=5)


class Pairing:
    """Where the code comes from: the command line, or a file that staff's computer writes."""

    def __init__(self, *, server: str | None, code: str | None, file: Path | None) -> None:
        self._server, self._code, self._file = server, code, file

    def attempt(self, agent: Agent) -> str | None:
        try:
            server, code = self._read()
            log.info("paired as %s", agent.pair(server=server, code=code))
        except (OSError, ValueError, KeyError, TypeError, Problem, Unreachable, CannotOpen) as error:
            return f"cannot pair: {error}"
        return None

    def _read(self) -> tuple[str, str]:
        if self._file is None:
            return str(self._server), str(self._code)
        told = json.loads(self._file.read_text())
        return told["server"], told["code"]
