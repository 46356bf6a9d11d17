"""The agent at the door: pairs, follows the feed, reports, and never needs the network to let someone in.

Everything that must survive a power cut is in the store before anything is said about it, and everything said to the
site may be said twice. So a `kill -9` at any line costs a repetition, nothing else.
"""

import logging
import random
import sqlite3
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate import keypad, sealing, tokens, wire
from gate.client import Client, Identity, Problem, Unreachable, check_address
from gate.clock import DoorClock
from gate.decide import (
    OPENED,
    REFUSED,
    WOULD_OPEN,
    Card,
    Contact,
    Decision,
    FaceTemplate,
    Reason,
    Ticket,
    decide_card,
    decide_code,
    decide_face,
    decide_pin,
    faces_refused,
)
from gate.feed import BadPage, read_page, read_time, windows_of
from gate.photos import PhotoRefused, Refusal
from gate.store import Event, Held, Store

PAGE_ROWS = 500
EVENTS_AT_ONCE = 500
RECEIPTS_AT_ONCE = 500
PAGES_AT_ONCE = 10_000
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 300.0
JITTER = 0.1
# The cursor is of no use to the site any more, or never was: begin again, with a snapshot.
_BEGIN_AGAIN = {"cursor-too-old", "cursor-ahead", "cursor-not-yours", "cursor-malformed"}
_PHOTO_REASONS = {Refusal.NO_FACE: Reason.NO_FACE, Refusal.SEVERAL_FACES: Reason.SEVERAL_FACES}


log = logging.getLogger(__name__)


class AlreadyPaired(Exception):
    """This device belongs to a gate already; `forget` first."""


@dataclass(frozen=True)
class _Opened:
    version: int
    encoding: Sequence[float]


class Agent:
    """`sync` may run in one thread while another decides. Faces must always be shown from the same thread (dlib)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = str(uuid.uuid4())
        self._sequence = 0
        last_sync = store.fact("last_sync")
        self._last_sync = read_time(last_sync) if last_sync else None
        self._clock = DoorClock(last_sync=self._last_sync, offset=store.fact("clock_offset") or 0.0)
        self._opened: dict[str, _Opened] = {}
        self._opened_lock = threading.Lock()
        self._client: Client | None = None
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
        signing, sealing_key = self._keys()
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
        """The same site at another address. Whoever answers there still has to sign with the key we know."""
        self._store.remember(server=check_address(server))
        if self._client is not None:
            self._client.close()
            self._client = None

    def _keys(self) -> tuple[Ed25519PrivateKey, X25519PrivateKey]:
        if self._store.fact("signing_key") is None:
            self._store.remember(
                signing_key=Ed25519PrivateKey.generate().private_bytes_raw(),
                sealing_key=X25519PrivateKey.generate().private_bytes_raw(),
            )
        return (
            Ed25519PrivateKey.from_private_bytes(self._store.fact("signing_key")),
            X25519PrivateKey.from_private_bytes(self._store.fact("sealing_key")),
        )

    def forget(self) -> None:
        self._store.erase_everything()
        self._drop_opened()

    # Following the site.

    def sync(self) -> float:
        """One round with the site; never raises for what the site or the network did. Returns seconds to the next one."""
        if self.is_revoked or not self.is_paired:
            return LONGEST_BACKOFF
        try:
            pause = self._round()
        except (Unreachable, BadPage, Problem, sqlite3.Error, OSError) as error:
            return self._after_failure(error)
        self._failures = 0
        doubtful = self._store.counts()["unproven_erasures"]
        self.trouble = "what was erased can still be read on this disk" if doubtful else None
        return float(pause) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing

    def _round(self) -> float:
        client, who = self._connection()
        self._prove_erasures()
        self._push_receipts(client, who)
        pause = self._pull(client, who)
        self._prove_erasures()
        self._push_receipts(client, who)
        self._push_events(client, who)
        return pause

    def _after_failure(self, error: Exception) -> float:
        # A refusal without the site's signature could come from anyone on the way; it must not empty a door.
        if isinstance(error, Problem) and error.code == "device-revoked" and error.signed:
            self._store.erase_everything(revoked=1)
            self._drop_opened()
            self.trouble = Reason.REVOKED
            return LONGEST_BACKOFF
        self._failures += 1
        self.trouble = str(error)
        pause = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(self._failures - 1, 20))
        return pause * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing

    def _connection(self) -> tuple[Client, Identity]:
        if self._client is None:
            self._client = Client(self._store.fact("server"))
            self._client.offset = self._store.fact("clock_offset") or 0.0
        return self._client, Identity(
            device=self._store.fact("device"),
            key=self._keys()[0],
            server_key=Ed25519PublicKey.from_public_bytes(self._store.fact("server_key")),
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
        client.offset = self._clock.set(server_time)
        self._last_sync = server_time
        self._store.remember(last_sync=server_time.isoformat(), clock_offset=client.offset)

    def _prove_erasures(self) -> None:
        """Memory first, then disk: what was read back as gone must not live on in an open template."""
        held = {face.credential for face in self._store.faces()}
        with self._opened_lock:
            self._opened = {key: value for key, value in self._opened.items() if key in held}
        self._store.prove_erasures(now=self._clock.now())

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
        while events := self._store.events(at_once):
            body = [
                {
                    "sequence": one.sequence,
                    "at": one.at,
                    "kind": one.kind,
                    "credential": one.credential,
                    "outcome": one.outcome,
                    "reason": one.reason,
                    **({} if one.digest is None else {"digest": one.digest}),
                }
                for one in events
            ]
            try:
                client.post(who, "events", {"boot": events[0].boot, "events": body})
            except Problem as problem:
                if problem.status != 413 or at_once == 1:
                    raise
                at_once = max(1, at_once // 2)
                continue
            self._store.events_accepted(events)

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
        server_key = Ed25519PublicKey.from_public_bytes(self._store.fact("server_key"))
        try:
            token = tokens.read(text, key=server_key)
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
        last_sync = self._last_sync if self._clock.trusted else None
        return Contact(last_sync, self._store.fact("offline_hours") or 0.0)

    def _ticket(self, row: Held) -> Ticket:
        return Ticket(row.credential, row.kind, windows_of(row.windows), row.verifier, bool(row.once))

    def _digest(self, number: str) -> str | None:
        """None for what is no card number, and while there is no key to make a digest with."""
        if not self.is_paired:
            return None
        try:
            return sealing.card_digest(card_key=self._card_key(), number=number)
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
            encoding=encoding.tolist(),
            templates=self._templates(),
            now=now,
            time_zone=self._zone(),
            faces_used_here=used,
            last_sync=contact.last_sync,
            offline_hours=contact.offline_hours,
        )

    def _no_identity(self) -> Decision:
        return Decision(False, Reason.REVOKED if self.is_revoked else Reason.NOT_PAIRED)

    def _card_key(self) -> bytes:
        return sealing.open_card_key(
            sealed=self._store.fact("card_key"), key=self._keys()[1], device=self._store.fact("device")
        )

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._store.fact("time_zone") or "UTC")

    def _templates(self) -> list[FaceTemplate]:
        templates = []
        for row in self._store.faces():
            encoding = self._open(row)
            if encoding is not None:
                templates.append(FaceTemplate(row.credential, encoding, windows_of(row.windows)))
        return templates

    def _open(self, row: Held) -> Sequence[float] | None:
        """Opened once and kept in memory, for as long as the row it came from stands."""
        with self._opened_lock:
            known = self._opened.get(row.credential)
        if known is not None and known.version == row.sealed_version:
            return known.encoding
        if row.sealed is None or row.sealed_version is None:
            return None
        try:
            encoding = sealing.open_template(
                sealed=row.sealed,
                key=self._keys()[1],
                device=self._store.fact("device"),
                credential=row.credential,
                version=row.sealed_version,
            )
        except sealing.CannotOpen as error:
            log.warning("template %s cannot be opened: %s", row.credential, error)
            return None
        with self._opened_lock:
            self._opened[row.credential] = _Opened(row.sealed_version, encoding)
        return encoding

    def _drop_opened(self) -> None:
        with self._opened_lock:
            self._opened = {}

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
        if self._client is not None:
            self._client.close()
        self._store.close()

    def status(self) -> dict[str, Any]:
        return {
            "paired": self.is_paired,
            "revoked": self.is_revoked,
            "device": self._store.fact("device"),
            "gate": self._store.fact("gate"),
            "beside": self._store.fact("beside") is not None,
            "last_sync": self._last_sync.isoformat() if self._last_sync else None,
            "trouble": self.trouble,
            **self._store.counts(),
        }
