"""The tables in a device's store, and how those of an earlier version become those of this one."""

import sqlite3

VERSION = 3

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (
    credential TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT,
    sealed BLOB,
    sealed_version INTEGER, -- the version the template was sealed for: hours can change without a new template
    windows TEXT NOT NULL,
    former BLOB NOT NULL DEFAULT x'', -- traces of templates this row held before; they showed the same face
    number TEXT, -- what is typed first at a keypad
    verifier TEXT, -- the PIN, under a slow hash
    once INTEGER NOT NULL DEFAULT 0,
    holder TEXT -- whose it is, by a pseudonym of this gate, where a face is asked for a PIN as well
);
CREATE INDEX rows_by_number ON rows (number);
CREATE INDEX rows_by_digest ON rows (digest);
CREATE TABLE tombstones (credential TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erasures (
    credential TEXT NOT NULL,
    version INTEGER NOT NULL,
    traces BLOB NOT NULL,
    erased_at TEXT, -- null until the file was read back
    PRIMARY KEY (credential, version)
) WITHOUT ROWID;
CREATE TABLE events (
    boot TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    credential TEXT,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest TEXT, -- of a card that nobody here knows
    PRIMARY KEY (boot, sequence)
);
CREATE TABLE spent (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE keypads (
    name TEXT PRIMARY KEY,
    wrong INTEGER NOT NULL,
    not_before REAL,
    cleared_at REAL
) WITHOUT ROWID;
"""
# In place and at once. Rows of kinds that version 1 did not know held their version only, and the site would not send
# them again: they go, and so does the cursor, so that a snapshot brings them whole. Everything else stays.
_FROM_1_TO_2 = """
ALTER TABLE rows ADD COLUMN number TEXT;
ALTER TABLE rows ADD COLUMN verifier TEXT;
ALTER TABLE rows ADD COLUMN once INTEGER NOT NULL DEFAULT 0;
CREATE INDEX rows_by_number ON rows (number);
CREATE TABLE spent (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE keypads (
    name TEXT PRIMARY KEY,
    wrong INTEGER NOT NULL,
    not_before REAL,
    cleared_at REAL
) WITHOUT ROWID;
ALTER TABLE events ADD COLUMN digest TEXT;
DELETE FROM rows WHERE kind NOT IN ('card', 'face');
UPDATE facts SET name = 'offline_hours' WHERE name = 'face_offline_hours';
DELETE FROM facts WHERE name = 'cursor';
"""
# What a gate of before did not keep, the site says again with the rows that carry it.
_FROM_2_TO_3 = "ALTER TABLE rows ADD COLUMN holder TEXT;"
_STEPS = {1: _FROM_1_TO_2, 2: _FROM_2_TO_3}
_EMPTY = (
    "DELETE FROM facts",
    "DELETE FROM rows",
    "DELETE FROM tombstones",
    "DELETE FROM erasures",
    "DELETE FROM events",
    "DELETE FROM spent",
    "DELETE FROM keypads",
)


class StoreTooNew(Exception):
    """The store was written by a later version of this program."""


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """In one transaction. Raises: StoreTooNew"""
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise StoreTooNew(f"store version {found}, this program knows {VERSION}")
    if found < VERSION:
        steps = _SCHEMA if found == 0 else "".join(_STEPS[before] for before in range(found, VERSION))
        db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={VERSION}; COMMIT;")


def empty(db: sqlite3.Connection) -> None:
    """All of it, in the transaction that it was called in."""
    for statement in _EMPTY:
        db.execute(statement)
