"""What a gate device keeps on its own disk: who it is, whom it lets in, what it has yet to report.

One SQLite file (0600) in a folder of its own (0700). Face templates lie in it as the site sealed them; they are opened in
memory only. `secure_delete` overwrites what is deleted, and an erasure is not believed until the raw bytes of the file
were searched (law 12). Everything of one feed page is applied in one transaction, so a cut in the power leaves the page
applied, or not applied; the cursor says which.

What a code or a pass was spent by is committed before the door opens, and so is each try at a keypad before the PIN is
looked at: neither comes back by pulling the plug.

SQLite cannot reach blocks that the file system gave up (old journals); what could linger there is a template sealed to
this device's key, and that key goes with the store.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gate import schema
from gate.feed import Page
from gate.keypad import Patience
from gate.rows import TRACE, apply_row, erase, mask, replace_sealed

FILE_NAME = "gate.sqlite3"
# A door that has been offline for very long forgets its oldest entries first, rather than its residents.
PENDING_EVENTS_LIMIT = 100_000

# A clock that is set back must not find forgotten what was spent.
_SPENT_KEPT_SECONDS = 24 * 3600
_HELD = "SELECT credential, version, kind, digest, sealed, sealed_version, windows, verifier, once FROM rows "
_CARDS = _HELD + "WHERE kind = 'card' AND digest = ?"
_FACES = _HELD + "WHERE kind = 'face' AND sealed IS NOT NULL"
_FACE = _FACES + " AND credential = ?"
_KEYED = _HELD + "WHERE kind IN ('pin', 'pass') AND number = ? AND verifier IS NOT NULL ORDER BY credential"
_CODED = _HELD + "WHERE kind IN ('qr', 'pass') AND credential = ?"


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


@dataclass(frozen=True)
class Held:
    """A row as the door needs it."""

    credential: str
    version: int
    kind: str
    digest: str | None
    sealed: bytes | None
    sealed_version: int | None
    windows: str
    verifier: str | None = None
    once: int = 0


class Store:
    """Usable from several threads; one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
        self._set_up()

    def _set_up(self) -> None:
        for pragma in ("secure_delete=ON", "journal_mode=DELETE", "synchronous=FULL", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        schema.bring_up_to_date(self._db)

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
        return found[0][0] if found else None

    def remember(self, **facts: str | bytes | float | None) -> None:
        with self._transaction() as db:
            _remember(db, facts)

    # Applying the feed.

    def apply(self, page: Page) -> None:
        """Rows, tombstones, erasures to prove, and the cursor: all of it, or none."""
        with self._transaction() as db:
            for row in page.rows:
                apply_row(db, row)
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
        waiting = self._all("SELECT credential, version, traces FROM erasures WHERE erased_at IS NULL")
        if not waiting:
            return 0
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
        return len(doubtful)

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
        return [Held(*row) for row in self._all(_CARDS, digest)]

    def faces(self) -> list[Held]:
        return [Held(*row) for row in self._all(_FACES)]

    def face(self, credential: str) -> Held | None:
        found = self._all(_FACE, credential)
        return Held(*found[0]) if found else None

    def keyed(self, number: str) -> list[Held]:
        return [Held(*row) for row in self._all(_KEYED, number)]

    def coded(self, credential: str) -> Held | None:
        found = self._all(_CODED, credential)
        return Held(*found[0]) if found else None

    def seal_anew(self, seal: Callable[[Held], bytes | None], **facts: str | bytes | float | None) -> None:
        """Every template under other keys, and the keys with them: all of it, or none."""
        with self._transaction() as db:
            for row in [Held(*each) for each in db.execute(_FACES).fetchall()]:
                replace_sealed(db, row.credential, seal(row))
            _remember(db, facts)
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
                    event.credential,
                    event.outcome,
                    event.reason,
                    event.digest,
                ),
            )
            if event.sequence % 100 == 0:
                db.execute(
                    "DELETE FROM events WHERE rowid NOT IN (SELECT rowid FROM events ORDER BY rowid DESC LIMIT ?)",
                    (PENDING_EVENTS_LIMIT,),
                )

    def events(self, limit: int) -> list[Event]:
        """The oldest ones, all of one boot."""
        found = self._all(
            "SELECT boot, sequence, at, kind, credential, outcome, reason, digest FROM events "
            "WHERE boot = (SELECT boot FROM events ORDER BY rowid LIMIT 1) ORDER BY sequence LIMIT ?",
            limit,
        )
        return [Event(*row) for row in found]

    def events_accepted(self, events: Sequence[Event]) -> None:
        with self._transaction() as db:
            keys = [(event.boot, event.sequence) for event in events]
            db.executemany("DELETE FROM events WHERE boot = ? AND sequence = ?", keys)

    def counts(self) -> dict[str, int]:
        return {
            "cards": self._all("SELECT count(*) FROM rows WHERE kind = 'card'")[0][0],
            "pins": self._all("SELECT count(*) FROM rows WHERE kind = 'pin'")[0][0],
            "codes": self._all("SELECT count(*) FROM rows WHERE kind IN ('qr', 'pass')")[0][0],
            "faces": len(self.faces()),
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
            _remember(db, facts)
        self.changes += 1
        with self._lock:
            self._db.execute("VACUUM")


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
