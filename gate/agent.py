"""The agent at the door: pairs, follows the feed, reports, and never needs the network to let someone in.

Everything that must survive a power cut is in the store before anything is said about it, and everything said to the
site may be said twice. So a `kill -9` at any line costs a repetition, nothing else.
"""

import logging
import random
import sqlite3
import uuid
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from gate import keypad, keys, renewing, sealing, tokens, wire
from gate.client import Client, Problem, Unreachable
from gate.decide import (
    OPENED,
    REFUSED,
    WOULD_OPEN,
    Card,
    Contact,
    Decision,
    Reason,
    Ticket,
    decide_card,
    decide_code,
    decide_face,
    decide_pin,
    faces_refused,
)
from gate.feed import BadPage, read_time, windows_of
from gate.following import Following, Waited
from gate.photos import PhotoRefused, Refusal
from gate.store import Event, Held, Store
from gate.templates import Templates

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 300.0
JITTER = 0.1
_PHOTO_REASONS = {Refusal.NO_FACE: Reason.NO_FACE, Refusal.SEVERAL_FACES: Reason.SEVERAL_FACES}

log = logging.getLogger(__name__)


class AlreadyPaired(Exception):
    """This device belongs to a gate already; `forget` first."""


class Agent:
    """`sync` may run in one thread while another decides. Faces must always be shown from the same thread (dlib)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = str(uuid.uuid4())
        self._sequence = 0
        self._templates = Templates(store)
        self._site = Following(store, self._templates)
        self._clock = self._site.clock
        self._failures = 0
        # Should the disk refuse to count, wrong PINs are counted here.
        self._patience: dict[str, keypad.Patience] = {}
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
        if self.is_paired:
            raise AlreadyPaired(self._store.fact("device"))
        signing, sealing_key = keys.own(self._store)
        client = Client(server)
        try:
            answer, server_key = client.pair(
                key=signing,
                body={
                    "code": code,
                    "public_key": wire.encode_key(signing.public_key()),
                    "sealing_key": wire.encode_key(sealing_key.public_key()),
                },
            )
        finally:
            client.close()
        device = str(uuid.UUID(str(answer.get("device"))))
        sealed_card_key = wire.decode_base64(str(answer.get("card_key")))
        sealing.open_card_key(sealed=sealed_card_key, key=sealing_key, device=device)
        self._store.remember(
            device=device,
            server=client.server,
            server_key=server_key.public_bytes_raw(),
            card_key=sealed_card_key,
            revoked=None,
        )
        self._clock.set(read_time(answer.get("server_time")))
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

    # At the door.

    def show_card(self, number: str) -> Decision:
        digest = self._digest(number)
        decision = self._decide_card(digest)
        unknown = digest if decision.reason is Reason.UNKNOWN_CARD else None
        return self._record("card" if decision.credential else "unknown", decision, digest=unknown)

    def show_photo(self, data: bytes) -> Decision:
        decision = self._decide_photo(data)
        return self._record("face", decision)

    def show_pin(self, typed: str, *, at_keypad: str = "keypad") -> Decision:
        """Number and PIN, as typed before the "#". Answers at once: a keypad that waits says for how many seconds."""
        decision = self._spent(self._decide_pin(typed, at_keypad))
        return self._record(decision.kind or "pin", decision)

    def show_qr(self, text: object) -> Decision:
        """What a scanner read, whatever it is."""
        decision = self._spent(self._decide_qr(text))
        return self._record(decision.kind or "qr", decision)

    def _decide_pin(self, typed: str, at_keypad: str) -> Decision:
        if not self.is_paired:
            return self._no_identity()
        if not self._takes("pin"):
            return Decision(False, Reason.PINS_NOT_USED_HERE)
        try:
            entry = keypad.read_entry(typed)
        except ValueError:
            return Decision(False, Reason.UNREADABLE_PIN)  # no guess, so nobody waits for it
        now = self._clock.now()
        held = self._patience_at(at_keypad)
        before = held.settled(now)
        if before != held:
            self._keep_patience(at_keypad, before)
        if wait := before.waits(now):
            return Decision(False, Reason.KEYPAD_WAITS, wait=wait)
        self._keep_patience(at_keypad, before.tried(now))
        found = [self._ticket(row) for row in self._store.keyed(entry.number)]
        decision = decide_pin(
            pin=entry.pin, tickets=found, now=now, time_zone=self._zone(), contact=self._contact()
        )
        if decision.credential is not None:
            self._keep_patience(at_keypad, before.right(now))
        return decision

    def _decide_qr(self, text: object) -> Decision:
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
        )

    def _spent(self, decision: Decision) -> Decision:
        """What opens once is written down as used before anybody is told to open."""
        spend = decision.spend
        # Beside an old controller this device opens nothing, so nothing is used up.
        if not decision.open or spend is None or self._store.fact("beside") is not None:
            return decision
        try:
            first = self._store.spend(spend.key, until=spend.until, now=self._clock.now())
        except (sqlite3.Error, OSError) as error:
            # What cannot be spent could open twice. Cards and PINs spend nothing and open all the same (law 13).
            log.error("a code could not be spent: %r", error)
            return replace(decision, open=False, reason=Reason.CANNOT_RECORD)
        return decision if first else replace(decision, open=False, reason=Reason.CODE_USED)

    def _patience_at(self, at_keypad: str) -> keypad.Patience:
        held = self._patience.get(at_keypad)
        return self._store.patience(at_keypad) if held is None else held

    def _keep_patience(self, at_keypad: str, patience: keypad.Patience) -> None:
        try:
            self._store.keep_patience(at_keypad, patience)
            self._patience.pop(at_keypad, None)
        except (sqlite3.Error, OSError) as error:
            # A full disk must not keep a resident outside, nor let anybody guess for nothing.
            log.error("a try at the keypad could not be counted: %r", error)
            self._patience[at_keypad] = patience

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
        return decide_card(digest=digest, cards=cards, now=self._clock.now(), time_zone=self._zone())

    def _decide_photo(self, data: bytes) -> Decision:
        if not self.is_paired:
            return self._no_identity()
        now = self._clock.now()
        used = self._takes("face")
        contact = self._contact()
        refused = faces_refused(
            now=now,
            faces_used_here=used,
            last_sync=contact.last_sync,
            offline_hours=contact.offline_hours,
        )
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
            faces_used_here=used,
            last_sync=contact.last_sync,
            offline_hours=contact.offline_hours,
        )

    def _no_identity(self) -> Decision:
        return Decision(False, Reason.REVOKED if self.is_revoked else Reason.NOT_PAIRED)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._store.fact("time_zone") or "UTC")

    def _record(self, kind: str, decision: Decision, *, digest: str | None = None) -> Decision:
        """Returns what the door does: beside an old controller, which opens for whom it knows, it does nothing."""
        if not self.is_paired:
            return decision
        beside = self._store.fact("beside") is not None
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
            "beside": self._store.fact("beside") is not None,
            "last_sync": last_sync.isoformat() if last_sync else None,
            "trouble": self.trouble,
            **self._store.counts(),
        }
