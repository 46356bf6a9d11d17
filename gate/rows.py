"""How one row of the feed lands in the device's tables, and what is noted when a row leaves them."""

import sqlite3
from dataclasses import dataclass

from gate.feed import Row

TRACE = 16
_FORMER_LIMIT = 20 * 3 * TRACE

_HELD = "SELECT credential, version, kind, digest, sealed, sealed_version, windows, verifier, once, holder FROM rows "
CARDS = _HELD + "WHERE kind = 'card' AND digest = ?"
FACES = _HELD + "WHERE kind = 'face' AND sealed IS NOT NULL"
FACE = FACES + " AND credential = ?"
KEYED = _HELD + "WHERE kind IN ('pin', 'pass') AND number = ? AND verifier IS NOT NULL ORDER BY credential"
PINS_OF = _HELD + "WHERE kind = 'pin' AND holder = ? AND verifier IS NOT NULL ORDER BY credential"
CODED = _HELD + "WHERE kind IN ('qr', 'pass') AND credential = ?"


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
    holder: str | None = None


def apply_row(db: sqlite3.Connection, row: Row) -> None:
    held = db.execute(
        "SELECT version, sealed, former, verifier FROM rows WHERE credential = ?", (row.credential,)
    ).fetchone()
    dead = db.execute("SELECT version FROM tombstones WHERE credential = ?", (row.credential,)).fetchone()
    if not row.present:
        if held is None or held[0] < row.version:
            erase(db, row.credential, row.version)
        return
    if (held and held[0] >= row.version) or (dead and dead[0] >= row.version):
        return
    former = held[2] if held else b""
    if held and held[1] and row.sealed:
        former = (former + _traces(None, held[1], None))[-_FORMER_LIMIT:]
    if held and held[3] and held[3] != row.verifier:
        former = (former + _traces(None, None, held[3]))[-_FORMER_LIMIT:]
    db.execute(
        "INSERT INTO rows (credential, version, kind, digest, sealed, sealed_version, windows, former, "
        "number, verifier, once, holder) VALUES (:credential, :version, :kind, :digest, :sealed, :sealed_version, "
        ":windows, :former, :number, :verifier, :once, :holder) "
        # A site that no longer holds the template sends none: the copy here stays, as it was sealed.
        "ON CONFLICT (credential) DO UPDATE SET version = :version, kind = :kind, digest = :digest, "
        "windows = :windows, sealed = coalesce(:sealed, sealed), former = :former, number = :number, "
        "verifier = :verifier, once = :once, holder = :holder, sealed_version = coalesce(:sealed_version, sealed_version)",
        {
            "credential": row.credential,
            "version": row.version,
            "kind": row.kind,
            "digest": row.digest,
            "sealed": row.sealed,
            "sealed_version": None if row.sealed is None else row.version,
            "windows": row.windows,
            "former": former,
            "number": row.number,
            "verifier": row.verifier,
            "once": row.once,
            "holder": row.holder,
        },
    )


def replace_sealed(db: sqlite3.Connection, credential: str, sealed: bytes | None) -> None:
    """The same face under another key. What it was sealed as before is searched for when it is erased."""
    before, former = db.execute(
        "SELECT sealed, former FROM rows WHERE credential = ?", (credential,)
    ).fetchone()
    former = (former + _traces(None, before, None))[-_FORMER_LIMIT:]
    db.execute("UPDATE rows SET sealed = ?, former = ? WHERE credential = ?", (sealed, former, credential))


def erase(db: sqlite3.Connection, credential: str, version: int) -> None:
    """Deletes, leaves a tombstone, and notes what to look for before anyone is told that it is gone."""
    found = db.execute(
        "SELECT digest, sealed, verifier, former FROM rows WHERE credential = ?", (credential,)
    ).fetchone()
    traces = _traces(*found[:3]) + found[3] if found else b""
    # An earlier erasure that is not proven yet is part of what this one claims.
    for (unproven,) in db.execute(
        "SELECT traces FROM erasures WHERE credential = ? AND erased_at IS NULL", (credential,)
    ).fetchall():
        traces += unproven
    db.execute("DELETE FROM rows WHERE credential = ?", (credential,))
    db.execute(
        "INSERT INTO tombstones (credential, version) VALUES (?1, ?2) "
        "ON CONFLICT (credential) DO UPDATE SET version = max(version, ?2)",
        (credential, version),
    )
    # A repeated order for something long gone is confirmed again: the site would not ask if it had heard.
    db.execute(
        "INSERT INTO erasures (credential, version, traces) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (credential, version) DO NOTHING",
        (credential, version, traces),
    )


def _traces(digest: str | None, sealed: bytes | None, verifier: str | None) -> bytes:
    """Three short pieces of each secret, masked: enough to recognise it in the file, useless to rebuild it."""
    pieces = b""
    # Of a verifier only salt and hash are its own: how it was made is written the same in each.
    hashed = "$".join(verifier.split("$")[-2:]).encode() if verifier else None
    for secret in (digest.encode() if digest else None, sealed, hashed):
        if secret and len(secret) >= TRACE:
            middle = (len(secret) - TRACE) // 2
            for start in (0, middle, len(secret) - TRACE):
                pieces += mask(secret[start : start + TRACE])
    return pieces


def mask(piece: bytes) -> bytes:
    """Its complement: otherwise the search would find the note about what to search for."""
    return bytes(byte ^ 0xFF for byte in piece)
