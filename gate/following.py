"""One round with the site: what was erased is confirmed, the feed is read to its end, and entries are reported.

Everything is in the store before anything is said about it, and everything may be said twice. A round may break off at
any line; the next one goes on.
"""

import time
from datetime import datetime
from typing import Any

import httpx

from gate import keys
from gate.client import Client, Identity, Problem, check_address
from gate.clock import DoorClock
from gate.feed import BadPage, read_page, read_time
from gate.store import Event, Store
from gate.telling import Telling
from gate.templates import Templates

PAGE_ROWS = 500
EVENTS_AT_ONCE = 500
RECEIPTS_AT_ONCE = 500
PAGES_AT_ONCE = 10_000
# The cursor is of no use to the site any more, or never was: begin again, with a snapshot.
_BEGIN_AGAIN = {"cursor-too-old", "cursor-ahead", "cursor-not-yours", "cursor-malformed"}


class Following:
    """When the site was last heard, and the clock that goes by it."""

    def __init__(
        self, store: Store, templates: Templates, *, boot: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._store = store
        self._templates = templates
        self._boot = boot
        self._transport = transport
        self._telling = Telling()
        self._client: Client | None = None
        last_sync = store.fact("last_sync")
        self.last_sync = read_time(last_sync) if last_sync else None
        self.clock = DoorClock(last_sync=self.last_sync, offset=store.fact("clock_offset") or 0.0)

    def round(self) -> float:
        """Returns after how many seconds the site asks for the next one.

        Raises: Unreachable, BadPage, Problem, sqlite3.Error, OSError
        """
        client, who = self._connection()
        self._prove_erasures()
        self._push_receipts(client, who)
        pause = self._pull(client, who)
        self._prove_erasures()
        self._push_receipts(client, who)
        self._push_events(client, who)
        # A card that was shown after it was erased stands in an entry until that is reported.
        self._prove_erasures()
        self._push_receipts(client, who)
        return pause

    def move(self, *, server: str) -> None:
        """The same site at another address. Whoever answers there still has to sign with the key we know."""
        self._store.remember(server=check_address(server))
        self.close()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connection(self) -> tuple[Client, Identity]:
        if self._client is None:
            self._client = Client(self._store.fact("server"), transport=self._transport)
            self._client.offset = self._store.fact("clock_offset") or 0.0
        return self._client, Identity(
            device=self._store.fact("device"),
            key=keys.own(self._store)[0],
            server_key=keys.of_the_site(self._store),
        )

    def _pull(self, client: Client, who: Identity) -> float:
        began_again = False
        for _ in range(PAGES_AT_ONCE):
            cursor = self._store.fact("cursor")
            query = {"limit": str(PAGE_ROWS)} | ({} if cursor is None else {"cursor": cursor})
            try:
                page = read_page(client.get(who, "feed", query))
            except Problem as problem:
                if problem.code not in _BEGIN_AGAIN or began_again:
                    raise
                began_again = True
                self._store.forget_cursor()
                continue
            self._store.apply(page)
            self._follow_time(client, page.server_time)
            if not page.more:
                return page.poll_after
        raise BadPage("a feed without an end")

    def _follow_time(self, client: Client, server_time: datetime) -> None:
        client.offset = self.clock.set(server_time)
        self.last_sync = server_time
        self._store.remember(last_sync=server_time.isoformat(), clock_offset=client.offset)

    def _prove_erasures(self) -> None:
        """Memory first, then disk: what was read back as gone must not live on in an open template."""
        self._templates.drop_what_was_erased()
        self._store.prove_erasures(now=self.clock.now())

    def _push_receipts(self, client: Client, who: Identity) -> None:
        while receipts := self._store.receipts(RECEIPTS_AT_ONCE):
            body = [
                {"credential": one.credential, "version": one.version, "erased_at": one.erased_at}
                for one in receipts
            ]
            client.post(who, "receipts", {"receipts": body})
            self._store.receipts_accepted(receipts)

    def _push_events(self, client: Client, who: Identity) -> None:
        at_once = EVENTS_AT_ONCE
        waiting = self._store.pending_events()
        while events := self._store.events(at_once):
            state = self._state(client, waiting - len(events))
            try:
                self._send_events(client, who, events[0].boot, events, state)
            except Problem as problem:
                if problem.status != 413 or at_once == 1:
                    raise
                at_once = max(1, at_once // 2)
                continue
            self._store.events_accepted(events)
            waiting -= len(events)
        if (state := self._state(client, 0)) is not None:
            self._send_events(client, who, self._boot, [], state)

    def _state(self, client: Client, waiting: int) -> dict[str, Any] | None:
        now = time.monotonic()
        return self._telling.due(waiting=max(0, waiting), clock_off=-client.offset, now=now)

    def _send_events(
        self, client: Client, who: Identity, boot: str, events: list[Event], state: dict[str, Any] | None
    ) -> None:
        body: dict[str, Any] = {"boot": boot, "events": [_as_sent(one) for one in events]}
        if state is None:
            client.post(who, "events", body)
            return
        try:
            client.post(who, "events", body | {"state": state})
        except Problem as problem:
            if problem.status != 400:
                raise
            self._telling.not_wanted()
            if events:
                client.post(who, "events", body)
        else:
            self._telling.said(state, time.monotonic())


def _as_sent(event: Event) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "at": event.at,
        "kind": event.kind,
        "credential": event.credential,
        "outcome": event.outcome,
        "reason": event.reason,
        **({} if event.digest is None else {"digest": event.digest}),
    }
