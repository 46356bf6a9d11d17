"""What the gateway remembers of one terminal, beside the device's own store: whom it told of, what it learned, what it heard.

One SQLite file (0600) in the terminal's folder. Numbers of cards and PINs are sealed under a key made of the device's own:
they go with it. Deleted rows are overwritten, and the file is written anew at each start, so that what a cut in the power
left in it does not stay.
"""

import hmac
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

FILE_NAME = "terminal.sqlite3"
_NONCE = 12
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS users (
    number TEXT PRIMARY KEY, -- as the terminal calls them; never given to anybody else, but for a keypad's
    credential TEXT, -- null: the witness, or somebody of the terminal's own
    twin TEXT, -- of somebody of the terminal's own: the way in whose card they have
    kind TEXT NOT NULL,
    tag TEXT NOT NULL, -- of what was told, so that a change is seen
    step TEXT NOT NULL,
    command INTEGER, -- the last one about them
    answered INTEGER NOT NULL DEFAULT 0, -- 1: by the terminal; 2: and the witness was asked for since
    tries INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0,
    since REAL,
    rounds INTEGER NOT NULL DEFAULT 0, -- in which the witness was shown, and they were not
    seen INTEGER NOT NULL DEFAULT 1, -- when stock was last taken
    administrator INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS users_by_credential ON users (credential);
CREATE INDEX IF NOT EXISTS users_by_command ON users (command);
CREATE TABLE IF NOT EXISTS learned (credential TEXT PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS heard (sequence INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS heard_by_age ON heard (at);
"""


class Memory:
    """Usable from several threads, one act at a time."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME
        self.lock = threading.RLock()
        os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        self.file.chmod(0o600)
        self._db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        for pragma in ("secure_delete=ON", "journal_mode=DELETE", "synchronous=FULL", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        self._db.execute("VACUUM")
        self._depth = 0

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, also where one act calls another."""
        with self.lock:
            if self._depth:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def all(self, sql: str, *parameters: Any) -> list[Any]:
        with self.lock:
            return self._db.execute(sql, parameters).fetchall()

    def fact(self, name: str) -> Any:
        found = self.all("SELECT value FROM facts WHERE name = ?", name)
        return found[0][0] if found else None

    def remember(self, **facts: str | bytes | float | None) -> None:
        with self.writing() as db:
            for name, value in facts.items():
                if value is None:
                    db.execute("DELETE FROM facts WHERE name = ?", (name,))
                else:
                    db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    # What was learned: the plain number of a card, or a PIN, for as long as its row stands.

    def learn(self, *, credential: str, of: str, plain: str, key: bytes) -> None:
        """`of`: the digest or the verifier that it fits. Should that change, what was learned is of no use."""
        nonce = os.urandom(_NONCE)
        said = json.dumps({"of": of, "plain": plain}).encode()
        sealed = nonce + ChaCha20Poly1305(key).encrypt(nonce, said, credential.encode())
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO learned (credential, sealed) VALUES (?, ?)", (credential, sealed)
            )

    def learned(self, *, credential: str, of: str, key: bytes) -> str | None:
        found = self.all("SELECT sealed FROM learned WHERE credential = ?", credential)
        if not found:
            return None
        sealed = bytes(found[0][0])
        try:
            said = json.loads(
                ChaCha20Poly1305(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], credential.encode())
            )
        except (InvalidTag, ValueError):
            return None
        return str(said["plain"]) if hmac.compare_digest(str(said["of"]), of) else None

    def unlearn(self, credential: str) -> bool:
        """False while its bytes can still be found in the file."""
        found = self.all("SELECT sealed FROM learned WHERE credential = ?", credential)
        if not found:
            return True
        with self.writing() as db:
            db.execute("DELETE FROM learned WHERE credential = ?", (credential,))
        sealed = bytes(found[0][0])
        if sealed[_NONCE:] in self.raw_bytes():
            with self.lock:
                self._db.execute("VACUUM")
        return sealed[_NONCE:] not in self.raw_bytes()

    def raw_bytes(self) -> bytes:
        with self.lock:
            return b"".join(path.read_bytes() for path in sorted(self.file.parent.glob(FILE_NAME + "*")))

    # What was heard, by numbers that say nothing without the device's key.

    def is_heard(self, sequence: int) -> bool:
        return bool(self.all("SELECT 1 FROM heard WHERE sequence = ?", sequence))

    def hear(self, sequences: dict[int, float], *, forget_before: float) -> None:
        with self.writing() as db:
            db.executemany(
                "INSERT INTO heard (sequence, at) VALUES (?, ?) ON CONFLICT (sequence) DO NOTHING",
                sequences.items(),
            )
            db.execute("DELETE FROM heard WHERE at < ?", (forget_before,))


def derived(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose, made of the device's own."""
    return hmac.new(secret, b"linmen terminal v1\0" + purpose.encode(), sha256).digest()


def sequence_of(line: bytes, key: bytes) -> int:
    """The number of an entry: the same however often it is told, after any restart; 62 bits, so that no two meet."""
    return int.from_bytes(hmac.new(key, line, sha256).digest()[:8], "big") >> 2
