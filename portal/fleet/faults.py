"""What goes wrong between a gate and its site, and at the gate: on the line below the client, on the disk, on the clock."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

KINDS = ("drop", "delay", "duplicate", "reorder", "skew", "restart", "disk")

# How often, of a hundred requests; of the last two, of a hundred rounds.
SHARES = {"drop": 4, "delay": 5, "duplicate": 4, "reorder": 4, "restart": 1, "skew": 1, "disk": 1}
LONGEST_DELAY = 1.0
DISK_FULL_FOR = 3.0
SKEWS = (-86400.0, -3600.0, -400.0, 400.0, 3600.0)


class PowerCut(BaseException):
    """The gate goes dark in the middle of a request. No `except Exception` of the agent's may hold it up."""


@dataclass
class Weather:
    """Which faults there are just now, for all gates; `calm` ends them."""

    kinds: frozenset[str]
    calm: threading.Event = field(default_factory=threading.Event)

    def strikes(self, kind: str, dice: random.Random) -> bool:
        return kind in self.kinds and not self.calm.is_set() and dice.random() * 100 < SHARES[kind]


@dataclass
class Seen:
    """What passed over one line."""

    polls: int = 0
    held: int = 0  # of these, with a question that the site might hold open
    latencies: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


# All lines trust the same authorities: read once, they cost no gate anything.
_TRUST = ssl.create_default_context()


class Line(httpx.BaseTransport):
    """One gate's own connections, and what befalls them: one for its rounds, one for the question that it keeps open."""

    def __init__(self, weather: Weather, dice: random.Random, *, asked: Callable[[], None]) -> None:
        self._weather = weather
        self._dice = dice
        self._asked = asked  # called when a question for the feed leaves the gate
        self._network = httpx.HTTPTransport(verify=_TRUST, limits=httpx.Limits(max_connections=4))
        self._count = threading.Lock()
        self._late: httpx.Request | None = None
        self.seen = Seen()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if self._strikes("restart"):
            if self._dice.random() < 0.5:
                self._send(request)  # it arrived; nobody is there to hear the answer
            raise PowerCut
        if self._strikes("delay"):
            time.sleep(self._dice.random() * LONGEST_DELAY)
        if self._strikes("drop"):
            if self._dice.random() < 0.5:
                raise httpx.ConnectError("lost on the way there", request=request)
            self._send(request)
            raise httpx.ReadError("lost on the way back", request=request)
        if self._late is None and self._strikes("reorder"):
            self._late = request  # it arrives after the next one
            raise httpx.ReadTimeout("still on its way", request=request)
        if self._is_feed(request):
            self._asked()
        answer = self._send(request)
        # What the network does by itself may fail by itself: the answer that is there already is not lost with it.
        if self._strikes("duplicate"):
            with suppress(httpx.HTTPError):
                answer = self._dice.choice((answer, self._send(request)))
        with self._count:
            late, self._late = self._late, None
        if late is not None:
            with suppress(httpx.HTTPError):
                self._send(late)
        return answer

    def close(self) -> None:
        self._network.close()

    def _strikes(self, kind: str) -> bool:
        strikes = self._weather.strikes(kind, self._dice)
        with self._count:
            self.seen.faults[kind] += strikes
        return strikes

    def _send(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        answer = self._network.handle_request(request)
        answer.read()
        took, waits = time.monotonic() - began, "wait" in request.url.params
        with self._count:
            if not waits:  # what is held back is not slow
                self.seen.latencies.append(took)
            if self._is_feed(request) and answer.status_code == 200:
                self.seen.polls += 1
                self.seen.held += waits
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @staticmethod
    def _is_feed(request: httpx.Request) -> bool:
        return request.url.path.endswith("/feed")
