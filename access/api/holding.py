"""The gates' own server: the feed on one async view, which may wait with its answer until there is something to say.

An idle poll costs one read, one signature looked at and one made; reads and nonces of polls that come together go together.
What there is to read of a page, a few threads read as the site's web server does. Neither sessions nor middleware nor
templates are anywhere near. An answer is held back while it would say nothing, for as long as was asked, and a ring
(`access.bell`) only makes us look again: who is revoked meanwhile, or has other keys, is answered as such.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import redis.asyncio
from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections, connections
from django.utils import timezone

from access import devices
from access.api import polling, problems
from access.api.authentication import (
    NONCE_SECONDS,
    Revoked,
    Signer,
    addressed,
    claimed_device,
    insist_on_fresh,
    insist_on_trusted,
    key_of,
    known,
    nonce_key,
    refused,
    replayed,
)
from access.api.polling import Poll
from access.api.problems import Problem
from access.batches import Batches
from access.bell import Bell
from access.devices import Caller
from access.signing import server_key
from gate import wire

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Found = TypeVar("Found")

FEED = "/api/gate/v1/feed"
READ_SECONDS = 5
MOST_HELD = 20_000  # answers held back at once; whoever comes then is answered at once


# What `cache.add` does, for many at once.
TAKE_NONCES = """
local first = {}
for i, key in ipairs(KEYS) do
    first[i] = redis.call('SET', key, 1, 'NX', 'EX', ARGV[1]) and '1' or '0'
end
return table.concat(first)
"""


@dataclass(frozen=True)
class Request:
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Holding:
    """An ASGI application. What is not the feed goes to `otherwise`; pages are read on `hands`."""

    def __init__(self, *, hands: Executor, otherwise: Application) -> None:
        self._hands = hands
        self._otherwise = otherwise
        self._bell = Bell(connect)
        self._callers = Batches(_Reader().read)
        self._nonces = Batches(_first_of_each)
        self._latest: dict[UUID, object] = {}  # device -> its newest held poll
        self._closing = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == FEED and scope["method"] == "GET":
            request = Request(scope["query_string"].decode("latin-1"), _headers(scope["headers"]))
            asked = self.feed(request)
            answer = await (_unless_gone(asked, receive) if "wait=" in request.query else asked)
            if answer is not None:
                await _send(answer, send)
        else:
            await self._otherwise(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """From the server's start to its end."""
        listening = asyncio.create_task(self._bell.listen())
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self._closing = True
                self._bell.ring_for_all()  # whoever waits is answered now
                listening.cancel()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def feed(self, request: Request) -> Answer:
        signer: Signer | None = None
        rings = self._bell.now
        try:
            signer = await self._believe(request)
            return _answer(200, signer, await self._page(signer, request.query, rings))
        except Exception as error:
            shaped = problems.shape(error)
            if shaped is None:
                raise
            status, body, headers = shaped
            signer = error.signer if isinstance(error, Revoked) else signer
            return _answer(status, signer, body, {**headers, "Content-Type": problems.CONTENT_TYPE})

    async def _believe(self, request: Request) -> Signer:
        """Raises: Problem"""
        try:
            caller = known(await self._callers.get(claimed_device(request.headers)))
            signed = wire.verify_request(
                headers=request.headers,
                method="GET",
                path=FEED,
                query=request.query,
                body=b"",  # none is read
                public_key=key_of(caller),
            )
        except wire.BadSignature as bad:
            raise refused(bad) from bad
        insist_on_fresh(signed)
        if not await self._nonces.get(cache.make_key(nonce_key(signed))):
            raise replayed()
        signer = Signer(caller, signed.nonce)
        insist_on_trusted(signer)
        return signer

    async def _page(self, signer: Signer, query: str, rings: int) -> dict[str, Any]:
        """Raises: Problem"""
        poll = polling.read_poll(signer=signer, asked=polling.read_query(query))
        await self._note(poll)
        held = poll.asked.wait > 0 and len(self._latest) < MOST_HELD
        if held:
            poll = await self._hold(poll, rings)
        if polling.says_nothing(poll):
            page = polling.empty_page(poll)
        else:
            page = await self._by_hand(lambda: polling.page_for(poll, at=timezone.now()))
        if held:
            page |= {"held": True, "poll_after": 0}
        return page

    async def _hold(self, poll: Poll, rings: int) -> Poll:
        """Until there is something to say, or the time is over. One answer is held for a device: a newer poll sends the
        older one home.

        Raises: Problem
        """
        device = poll.signer.caller.device
        until = time.monotonic() + poll.asked.wait * random.uniform(0.9, 1)  # noqa: S311  (guards nothing)
        before, mine = self._latest.get(device.pk), object()
        self._latest[device.pk] = mine
        if before is not None:
            self._bell.ring(device.gate_id)
        try:
            while polling.says_nothing(poll) and self._latest.get(device.pk) is mine and not self._closing:
                left = until - time.monotonic()
                if left <= 0 or not await self._bell.wait(device.gate_id, since=rings, seconds=left):
                    break  # what may have been missed, the device's next poll reads
                rings = self._bell.now
                poll = await self._look_again(poll)
        finally:
            if self._latest.get(device.pk) is mine:
                del self._latest[device.pk]
        await self._note(poll)
        return poll

    async def _look_again(self, poll: Poll) -> Poll:
        """Raises: Problem"""
        before = poll.signer.caller.device
        caller = known(await self._callers.get(before.pk))
        if bytes(caller.device.public_key) != bytes(before.public_key):
            raise Problem(wire.WRONG, 401, "This device signs with another key by now.")
        signer = Signer(caller, poll.signer.nonce)
        insist_on_trusted(signer)
        return polling.read_poll(signer=signer, asked=poll.asked)

    async def _note(self, poll: Poll) -> None:
        caller, holds, now = poll.signer.caller, poll.holds, timezone.now()
        if not devices.is_noted(caller=caller, holds=holds, at=now):
            await self._by_hand(lambda: devices.note_poll(caller=caller, holds=holds, at=now))

    async def _by_hand(self, act: Callable[[], Found]) -> Found:
        def done() -> Found:
            close_old_connections()
            try:
                return act()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._hands, done)


class _Reader:
    """One connection, one statement at a time; opened anew when it broke."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection | None = None
        # device -> what was read of it last, and what was made of that: mostly it is the same again
        self._known: dict[UUID, tuple[tuple[Any, ...], Caller]] = {}

    async def read(self, wanted: list[UUID]) -> Sequence[Caller | None]:
        """Raises: psycopg.OperationalError"""
        try:
            if self._connection is None:
                self._connection = await connect()
                await self._connection.execute(f"SET statement_timeout = '{READ_SECONDS}s'")
            cursor = await self._connection.execute(devices.statement(), [wanted])
            rows = await cursor.fetchall()
        except psycopg.OperationalError:
            if self._connection is not None:
                await self._connection.close()
            self._connection = None
            raise
        found = {caller.device.pk: caller for caller in map(self._as_caller, rows)}
        return [found.get(device) for device in wanted]

    def _as_caller(self, row: tuple[Any, ...]) -> Caller:
        device = row[devices.ID_AT]
        before = self._known.get(device)
        if before is not None and before[0] == row:
            return before[1]
        caller = devices.as_caller(row)
        self._known[device] = (row, caller)
        return caller


async def connect() -> psycopg.AsyncConnection:
    """As Django would, to the same database. Raises: psycopg.OperationalError"""
    given: dict[str, Any] = connections["default"].get_connection_params()
    own = {name: value for name, value in given.items() if name not in ("cursor_factory", "context")}
    return await psycopg.AsyncConnection.connect(**own, autocommit=True)


_memory: redis.asyncio.Redis | None = None


async def _first_of_each(keys: list[str]) -> list[bool]:
    """Raises: RedisError"""
    global _memory
    if _memory is None:
        _memory = redis.asyncio.from_url(settings.REDIS_URL, socket_timeout=READ_SECONDS)
    said: bytes = await _memory.eval(TAKE_NONCES, len(keys), *keys, NONCE_SECONDS)
    return [each == ord("1") for each in said]


async def _unless_gone(answer: Awaitable[Answer], receive: Receive) -> Answer | None:
    """None if whoever asked has hung up: nothing is held for nobody."""
    answering, gone = asyncio.ensure_future(answer), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        gone.cancel()
        answering.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(given: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """One that is sent twice is joined, as elsewhere; a signature in two parts is none."""
    found: dict[str, str] = {}
    for name, value in given:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _answer(
    status: int, signer: Signer | None, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    """Signed, if it is addressed to somebody."""
    if signer is not None:
        body = {**addressed(signer), **body, "server_time": timezone.now()}
    raw = polling.encode(body)
    sent = {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}
    if signer is not None:
        sent |= wire.sign_response(key=server_key(), status=status, body=raw, created=int(time.time()))
    return Answer(status, sent, raw)


async def _send(answer: Answer, send: Send) -> None:
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
