"""Whoever has the disks of both databases, backups of both, the root and every salt that is left, and looks for one key.

Bytes are looked for as they lie on a disk, page headers of the write-ahead log taken out, and as hex in a dump. Every
window that a wrapped key could be is tried with every wrapping key there is, whatever its header says.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connections

from portal import embedded
from vault import keys, wrapping
from vault.models import Epoch
from vault.wrapping import FORMAT, NAME_BYTES, NONCE_BYTES

HEAD = len(FORMAT) + NAME_BYTES
WINDOW = HEAD + NONCE_BYTES + wrapping.KEY_BYTES + 16
PAGE, LONG_HEADER, SHORT_HEADER = 8192, 40, 24


@dataclass(frozen=True)
class Quarry:
    """What is known of the key that is looked for, and what it has sealed, out of a backup of the data."""

    key: UUID
    subject: UUID
    purpose: str
    ciphertext: bytes
    context: str


def dump(alias: str) -> bytes:
    """A real backup, as text."""
    at = connections[alias].settings_dict
    command = [
        str(embedded.postgres_binaries() / "pg_dump"),
        *("--host", at["HOST"], "--port", at["PORT"], "--username", embedded.SUPERUSER, "--format", "plain"),
        at["NAME"],
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


def heaps() -> bytes:
    """The files of both databases, and what they share."""
    found = []
    for alias in ("default", "vault"):
        with embedded.connect(settings.VAR, connections[alias].settings_dict["NAME"]) as session:
            session.execute("CHECKPOINT")
            folder = Path(session.execute("SHOW data_directory").fetchone()[0])
            number = session.execute(
                "SELECT oid FROM pg_database WHERE datname = current_database()"
            ).fetchone()[0]
        found += [path.read_bytes() for path in (folder / "base" / str(number)).iterdir() if path.is_file()]
    found += [path.read_bytes() for path in (folder / "global").iterdir() if path.is_file()]
    return b"".join(found)


def logs() -> bytes:
    """The write-ahead log, and what a record is cut in two by taken out of it."""
    with embedded.connect(settings.VAR) as session:
        session.execute("CHECKPOINT")
        folder = Path(session.execute("SHOW data_directory").fetchone()[0]) / "pg_wal"
    return b"".join(
        _without_headers(path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file()
    )


def _without_headers(segment: bytes) -> bytes:
    pages = (segment[at : at + PAGE] for at in range(0, len(segment), PAGE))
    return b"".join(
        page[LONG_HEADER if int.from_bytes(page[2:4], "little") & 2 else SHORT_HEADER :] for page in pages
    )


def windows(held: bytes) -> set[bytes]:
    """Whatever could be a key that any epoch, or the root, has wrapped."""
    names = [bytes(name) for name in Epoch.objects.values_list("name", flat=True)]
    return {
        window
        for name in (*names, wrapping.root().name)
        for window in (*_after(held, FORMAT + name), *_after_hex(held, FORMAT + name))
        if len(window) == WINDOW
    }


def _after(held: bytes, head: bytes) -> Iterator[bytes]:
    at = held.find(head)
    while at >= 0:
        yield held[at : at + WINDOW]
        at = held.find(head, at + 1)


def _after_hex(held: bytes, head: bytes) -> Iterator[bytes]:
    for window in _after_text(held, head.hex().encode()):
        try:
            yield bytes.fromhex(window.decode("ascii"))
        except ValueError:
            continue


def _after_text(held: bytes, head: bytes) -> Iterator[bytes]:
    at = held.find(head)
    while at >= 0:
        yield held[at : at + 2 * WINDOW]
        at = held.find(head, at + 1)


def wrapping_keys() -> list[AESGCM]:
    """The root's own, and one for each salt that lies anywhere."""
    root = wrapping.secret()
    secrets = [root]
    for folder in (settings.EPOCHS, settings.EPOCHS_COPY):
        for path in Path(folder).rglob("*"):
            held = path.read_bytes()
            secrets += [held[:32], wrapping.of_epoch(root, held), wrapping.of_epoch(root, held[:32])]
    return [
        AESGCM(wrapping.derive(secret, "wrap")) for secret in {each for each in secrets if len(each) == 32}
    ]


def opened(quarry: Quarry, *held: bytes) -> bytes | None:
    """What the ciphertext says, if any wrapped key in these bytes leads to it."""
    aad = keys.row_name(id=quarry.key, subject=quarry.subject, purpose=quarry.purpose)
    sealed = quarry.ciphertext
    bound = b"linmen sealed v1|" + quarry.key.bytes + quarry.context.encode()
    for window in set().union(*(windows(each) for each in held)):
        for wrapper in wrapping_keys():
            plain = _try(wrapper, window[HEAD : HEAD + NONCE_BYTES], window[HEAD + NONCE_BYTES :], aad)
            if plain is not None:
                return _try(AESGCM(plain), sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], bound)
    return None


def _try(cipher: AESGCM, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    try:
        return cipher.decrypt(nonce, sealed, aad)
    except InvalidTag:
        return None
