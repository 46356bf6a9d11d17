"""Rings for whoever waits for news of a gate. One connection listens for the whole process; the database says which gate
(access 0029) and nothing else.

A ring says "look again", never what there is to see. So one too many costs a read, and one that is lost (a connection that
broke, a server that restarted) costs a waiting device the rest of its wait. When listening begins anew, all are rung for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

import psycopg

logger = logging.getLogger(__name__)

CHANNEL = "linmen_feed"
AGAIN_SECONDS = 1.0


class Bell:
    def __init__(self, connect: Callable[[], Awaitable[psycopg.AsyncConnection]]) -> None:
        self._connect = connect
        self._rings = 0
        self._rung: dict[UUID, int] = {}  # gate -> which ring was its last
        self._rung_for_all = 0
        self._waiting: defaultdict[UUID, set[asyncio.Future[None]]] = defaultdict(set)

    @property
    def now(self) -> int:
        """To be noted before a look at the database, and given to `wait` after it: what rings in between is not missed."""
        return self._rings

    async def listen(self) -> None:
        """For ever."""
        while True:
            try:
                connection = await self._connect()
                try:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.ring_for_all()
                    async for note in connection.notifies():
                        with suppress(ValueError):
                            self.ring(UUID(note.payload))
                finally:
                    await connection.close()
            except psycopg.OperationalError as error:
                logger.warning("nobody listens for changes: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)

    def ring(self, gate: UUID) -> None:
        self._rings += 1
        self._rung[gate] = self._rings
        _wake(self._waiting.pop(gate, ()))

    def ring_for_all(self) -> None:
        self._rings += 1
        self._rung_for_all = self._rings
        self._rung.clear()
        for gate in list(self._waiting):
            _wake(self._waiting.pop(gate))

    async def wait(self, gate: UUID, *, since: int, seconds: float) -> bool:
        """True at the gate's first ring after `since`, False when the time is over."""
        if max(self._rung.get(gate, 0), self._rung_for_all) > since:
            return True
        ring: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[gate].add(ring)
        try:
            await asyncio.wait_for(ring, seconds)
        except TimeoutError:
            return False
        finally:
            if gate in self._waiting:
                self._waiting[gate].discard(ring)
                if not self._waiting[gate]:
                    del self._waiting[gate]
        return True


def _wake(waiting: set[asyncio.Future[None]] | tuple[()]) -> None:
    for ring in waiting:
        if not ring.done():
            ring.set_result(None)
