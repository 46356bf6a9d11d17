"""One terminal: to the site an ordinary device, to the terminal the server that it polls.

The agent's part (pairing, following, receipts, entries) is `gate.agent`'s, unchanged but for this: an erasure is proven only
when the terminal, too, has shown that it is gone. And the device speaks with the site only while its terminal speaks with
it: a terminal that is silent is a silent gate, and the site's own alarm says so.
"""

import logging
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from gate import facts
from gate.agent import LONGEST_BACKOFF, Agent
from gate.decide import Card, Today, decide_card
from gate.feed import PIN, windows_of
from gate.terminals import cards, commands, entries, times
from gate.terminals.learning import NOT_HERE, Learning, of
from gate.terminals.memory import Memory
from gate.terminals.records import User, answers, passages, users
from gate.terminals.roster import Roster, Step, Wanted
from gate.terminals.wall import Setting, Wall

log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(minutes=15)
POLL_SECONDS = 5
RECKONED_EVERY = 15.0  # so exact are hours at a terminal, and its own polling beside
STOCK_EVERY = 24 * 3600.0
LOOK_EVERY = 60.0


class NotYet(Exception):
    """The site has not been heard yet, so nobody knows what time it is at this gate, nor whom it lets in."""


class Terminal(Agent):
    """Its methods may be called from the threads of the server; `sync` runs in one of its own."""

    def __init__(self, folder: Path, serial: str, *, first_wait: float = 10.0) -> None:
        wall = Wall(folder)
        self.serial = serial
        self.wall = wall
        self.memory = wall.memory = Memory(folder)
        self.woken = threading.Event()  # the site is asked at once
        self._reckoned: tuple[tuple[int, int, bool] | None, float] = (None, 0.0)
        heard = self.memory.fact("heard_at")
        self._heard = None if heard is None else datetime.fromtimestamp(heard, UTC)
        super().__init__(wall)
        self.learning = Learning(wall, self._clock)
        self.roster = wall.roster = Roster(self.memory, self.learning.plain_of, first_wait=first_wait)

    def close(self) -> None:
        super().close()
        self.memory.close()

    @property
    def device(self) -> str | None:
        found = self.wall.fact("device")
        return None if found is None else str(found)

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
        """It has started, or was told to look again. From now on it shows time by what stands here. Raises: NotYet"""
        now = self._heard_now()
        if self.is_paired and self._site.last_sync is None:
            raise NotYet
        minutes = times.offset_minutes(self._zone(), now)
        self.memory.remember(offset=minutes, told_to_look_at=None)
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
        looked = self.memory.fact("told_to_look_at") or 0.0
        if (
            told is not None
            and told != times.offset_minutes(self._zone(), now)
            and seconds - looked > LOOK_EVERY
        ):
            # Summer time began or ended. It asks for its options after this, and the offset is told.
            said.append(commands.line(0, commands.look_again()))
            self.memory.remember(told_to_look_at=seconds)
        return "".join(said) or "OK\n"

    def uploaded(self, table: str, stamp: str | None, body: bytes) -> int:
        """How many lines were taken. What is in other tables was never looked at."""
        now = self._heard_now()
        if table == "ATTLOG":
            read, unread = passages(body)
            too_old = 0
            if read and self.is_paired:
                told = self.memory.fact("offset")
                too_old = entries.take(self.wall, read, now=now, zone=self._zone(), told=told)
            self._count(unread=unread, too_old=too_old)
            if stamp is not None:
                self.memory.remember(stamp=stamp)
            return len(read) + unread
        found, gone = users(body), self.roster.gone
        with self.memory.writing():  # a whole list at once, or it would take minutes
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
        was_silent, self._heard = self.is_silent, now
        if was_silent:
            self.woken.set()
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
        self.wall.waits_for_terminal = False
        pause = self.sync()
        if self.wall.waits_for_terminal and self.is_paired:
            self.trouble = "the terminal has not shown yet that whoever was taken back is gone"
        return pause

    def _reckon(self, now: datetime) -> None:
        """Rows, methods, hours and what was learned, made into who is to be in the terminal this minute."""
        of, at = self._reckoned
        seconds = now.timestamp()
        state = (self.wall.changes, self.learning.lessons, self.roster.is_inventoried)
        if state == of and at <= seconds < at + RECKONED_EVERY:
            return
        self._reckoned = (state, seconds)
        beside = self.wall.fact("beside") is not None
        self.roster.reconcile(self._wanted(now), now=seconds, beside=beside)

    def _wanted(self, now: datetime) -> dict[str, Wanted]:
        if not self.is_paired:
            self.learning.forget_all()
            return {}
        zone, pins, wanted = self._zone(), self.setting.pins, {}
        # Opening from afar and lock-downs are nothing that a terminal could do; a lock-down stops no card (law 13).
        today = Today(facts.of(self.wall.fact("said_of_gate")).calendar)
        for row in self.wall.plain_rows():
            if not self._takes(row.kind) or (row.kind == PIN and not pins):
                continue
            here = Card(row.credential, "", windows_of(row.windows))
            if not decide_card(digest="", cards=[here], now=now, time_zone=zone, today=today).open:
                continue
            if self.learning.plain(row) is not None:
                number = self.wall.number_of(row.credential) if row.kind == PIN else None
                wanted[row.credential] = Wanted(row.kind, _tag(of(row)), number)
        return wanted

    def teach(self, text: str) -> str:
        """Somebody at the desk showed a card, or typed number and PIN."""
        return self.learning.teach(text, self.setting) if self.is_paired else NOT_HERE

    def _recognised(self, user: User) -> str | None:
        """Whoever is under a number of ours is known anyway."""
        own = self.roster.known(user.number)
        if not self.is_paired or (own is not None and own.step != Step.STRANGER):
            return None
        return self.learning.recognise(user, self.setting)

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
        return self.learning.missing(pins=self.setting.pins) if self.is_paired else []

    def forget(self) -> None:
        super().forget()
        self.learning.forget_all()

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


def _tag(of: str) -> str:
    return sha256(of.encode()).hexdigest()[:16]
