"""One round with the site: what was erased is confirmed, the feed is read to its end, and entries are reported.

Everything is in the store before anything is said about it, and everything may be said twice. A round may break off at
any line; the next one goes on.

Beside the rounds, one question may be kept open at the site (`wait`): what changes there is then stored here at once. Whoever
comes first with a page is believed; a page that answers from where we are no longer is dropped.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from gate import keys, renewing
from gate.client import Client, Identity, Problem, check_address
from gate.clock import DoorClock
from gate.feed import BadPage, Page, read_page, read_time
from gate.store import Event, Store
from gate.telling import Telling
from gate.templates import Templates

PAGE_ROWS = 500
EVENTS_AT_ONCE = 500
RECEIPTS_AT_ONCE = 500
PAGES_AT_ONCE = 10_000
REPORT_SECONDS = 10.0  # how often entries are reported while a question is open at the site
# The cursor is of no use to the site any more, or never was: begin again, with a snapshot.
_BEGIN_AGAIN = {"cursor-too-old", "cursor-ahead", "cursor-not-yours", "cursor-malformed"}


@dataclass(frozen=True)
class Waited:
    held: bool  # the site does wait
    news: bool  # a round is due: there may be more, or something to confirm
    too_early: bool = False  # a whole round comes first


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
        self._waiting_client: Client | None = None
        self._turn = threading.Lock()  # to store a page: one at a time
        last_sync = store.fact("last_sync")
        self.last_sync = read_time(last_sync) if last_sync else None
        self.clock = DoorClock(last_sync=self.last_sync, offset=store.fact("clock_offset") or 0.0)

    def round(self, *, ask: bool = True) -> float:
        """Returns after how many seconds the site asks for the next one. While a question is open there anyway, none is asked.

        Raises: Unreachable, BadPage, Problem, sqlite3.Error, OSError
        """
        client, who = self._connection()
        if renewing.is_under_way(self._store):
            renewing.go_on(self._store, client, who)
            client, who = self._connection()
        self._prove_erasures()
        self._push_receipts(client, who)
        pause = self._pull() if ask else REPORT_SECONDS
        self._prove_erasures()
        self._push_receipts(client, who)
        self._push_events(client, who)
        # A card that was shown after it was erased stands in an entry until that is reported.
        self._prove_erasures()
        self._push_receipts(client, who)
        return pause

    def wait(self, seconds: int) -> Waited:
        """Asks the site to answer when something is new, or after so many seconds; for a thread of its own.

        Raises: Unreachable, BadPage, Problem, sqlite3.Error, OSError
        """
        cursor = self._store.fact("cursor")
        if cursor is None or renewing.is_under_way(self._store):
            return Waited(held=False, news=False, too_early=True)
        if self._waiting_client is None:
            self._waiting_client = Client(self._store.fact("server"), transport=self._transport)
        client, (_, who) = self._waiting_client, self._connection()
        client.offset = self._store.fact("clock_offset") or 0.0
        page = read_page(client.get(who, "feed", {"limit": str(PAGE_ROWS), "cursor": cursor}, wait=seconds))
        stored = self._store_page(client, who, page, after=cursor)
        # A fact of the gate alone moves the cursor too.
        return Waited(page.held, news=page.cursor != cursor or page.more or not stored)

    def move(self, *, server: str) -> None:
        """The same site at another address. Whoever answers there still has to sign with the key we know."""
        self._store.remember(server=check_address(server))
        self.close()

    def close(self) -> None:
        for client in (self._client, self._waiting_client):
            if client is not None:
                client.close()
        self._client = self._waiting_client = None

    def _connection(self) -> tuple[Client, Identity]:
        if self._client is None:
            self._client = Client(self._store.fact("server"), transport=self._transport)
            self._client.offset = self._store.fact("clock_offset") or 0.0
        return self._client, Identity(
            device=self._store.fact("device"),
            key=keys.own(self._store)[0],
            server_key=keys.of_the_site(self._store),
        )

    def _pull(self) -> float:
        began_again = False
        for _ in range(PAGES_AT_ONCE):
            client, who = self._connection()
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
            if self._store_page(client, who, page, after=cursor) and not page.more:
                return page.poll_after
        raise BadPage("a feed without an end")

    def _store_page(self, client: Client, who: Identity, page: Page, *, after: str | None) -> bool:
        """False for an answer from where we are no longer, or to keys that are ours no longer."""
        with self._turn:
            if (
                self._store.fact("cursor") != after
                or self._store.fact("signing_key") != who.key.private_bytes_raw()
            ):
                return False
            self._store.apply(page)
            self._follow_time(client, page.server_time)
            return True

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
