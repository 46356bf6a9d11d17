"""What a gate device keeps on its own disk: who it is, whom it lets in, what it has yet to report.

One SQLite file (0600) in a folder of its own (0700). Face templates lie in it as the site sealed them; they are opened in
memory only. The device's own keys, verifiers and who came lie in it under a key from elsewhere, where there is one (`safe`).
`secure_delete` overwrites what is deleted, and an erasure is not believed until the raw bytes of the file were searched (law
12). Everything of one feed page is applied in one transaction, so a cut in the power leaves the page applied, or not applied;
the cursor says which.

What a code or a pass was spent by is committed before the door opens, and so is each try at a keypad before the PIN is
looked at: neither comes back by pulling the plug.

SQLite cannot reach blocks that the file system gave up (old journals); what could linger there is a template sealed to
this device's key, and that key goes with the store.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gate import rows, schema
from gate.feed import Page
from gate.keypad import Patience
from gate.rows import TRACE, Held, apply_row, erase, mask, replace_sealed
from gate.safe import Safe, is_secret

FILE_NAME = "gate.sqlite3"
# A door that has been offline for very long forgets its oldest entries first, rather than its residents. So many take some
# 50 MB of the disk.
PENDING_EVENTS_LIMIT = 200_000

# A clock that is set back must not find forgotten what was spent.
_SPENT_KEPT_SECONDS = 24 * 3600

Fact = str | bytes | float | None


class StoreBusy(Exception):
    """Another agent holds this state folder."""


@dataclass(frozen=True)
class Receipt:
    credential: str
    version: int
    erased_at: str


@dataclass(frozen=True)
class Event:
    boot: str
    sequence: int
    at: str
    kind: str
    credential: str | None
    outcome: str
    reason: str
    digest: str | None = None


class Store:
    """Usable from several threads; one process at a time."""

    def __init__(self, folder: Path, safe: Safe | None = None) -> None:
        """Raises: StoreBusy, StoreTooNew, StoreLocked"""
        self.folder = folder
        self._safe = safe or Safe()
        self.file = folder / FILE_NAME
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lock = threading.RLock()
        self.changes = 0  # to rows, since this start: whoever keeps something made of them looks here
        self._guard = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._guard)
            raise StoreBusy(f"another agent is using {folder}") from error
        os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        self.file.chmod(0o600)
        self._db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        # EXTRA: with FULL a power cut can bring back the journal of what has just been committed, and with it what was before.
        for pragma in ("secure_delete=ON", "journal_mode=DELETE", "synchronous=EXTRA", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        schema.bring_up_to_date(self._db)
        for (kept,) in self._all("SELECT value FROM facts WHERE name = 'signing_key'"):
            self._safe.fits(kept, "signing_key")

    def close(self) -> None:
        with self._lock:
            self._db.close()
            os.close(self._guard)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _all(self, sql: str, *parameters: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    # Facts: identity, cursor, and what the site said about this gate.

    def fact(self, name: str) -> Any:
        found = self._all("SELECT value FROM facts WHERE name = ?", name)
        if found and is_secret(name):
            return self._safe.open(found[0][0], name)
        return found[0][0] if found else None

    def remember(self, **facts: Fact) -> None:
        with self._transaction() as db:
            _remember(db, self._closed(facts))

    def _closed(self, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        return {
            name: self._safe.close(value, name) if isinstance(value, bytes) and is_secret(name) else value
            for name, value in facts.items()
        }

    # Applying the feed.

    def apply(self, page: Page) -> None:
        """Rows, tombstones, erasures to prove, and the cursor: all of it, or none."""
        with self._transaction() as db:
            for row in page.rows:
                verifier = self._safe.close_text(row.verifier, f"verifier of {row.credential}")
                apply_row(db, replace(row, verifier=verifier))
            if page.keep is not None:
                for credential, version in db.execute("SELECT credential, version FROM rows").fetchall():
                    if credential not in page.keep:
                        erase(db, credential, version)
            _remember(
                db,
                {
                    "cursor": page.cursor,
                    "gate": page.gate,
                    "time_zone": page.time_zone,
                    "beside": 1 if page.beside else None,
                    "methods": ",".join(page.methods),
                    "offline_hours": page.offline_hours,
                    "said_of_gate": page.facts.written(),
                },
            )
        if page.rows or page.keep is not None:
            self.changes += 1  # after the commit: whoever counted before looks again

    def forget_cursor(self) -> None:
        """The next request begins a snapshot. Rows stay: a resident's card must work meanwhile."""
        self.remember(cursor=None)

    # Erasure, read back.

    def prove_erasures(self, *, now: datetime) -> int:
        """Looks for what was erased, in the table and in the raw file. Returns how many could not be proven yet."""
        claimed = self._all("SELECT credential, version, traces FROM erasures WHERE erased_at IS NULL")
        waiting = [erasure for erasure in claimed if self.may_prove(erasure[0])]
        held_back = len(claimed) - len(waiting)
        if not waiting:
            return held_back
        raw = self.raw_bytes()
        doubtful = [erasure for erasure in waiting if not self._is_gone(erasure, raw)]
        if doubtful:
            with self._lock:
                self._db.execute("VACUUM")
            raw = self.raw_bytes()
            doubtful = [erasure for erasure in doubtful if not self._is_gone(erasure, raw)]
        with self._transaction() as db:
            for credential, version, _ in set(waiting) - set(doubtful):
                db.execute(
                    "UPDATE erasures SET erased_at = ?, traces = x'' WHERE credential = ? AND version = ?",
                    (now.isoformat(), credential, version),
                )
        return held_back + len(doubtful)

    def may_prove(self, credential: str) -> bool:
        """Where the device reaches further than this disk (`gate.terminals`), what hangs there has to be gone as well."""
        return True

    def raw_bytes(self) -> bytes:
        """All bytes of the store's files, its journal included."""
        with self._lock:
            return b"".join(path.read_bytes() for path in sorted(self.folder.glob(FILE_NAME + "*")))

    def _is_gone(self, erasure: tuple[str, int, bytes], raw: bytes) -> bool:
        credential, version, traces = erasure
        if self._all("SELECT 1 FROM rows WHERE credential = ? AND version <= ?", credential, version):
            return False
        return not any(trace in raw for trace in self._traces_of_nobody_else(traces))

    def _traces_of_nobody_else(self, traces: bytes) -> Iterator[bytes]:
        """A card that was given to a new credential keeps its digest here, and rightly so."""
        for start in range(0, len(traces), TRACE):
            trace = mask(traces[start : start + TRACE])
            if not self._all(
                "SELECT 1 FROM rows WHERE instr(CAST(digest AS BLOB), ?1) OR instr(sealed, ?1) "
                "OR instr(CAST(verifier AS BLOB), ?1)",
                trace,
            ):
                yield trace

    def receipts(self, limit: int) -> list[Receipt]:
        """Only proven ones: an erasure that was not read back is never claimed."""
        found = self._all(
            "SELECT credential, version, erased_at FROM erasures WHERE erased_at IS NOT NULL "
            "ORDER BY erased_at, credential LIMIT ?",
            limit,
        )
        return [Receipt(*row) for row in found]

    def receipts_accepted(self, receipts: Sequence[Receipt]) -> None:
        with self._transaction() as db:
            for receipt in receipts:
                db.execute(
                    "DELETE FROM erasures WHERE credential = ? AND version = ? AND erased_at = ?",
                    (receipt.credential, receipt.version, receipt.erased_at),
                )

    # Whom the door knows.

    def cards(self, digest: str) -> list[Held]:
        return [Held(*row) for row in self._all(rows.CARDS, digest)]

    def faces(self) -> list[Held]:
        return [Held(*row) for row in self._all(rows.FACES)]

    def face(self, credential: str) -> Held | None:
        found = self._all(rows.FACE, credential)
        return Held(*found[0]) if found else None

    def keyed(self, number: str) -> list[Held]:
        return [self._opened(Held(*row)) for row in self._all(rows.KEYED, number)]

    def pins_of(self, holders: Iterable[str]) -> list[Held]:
        found = (Held(*row) for holder in sorted(holders) for row in self._all(rows.PINS_OF, holder))
        return [self._opened(row) for row in found]

    def coded(self, credential: str) -> Held | None:
        found = self._all(rows.CODED, credential)
        return self._opened(Held(*found[0])) if found else None

    def _opened(self, row: Held) -> Held:
        return replace(row, verifier=self._safe.open_text(row.verifier, f"verifier of {row.credential}"))

    def seal_anew(self, seal: Callable[[Held], bytes | None], **facts: Fact) -> None:
        """Every template under other keys, and the keys with them: all of it, or none."""
        with self._transaction() as db:
            for row in [Held(*each) for each in db.execute(rows.FACES).fetchall()]:
                replace_sealed(db, row.credential, seal(row))
            _remember(db, self._closed(facts))
        self.changes += 1

    # What is used up, and who has to wait.

    def spend(self, key: str, *, until: datetime, now: datetime) -> bool:
        """True for the first who spends it. Committed when this returns; only then may the door open."""
        with self._transaction() as db:
            db.execute("DELETE FROM spent WHERE until < ?", (now.timestamp() - _SPENT_KEPT_SECONDS,))
            done = db.execute(
                "INSERT INTO spent (key, until) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
                (key, until.timestamp()),
            )
            return done.rowcount == 1

    def patience(self, keypad: str) -> Patience:
        found = self._all("SELECT wrong, not_before, cleared_at FROM keypads WHERE name = ?", keypad)
        if not found:
            return Patience()
        wrong, not_before, cleared_at = found[0]
        return Patience(wrong, _moment(not_before), _moment(cleared_at))

    def keep_patience(self, keypad: str, patience: Patience) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO keypads (name, wrong, not_before, cleared_at) VALUES (?, ?, ?, ?)",
                (keypad, patience.wrong, _seconds(patience.not_before), _seconds(patience.cleared_at)),
            )

    # Events.

    def record(self, event: Event) -> None:
        about = _about(event)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO events (boot, sequence, at, kind, credential, outcome, reason, digest) "
                # A device revoked a moment ago keeps nothing more.
                "SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'device')",
                (
                    event.boot,
                    event.sequence,
                    event.at,
                    event.kind,
                    self._safe.close_text(event.credential, about),
                    event.outcome,
                    event.reason,
                    self._safe.close_text(event.digest, about),
                ),
            )
            # Numbers grow from row to row, and only the oldest ones are ever taken away.
            db.execute(
                "DELETE FROM events WHERE rowid <= (SELECT max(rowid) FROM events) - ?",
                (PENDING_EVENTS_LIMIT,),
            )

    def events(self, limit: int) -> list[Event]:
        """The oldest ones, all of one boot."""
        found = self._all(
            "SELECT boot, sequence, at, kind, credential, outcome, reason, digest FROM events "
            "WHERE boot = (SELECT boot FROM events ORDER BY rowid LIMIT 1) ORDER BY sequence LIMIT ?",
            limit,
        )
        return [self._read_back(Event(*row)) for row in found]

    def _read_back(self, event: Event) -> Event:
        about, opened = _about(event), self._safe.open_text
        return replace(event, credential=opened(event.credential, about), digest=opened(event.digest, about))

    def pending_events(self) -> int:
        return int(self._all("SELECT count(*) FROM events")[0][0])

    def events_accepted(self, events: Sequence[Event]) -> None:
        with self._transaction() as db:
            keys = [(event.boot, event.sequence) for event in events]
            db.executemany("DELETE FROM events WHERE boot = ? AND sequence = ?", keys)

    def counts(self) -> dict[str, int]:
        return {
            "cards": self._all("SELECT count(*) FROM rows WHERE kind = 'card'")[0][0],
            "pins": self._all("SELECT count(*) FROM rows WHERE kind = 'pin'")[0][0],
            "codes": self._all("SELECT count(*) FROM rows WHERE kind IN ('qr', 'pass')")[0][0],
            "faces": self._all("SELECT count(*) FROM rows WHERE kind = 'face' AND sealed IS NOT NULL")[0][0],
            "faces_missing": self._all("SELECT count(*) FROM rows WHERE kind = 'face' AND sealed IS NULL")[0][
                0
            ],
            "pending_receipts": self._all("SELECT count(*) FROM erasures WHERE erased_at IS NOT NULL")[0][0],
            "unproven_erasures": self._all("SELECT count(*) FROM erasures WHERE erased_at IS NULL")[0][0],
            "pending_events": self._all("SELECT count(*) FROM events")[0][0],
        }

    # The end.

    def erase_everything(self, **facts: str | bytes | float | None) -> None:
        """Keys, rows, events, all of it, in one transaction; `facts` is what may be known afterwards."""
        with self._transaction() as db:
            schema.empty(db)
            _remember(db, self._closed(facts))
        self.changes += 1
        with self._lock:
            self._db.execute("VACUUM")


def _about(event: Event) -> str:
    return f"{event.boot} {event.sequence}"


def _remember(db: sqlite3.Connection, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if value is None:
            db.execute("DELETE FROM facts WHERE name = ?", (name,))
        else:
            db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
