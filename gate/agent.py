"""The agent at the door: pairs, follows the feed, reports, and never needs the network to let someone in.

Everything that must survive a power cut is in the store before anything is said about it, and everything said to the
site may be said twice. So a `kill -9` at any line costs a repetition, nothing else.
"""

import logging
import random
import sqlite3
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from gate import facts, keypad, keys, orders, pairing, renewing, sealing, tokens
from gate.client import Problem, Unreachable
from gate.decide import (
    OPENED,
    REFUSED,
    WOULD_OPEN,
    Card,
    Contact,
    Decision,
    Reason,
    Ticket,
    Today,
    decide_card,
    decide_code,
    decide_face,
    decide_pin,
    faces_refused,
)
from gate.feed import BadPage, windows_of
from gate.following import Following, Waited
from gate.keypads import Keypads
from gate.photos import PhotoRefused, Refusal
from gate.rows import Held
from gate.seconding import Asked
from gate.store import Event, Store
from gate.templates import Templates

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 300.0
JITTER = 0.1
DOOR = "keypad"  # where a gate has only one
_PHOTO_REASONS = {Refusal.NO_FACE: Reason.NO_FACE, Refusal.SEVERAL_FACES: Reason.SEVERAL_FACES}

log = logging.getLogger(__name__)


class Agent:
    """`sync` may run in one thread while another decides. Faces must always be shown from the same thread (dlib)."""

    def __init__(self, store: Store, *, transport: httpx.BaseTransport | None = None) -> None:
        """`transport`: what carries requests, where it is not the plain network."""
        self._store = store
        self._boot = str(uuid.uuid4())
        self._sequence = 0
        self._templates = Templates(store)
        self._site = Following(store, self._templates, boot=self._boot, transport=transport)
        self._transport = transport
        self._clock = self._site.clock
        self._failures = 0
        self._keypads = Keypads(store)
        self._asked = Asked()
        self.trouble: str | None = None

    # Pairing.

    @property
    def is_revoked(self) -> bool:
        return self._store.fact("revoked") is not None

    @property
    def is_paired(self) -> bool:
        return self._store.fact("device") is not None

    def pair(self, *, server: str, code: str) -> str:
        """Returns the device's id. The keys are kept before the code is spent: a cut in between costs no second code."""
        device, now = pairing.pair(self._store, server=server, code=code, transport=self._transport)
        self._clock.set(now)
        return device

    def move(self, *, server: str) -> None:
        self._site.move(server=server)

    def forget(self) -> None:
        self._store.erase_everything()
        self._templates.drop()

    # Following the site.

    def sync(self, *, ask: bool = True) -> float:
        """One round with the site; never raises for what the site or the network did. Returns seconds to the next one.
        Without asking, it only reports: a question is open there already (`wait`)."""
        if self.is_revoked or not self.is_paired:
            return LONGEST_BACKOFF
        try:
            pause = self._site.round(ask=ask)
        except (Unreachable, BadPage, Problem, sqlite3.Error, OSError) as error:
            return self._after_failure(error)
        self._failures = 0
        doubtful = self._store.counts()["unproven_erasures"]
        self.trouble = "what was erased can still be read on this disk" if doubtful else None
        return float(pause) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing

    def wait(self, seconds: int) -> Waited | None:
        """A question that is open at the site for so long; what it brings is stored. None if it failed, and then a round will
        find out why."""
        if not self.is_paired:
            return Waited(held=False, news=False, too_early=True)
        try:
            return self._site.wait(seconds)
        except (Unreachable, BadPage, Problem, sqlite3.Error, OSError):
            return None

    def renew_keys(self) -> None:
        """With the next round, the device goes by new keys."""
        if self.is_paired:
            renewing.begin(self._store)

    def _after_failure(self, error: Exception) -> float:
        # A refusal without the site's signature could come from anyone on the way; it must not empty a door.
        if isinstance(error, Problem) and error.code == "device-revoked" and error.signed:
            self._store.erase_everything(revoked=1)
            self._templates.drop()
            self.trouble = Reason.REVOKED
            return LONGEST_BACKOFF
        self._failures += 1
        self.trouble = str(error)
        pause = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(self._failures - 1, 20))
        return pause * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing

    # What somebody who looks after the device may know.

    @property
    def folder(self) -> Path:
        return self._store.folder

    @property
    def clock_is_trusted(self) -> bool:
        return self._clock.trusted

    def now(self) -> datetime:
        return self._clock.now()

    # At the door.

    def show_card(self, number: str, *, at_door: str = DOOR) -> Decision:
        digest = self._digest(number)
        decision = self._decide_card(digest)
        unknown = digest if decision.reason is Reason.UNKNOWN_CARD else None
        if decision.open:
            self._asked.settle(at_door)
        return self._record("card" if decision.credential else "unknown", decision, digest=unknown)

    def show_photo(self, data: bytes, *, at_door: str = DOOR) -> Decision:
        """Where a face opens nothing by itself, a card or a PIN is waited for at the same door."""
        decision = self._decide_photo(data)
        if decision.holders:
            self._asked.ask(decision.holders, at_door=at_door, now=self._clock.now())
        return self._record("face", decision)

    def show_pin(
        self, typed: str, *, at_keypad: str = DOOR, at_door: str = "", leaving: bool = False
    ) -> Decision:
        """Number and PIN, as typed before the "#"; after a face that was asked for more, the PIN alone will do.

        Answers at once: a keypad that waits says for how many seconds. `at_door`: where several keypads are at one.
        """
        at_door = at_door or at_keypad
        decision = self._spent(self._decide_pin(typed, at_keypad, at_door, leaving))
        if decision.open:
            self._asked.settle(at_door)
        return self._record(decision.kind or "pin", decision)

    def show_qr(self, text: object, *, leaving: bool = False) -> Decision:
        """What a scanner read, whatever it is. `leaving`: at the scanner for the way out, which nothing shuts."""
        decision = self._spent(self._decide_qr(text, leaving))
        return self._record(decision.kind or "qr", decision)

    # What the site ordered.

    @property
    def call(self) -> str:
        """Whom to ring, as the site said it."""
        return self._facts().call

    @property
    def held_open_until(self) -> datetime | None:
        """The lock is to be held open until then: asked whenever the lock is moved, with or without a network."""
        told = self._facts()
        opens = self._opens_itself() and orders.held_open(told, self._clock.now())
        return told.held_open.until if opens and told.held_open else None

    def carry_out(self) -> list[Decision]:
        """What is to be done now that was not done before; each once, and each reported like an entry."""
        if not self.is_paired or not self._opens_itself():
            return []
        return [
            self._record(each.kind, Decision(True, each.reason, each.order))
            for each in orders.new(self._store, self._facts(), self._clock.now())
        ]

    def _opens_itself(self) -> bool:
        return self._store.fact("beside") is None

    def _facts(self) -> facts.Facts:
        return facts.of(self._store.fact("said_of_gate"))

    def _today(self, *, leaving: bool = False) -> Today:
        told = self._facts()
        return Today(told.calendar, told.locked_down_until, leaving)

    def _decide_pin(self, typed: str, at_keypad: str, at_door: str, leaving: bool) -> Decision:
        if not self.is_paired:
            return self._no_identity()
        if not self._takes("pin"):
            return Decision(False, Reason.PINS_NOT_USED_HERE)
        now = self._clock.now()
        holders = self._asked.of(at_door, now=now)
        try:
            alone = bool(holders) and keypad.is_pin(typed)
            entry = keypad.Entry("", typed) if alone else keypad.read_entry(typed)
        except ValueError:
            return Decision(False, Reason.UNREADABLE_PIN)  # no guess, so nobody waits for it
        held = self._keypads.at(at_keypad)
        before = held.settled(now)
        if before != held:
            self._keypads.keep(at_keypad, before)
        if wait := before.waits(now):
            return Decision(False, Reason.KEYPAD_WAITS, wait=wait)
        self._keypads.keep(at_keypad, before.tried(now))
        rows = self._store.pins_of(holders) if alone else self._store.keyed(entry.number)
        decision = decide_pin(
            pin=entry.pin,
            tickets=[self._ticket(row) for row in rows],
            now=now,
            time_zone=self._zone(),
            contact=self._contact(),
            today=self._today(leaving=leaving),
        )
        if decision.credential is not None:
            self._keypads.keep(at_keypad, before.right(now))
        return decision

    def _decide_qr(self, text: object, leaving: bool) -> Decision:
        if not self.is_paired:
            return self._no_identity()
        if not self._takes("qr"):
            return Decision(False, Reason.CODES_NOT_USED_HERE)
        try:
            token = tokens.read(text, key=keys.of_the_site(self._store))
        except tokens.Unreadable:
            return Decision(False, Reason.UNREADABLE_CODE)
        except tokens.Foreign:
            return Decision(False, Reason.FOREIGN_CODE)
        row = self._store.coded(token.credential)
        return decide_code(
            token=token,
            ticket=None if row is None else self._ticket(row),
            now=self._clock.now(),
            time_zone=self._zone(),
            contact=self._contact(),
            today=self._today(leaving=leaving),
        )

    def _spent(self, decision: Decision) -> Decision:
        """What opens once is written down as used before anybody is told to open."""
        spend = decision.spend
        # Beside an old controller this device opens nothing, so nothing is used up.
        if not decision.open or spend is None or not self._opens_itself():
            return decision
        try:
            first = self._store.spend(spend.key, until=spend.until, now=self._clock.now())
        except (sqlite3.Error, OSError) as error:
            # What cannot be spent could open twice. Cards and PINs spend nothing and open all the same (law 13).
            log.error("a code could not be spent: %r", error)
            return replace(decision, open=False, reason=Reason.CANNOT_RECORD)
        return decision if first else replace(decision, open=False, reason=Reason.CODE_USED)

    def _takes(self, method: str) -> bool:
        return method in (self._store.fact("methods") or "").split(",")

    def _contact(self) -> Contact:
        # A clock that lost its time cannot say how long the site has been silent.
        last_sync = self._site.last_sync if self._clock.trusted else None
        return Contact(last_sync, self._store.fact("offline_hours") or 0.0)

    def _ticket(self, row: Held) -> Ticket:
        return Ticket(row.credential, row.kind, windows_of(row.windows), row.verifier, bool(row.once))

    def _digest(self, number: str) -> str | None:
        """None for what is no card number, and while there is no key to make a digest with."""
        if not self.is_paired:
            return None
        try:
            return sealing.card_digest(card_key=keys.of_cards(self._store), number=number)
        except ValueError:
            return None

    def _decide_card(self, digest: str | None) -> Decision:
        if not self.is_paired:
            return self._no_identity()
        if digest is None:
            return Decision(False, Reason.UNREADABLE_CARD)
        cards = [
            Card(credential=row.credential, digest=digest, windows=windows_of(row.windows))
            for row in self._store.cards(digest)
        ]
        return decide_card(
            digest=digest, cards=cards, now=self._clock.now(), time_zone=self._zone(), today=self._today()
        )

    def looks_at_nobody(self) -> Reason | None:
        """Why no face is looked at just now, or None. A camera is not so much as opened otherwise."""
        if not self.is_paired:
            return self._no_identity().reason
        contact = self._contact()
        return faces_refused(
            now=self._clock.now(),
            faces_used_here=self._takes("face"),
            last_sync=contact.last_sync,
            offline_hours=contact.offline_hours,
        )

    def _decide_photo(self, data: bytes) -> Decision:
        refused, now, contact = self.looks_at_nobody(), self._clock.now(), self._contact()
        if refused is not None:
            return Decision(False, refused)
        from gate import faces  # loads dlib on first use, in the thread that shows photos

        try:
            encoding = faces.at_the_door(data)
        except PhotoRefused as refusal:
            return Decision(False, _PHOTO_REASONS.get(refusal.reason, Reason.UNREADABLE_PHOTO))
        return decide_face(
            near=self._templates.near(encoding),
            now=now,
            time_zone=self._zone(),
            faces_used_here=self._takes("face"),
            last_sync=contact.last_sync,
            offline_hours=contact.offline_hours,
            today=self._today(),
            second_factor=self._facts().asks_faces_for_more,
        )

    def _no_identity(self) -> Decision:
        return Decision(False, Reason.REVOKED if self.is_revoked else Reason.NOT_PAIRED)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._store.fact("time_zone") or "UTC")

    def _record(self, kind: str, decision: Decision, *, digest: str | None = None) -> Decision:
        """Returns what the door does: beside an old controller, which opens for whom it knows, it does nothing."""
        if not self.is_paired:
            return decision
        beside = not self._opens_itself()
        if not decision.open and self.held_open_until is not None:
            # It stands open: whoever shows something is not told otherwise.
            decision = replace(decision, open=True, reason=Reason.EMERGENCY, wait=0)
        self._sequence += 1
        event = Event(
            boot=self._boot,
            sequence=self._sequence,
            at=self._clock.now().isoformat(),
            kind=kind,
            credential=decision.credential,
            outcome=(WOULD_OPEN if beside else OPENED) if decision.open else REFUSED,
            reason=decision.reason.value,
            digest=digest,
        )
        try:
            self._store.record(event)
        except (sqlite3.Error, OSError) as error:
            # A full disk must not keep a resident outside (law 13).
            log.error("an entry could not be recorded: %r", error)
        return Decision(False, Reason.BESIDE, decision.credential) if beside and decision.open else decision

    def close(self) -> None:
        self._site.close()
        self._store.close()

    def status(self) -> dict[str, Any]:
        last_sync = self._site.last_sync
        return {
            "paired": self.is_paired,
            "revoked": self.is_revoked,
            "device": self._store.fact("device"),
            "gate": self._store.fact("gate"),
            "beside": not self._opens_itself(),
            "last_sync": last_sync.isoformat() if last_sync else None,
            "trouble": self.trouble,
            **self._store.counts(),
        }
