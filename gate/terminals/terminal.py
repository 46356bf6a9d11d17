"""One terminal: to the site an ordinary device, to the terminal the server that it polls.

The agent's part (pairing, following, receipts, entries) is `gate.agent`'s, unchanged but for this: an erasure is proven only
when the terminal, too, has shown that it is gone. And the device speaks with the site only while its terminal speaks with
it: a terminal that is silent is a silent gate, and the site's own alarm says so.
"""

import logging
import sqlite3
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from gate import keypad, keys
from gate.agent import LONGEST_BACKOFF, Agent
from gate.decide import OPENED, Card, Reason, decide_card
from gate.feed import CARD, PIN, windows_of
from gate.store import Event, Held, Store
from gate.terminals import cards, commands, times
from gate.terminals.memory import Memory, derived, sequence_of
from gate.terminals.records import Passed, User, answers, passages, users
from gate.terminals.roster import Plain, Roster, Step, Wanted

log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(minutes=15)
POLL_SECONDS = 5
RECKONED_EVERY = 15.0  # so exact are hours at a terminal, and its own polling beside
STOCK_EVERY = 24 * 3600.0
# Entries are told apart for so long. Older ones could be ones that the site has deleted since: they are not taken.
ENTRIES_KEPT = timedelta(days=90)
AHEAD = timedelta(minutes=5)
TEACHING = "teaching"
TERMINAL_ONLY = "known_to_the_terminal_only"


class Wall(Store):
    """A device's store whose erasures reach further than its own disk."""

    roster: Roster
    memory: Memory

    def may_prove(self, credential: str) -> bool:
        """A newer row for the same way in means that it was given anew: what hangs on the wall is that one's."""
        if self._all("SELECT 1 FROM rows WHERE credential = ?", credential):
            return True
        return self.roster.is_gone(credential) and self.memory.unlearn(credential)

    def plain_rows(self, credential: str | None = None) -> list[Held]:
        """Cards and PINs: faces, codes and passes are nothing for a terminal (law 10)."""
        return [
            Held(*row)
            for row in self._all(
                "SELECT credential, version, kind, digest, NULL, NULL, windows, verifier, once FROM rows "
                "WHERE ((kind = ?1 AND digest IS NOT NULL) OR (kind = ?2 AND verifier IS NOT NULL)) "
                "AND (?3 IS NULL OR credential = ?3)",
                CARD,
                PIN,
                credential,
            )
        ]

    def number_of(self, credential: str) -> str | None:
        found = self._all("SELECT number FROM rows WHERE credential = ?", credential)
        return found[0][0] if found else None

    def record_all(self, events: Iterable[Event]) -> None:
        """Once each, however often they are told."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO events (boot, sequence, at, kind, credential, outcome, reason) "
                "SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'device') "
                "ON CONFLICT (boot, sequence) DO NOTHING",
                [
                    (one.boot, one.sequence, one.at, one.kind, one.credential, one.outcome, one.reason)
                    for one in events
                ],
            )


@dataclass(frozen=True)
class Setting:
    """What a person said when they approved the terminal."""

    address: str
    notation: cards.Notation = cards.Notation.DECIMAL
    pins: bool = False


class Terminal(Agent):
    """Its methods may be called from the threads of the server; `sync` runs in one of its own."""

    def __init__(self, folder: Path, serial: str, *, first_wait: float = 10.0) -> None:
        wall = Wall(folder)
        self.serial = serial
        self.memory = wall.memory = Memory(folder)
        self.roster = wall.roster = Roster(self.memory, self._plain_of, first_wait=first_wait)
        self.wall = wall
        self.woken = threading.Event()  # the site is asked at once
        self._reckoned: tuple[tuple[int, int, bool] | None, float] = (None, 0.0)
        self._learnt = 0
        heard = self.memory.fact("heard_at")
        self._heard = None if heard is None else datetime.fromtimestamp(heard, UTC)
        super().__init__(wall)

    def close(self) -> None:
        super().close()
        self.memory.close()

    # What was said when it was approved.

    @property
    def setting(self) -> Setting:
        return Setting(
            str(self.memory.fact("address")),
            cards.Notation(self.memory.fact("notation") or cards.Notation.DECIMAL),
            self.memory.fact("pins") is not None,
        )

    def set(self, setting: Setting, *, empty: bool = False) -> None:
        self.memory.remember(
            address=setting.address,
            notation=setting.notation.value,
            pins=1 if setting.pins else None,
            approved_at=self.memory.fact("approved_at") or self._clock.now().timestamp(),
        )
        if empty:
            self.roster.is_empty()

    # What the terminal asks.

    def greeted(self) -> str:
        """It has started, or was told to look again. From now on it shows time by what stands here."""
        now = self._heard_now()
        minutes = times.offset_minutes(self._zone(), now)
        self.memory.remember(offset=minutes)
        if now.timestamp() - (self.memory.fact("stock_at") or 0.0) > 3600:
            self._take_stock(now)
        stamp = self.memory.fact("stamp") or "0"
        options = {
            "ATTLOGStamp": stamp,
            "OPERLOGStamp": "0",
            "ATTPHOTOStamp": "None",  # no photo, ever
            "ErrorDelay": "30",
            "Delay": str(POLL_SECONDS),
            "TransTimes": "00:00;12:00",
            "TransInterval": "1",
            "TransFlag": "TransData AttLog\tOpLog\tEnrollUser\tChgUser",
            "TimeZone": times.time_zone_option(minutes),
            "Realtime": "1",
            "Encrypt": "None",
        }
        lines = [f"GET OPTION FROM: {self.serial}", *(f"{name}={value}" for name, value in options.items())]
        return "\n".join(lines) + "\n"

    def polled(self) -> str:
        now = self._heard_now()
        seconds = now.timestamp()
        if self.is_paired and self._site.last_sync is None:
            return "OK\n"  # whom it knows already can only be told by what the site says
        self._reckon(now)
        if seconds - (self.memory.fact("stock_at") or 0.0) > self._stock_every():
            self._take_stock(now)
        said = self.roster.due(now=seconds)
        told = self.memory.fact("offset")
        if told is not None and told != times.offset_minutes(self._zone(), now):
            # Summer time began or ended. It is asked for its options after this, and the offset is told.
            said.append(commands.line(0, commands.look_again()))
        return "".join(said) or "OK\n"

    def uploaded(self, table: str, stamp: str | None, body: bytes) -> int:
        """How many lines were taken. What is in other tables was never looked at."""
        now = self._heard_now()
        if table == "ATTLOG":
            read, unread = passages(body)
            self._count(unread=unread)
            self._take(read, now)
            if stamp is not None:
                self.memory.remember(stamp=stamp)
            return len(read) + unread
        found, gone = users(body), self.roster.gone
        for user in found:
            self.roster.shown(user, now=now.timestamp(), twin=self._recognised(user))
        if self.roster.gone != gone:
            self.woken.set()  # the site is waiting for it
        return len(found)

    def answered(self, body: bytes) -> None:
        now = self._heard_now().timestamp()
        for answer in answers(body):
            self.roster.answered(answer, now=now)

    def now(self) -> datetime:
        return self._clock.now()

    def http_date(self) -> str:
        return times.http_date(self._clock.now())

    def _heard_now(self) -> datetime:
        now = self._clock.now()
        if self._heard is None or abs(now - self._heard) > timedelta(minutes=1):
            self.memory.remember(heard_at=now.timestamp())
        if self.is_silent:
            self.woken.set()
        self._heard = now
        return now

    @property
    def is_silent(self) -> bool:
        return self._heard is None or self._clock.now() - self._heard > SILENT_AFTER

    def _stock_every(self) -> float:
        """A card that the gateway waits for may be one that the terminal has had all along, under a number of its own."""
        strangers = self.roster.counts()[Step.STRANGER]
        return 3600.0 if strangers and self._not_learned() else STOCK_EVERY

    def _take_stock(self, now: datetime) -> None:
        self.memory.remember(stock_at=now.timestamp())
        self.roster.take_stock()

    # Who is to be in it.

    def follow(self) -> float:
        """One round with the site, if the terminal is there to be told. Returns seconds to the next one."""
        if self.is_silent:
            self.trouble = "the terminal is silent"
            return 1.0 if self._heard is None else float(POLL_SECONDS)
        pause = self.sync()
        going = self.roster.counts()
        if self.wall.counts()["unproven_erasures"] and going[Step.DELETE] + going[Step.CHECK_GONE]:
            self.trouble = "the terminal has not shown yet that whoever was taken back is gone"
        return pause

    def _reckon(self, now: datetime) -> None:
        """Rows, methods, hours and what was learned, made into who is to be in the terminal this minute."""
        of, at = self._reckoned
        seconds = now.timestamp()
        state = (self.wall.changes, self._learnt, self.roster.is_inventoried)
        if state == of and at <= seconds < at + RECKONED_EVERY:
            return
        self._reckoned = (state, seconds)
        beside = self.wall.fact("beside") is not None
        self.roster.reconcile(self._wanted(now), now=seconds, beside=beside)

    def _wanted(self, now: datetime) -> dict[str, Wanted]:
        if not self.is_paired:
            self._unlearn_all()
            return {}
        zone, pins, wanted = self._zone(), self.setting.pins, {}
        for row in self.wall.plain_rows():
            if not self._takes(row.kind) or (row.kind == PIN and not pins):
                continue
            here = Card(row.credential, "", windows_of(row.windows))
            if not decide_card(digest="", cards=[here], now=now, time_zone=zone).open:
                continue
            if self._plain(row) is not None:
                number = self.wall.number_of(row.credential) if row.kind == PIN else None
                wanted[row.credential] = Wanted(row.kind, _tag(_of(row)), number)
        return wanted

    def _plain_of(self, credential: str) -> Plain | None:
        rows = self.wall.plain_rows(credential)
        return self._plain(rows[0]) if rows else None

    def _plain(self, row: Held) -> Plain | None:
        learned = self.memory.learned(credential=row.credential, of=_of(row), key=self._key("learned"))
        if learned is None:
            return None
        return Plain(password=learned) if row.kind == PIN else Plain(card=int(learned))

    def _key(self, purpose: str) -> bytes:
        return derived(keys.own(self.wall)[1].private_bytes_raw(), purpose)

    # Learning what the site does not know.

    def teach(self, text: str) -> str:
        """Somebody at the desk showed a card, or typed number and PIN: one of `learned`, `unknown`, `wait`, `not_here`."""
        if not self.is_paired:
            return "not_here"
        try:
            entry = keypad.read_entry(text.strip())
        except ValueError:
            return self._teach_card(text)
        # Eleven to thirteen digits could be a card's number as well.
        return "learned" if self._teach_card(text) == "learned" else self._teach_pin(entry)

    def _teach_card(self, text: str) -> str:
        digest = self._digest(text)
        rows = [] if digest is None else self.wall.cards(digest)
        try:
            card = cards.number_of(text, self.setting.notation)
        except cards.NoSuchNumber:
            return "unknown"
        for row in rows:
            self._learn(row, str(card))
        return "learned" if rows else "unknown"

    def _teach_pin(self, entry: keypad.Entry) -> str:
        if not self.setting.pins:
            return "not_here"
        now = self._clock.now()
        before = self.wall.patience(TEACHING).settled(now)
        if before.waits(now):
            return "wait"
        self.wall.keep_patience(TEACHING, before.tried(now))
        for row in self.wall.keyed(entry.number):
            if row.kind == PIN and row.verifier and keypad.is_right(row.verifier, entry.pin):
                self._learn(row, entry.pin)
                self.wall.keep_patience(TEACHING, before.right(now))
                return "learned"
        return "unknown"

    def _recognised(self, user: User) -> str | None:
        """The way in that somebody whom the terminal shows has: then the gateway knows its number too."""
        if not self.is_paired:
            return None
        own = self.roster.known(user.number)
        if own is not None and own.credential is not None:
            return None
        if user.card is not None:
            for spelling in cards.spellings(user.card, self.setting.notation):
                if (row := next(iter(self.wall.cards(self._digest(spelling) or "")), None)) is not None:
                    self._learn(row, str(user.card))
                    return row.credential
        if user.password is not None and self.setting.pins:
            for row in self.wall.keyed(user.number):
                if row.kind == PIN and row.verifier and keypad.is_right(row.verifier, user.password):
                    self._learn(row, user.password)
                    return row.credential
        return None

    def _learn(self, row: Held, plain: str) -> None:
        if self._plain(row) is None:
            self.memory.learn(credential=row.credential, of=_of(row), plain=plain, key=self._key("learned"))
            self._learnt += 1

    # Entries.

    def _take(self, told: list[Passed], now: datetime) -> None:
        if not told or not self.is_paired:
            return
        key, zone = self._key("entries"), self._zone()
        boot = str(uuid.uuid5(uuid.UUID(self.wall.fact("device")), "entries"))
        approved = datetime.fromtimestamp(self.memory.fact("approved_at") or 0.0, UTC)
        oldest = max(now - ENTRIES_KEPT, approved - AHEAD)
        before = self.memory.fact("latest")
        after = None if before is None else datetime.fromtimestamp(before, UTC)
        heard: dict[int, float] = {}
        events: list[Event] = []
        for passed in told:
            sequence = sequence_of(passed.line, key)
            if sequence in heard or self.memory.is_heard(sequence):
                continue
            at = times.moment(passed.wall, zone, after=after)
            if at < oldest:
                # What it had in its log before it was ours is nobody's business here; and see ENTRIES_KEPT.
                self._count(too_old=1)
                continue
            if at > now + AHEAD:
                at = now  # its clock is wrong, and this came just now
            after = at
            heard[sequence] = at.timestamp()
            events.append(self._event(passed, boot, sequence, at))
        # The entry first: told again, it has the same number, and is known by it on both sides.
        self.wall.record_all(events)
        self.memory.hear(heard, forget_before=(now - ENTRIES_KEPT - timedelta(days=1)).timestamp())
        if after is not None:
            self.memory.remember(latest=after.timestamp())

    def _event(self, passed: Passed, boot: str, sequence: int, at: datetime) -> Event:
        known = self.roster.known(passed.number)
        credential, kind = None, "unknown"
        if known is not None and known.twin is not None:
            credential, kind = known.twin, CARD
        elif known is not None and known.credential and (known.since or 0.0) - 60 <= at.timestamp():
            credential, kind = known.credential, known.kind
        reason = Reason.ALLOWED.value if credential else TERMINAL_ONLY
        return Event(boot, sequence, at.isoformat(), kind, credential, OPENED, reason)

    def _count(self, **more: int) -> None:
        for name, number in more.items():
            if number:
                self.memory.remember(**{name: int(self.memory.fact(name) or 0) + number})

    # For people.

    def status(self) -> dict[str, Any]:
        setting = self.setting
        return super().status() | {
            "serial": self.serial,
            "address": setting.address,
            "other_address": self.memory.fact("other_address"),
            "silent": self.is_silent,
            "heard_at": None if self._heard is None else self._heard.isoformat(),
            "terminal": self.roster.counts(),
            "inventory": self.roster.is_inventoried,
            "refusal": self.memory.fact("refusal"),
            "unread_lines": self.memory.fact("unread") or 0,
            "entries_too_old": self.memory.fact("too_old") or 0,
            # Whose card or PIN does not open here yet: it is to be shown once (docs/terminals.md).
            "not_learned": self._not_learned(),
        }

    def _not_learned(self) -> list[str]:
        if not self.is_paired:
            return []
        pins = self.setting.pins
        rows = (row for row in self.wall.plain_rows() if row.kind == CARD or pins)
        return sorted(row.credential for row in rows if self._plain(row) is None)

    def forget(self) -> None:
        super().forget()
        self._unlearn_all()

    def _unlearn_all(self) -> None:
        with self.memory.writing() as db:
            db.execute("DELETE FROM learned")

    def elsewhere(self, address: str) -> None:
        """Another machine gave this serial number. It is refused, and what was seen is kept for a person."""
        if self.memory.fact("other_address") != address:
            log.warning("%s: refused at another address than its own", self.serial)
            self.memory.remember(other_address=address)

    def safely(self) -> float:
        """`follow`, for a thread that must not die."""
        try:
            return self.follow()
        except (sqlite3.Error, OSError) as error:
            self.trouble = str(error)
            return LONGEST_BACKOFF


def _of(row: Held) -> str:
    return str(row.verifier if row.kind == PIN else row.digest)


def _tag(of: str) -> str:
    return sha256(of.encode()).hexdigest()[:16]
