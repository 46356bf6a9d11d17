"""The two files of a copy, CSV and JSON: written a thousand rows at a time, encrypted as they are written, never whole in
memory and never readable here.

Of each row a commitment is kept, SHA-256 over a salt and the exact values, and of each thousand rows their root (RFC 9162)
stands in the ledger: so a person can show what was given of them, and nobody else's values are told by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pyrage
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from ledger.jcs import spelled
from ledger.merkle import leaf_hash, root
from ledger.record import Act, record_many
from residents import contact
from sharing import files
from sharing.models import Copy, DisclosedRow, Field, Leaves, Piece, Request

BATCH = 1000
PIECE = 1 << 20


class Lost(Exception):
    """Somebody else has taken the copy up meanwhile."""


@dataclass
class Reader:
    """What age reads from: text as it is made. An error on the way is kept, for age says only that there was one."""

    parts: Iterator[str]
    error: Exception | None = None
    left: bytes = b""

    def read(self, size: int = -1) -> bytes:
        try:
            while size < 0 or len(self.left) < size:
                part = next(self.parts, None)
                if part is None:
                    break
                self.left += part.encode()
        except Exception as error:
            self.error = error
            raise
        size = len(self.left) if size < 0 else size
        out, self.left = self.left[:size], self.left[size:]
        return out


@dataclass
class Writer:
    """What age writes to: pieces of this attempt, each committed with how far it is."""

    copy: Copy
    attempt: int
    format: str
    written: Callable[[], int]
    digest: Any
    number: int = 0
    waiting: bytearray = field(default_factory=bytearray)

    def write(self, content: bytes) -> int:
        self.waiting += content
        while len(self.waiting) >= PIECE:
            self._keep(bytes(self.waiting[:PIECE]))
            del self.waiting[:PIECE]
        return len(content)

    def flush(self) -> None:
        """age asks for it at the end; what waits is kept by `close`."""

    def close(self) -> None:
        if self.waiting or not self.number:
            self._keep(bytes(self.waiting))
            self.waiting.clear()

    def _keep(self, content: bytes) -> None:
        self.digest.update(content)
        mine = Copy.objects.filter(pk=self.copy.pk, state=Copy.State.BUILDING, attempt=self.attempt)
        until = Now() + timedelta(seconds=settings.COPY_LEASE_SECONDS)
        with transaction.atomic():
            if not mine.update(leased_until=until, written=self.written()):
                raise Lost
            Piece.objects.create(
                copy=self.copy,
                attempt=self.attempt,
                format=self.format,
                number=self.number,
                content=content,
            )
        self.number += 1


def enclose(copy: Copy, attempt: int) -> tuple[list[list[bytes]], bytes]:
    """Write both files. The commitments of all rows, a thousand to a list, and the SHA-256 over all pieces.

    Raises: Lost
    """
    leaves: list[list[bytes]] = []
    digest = sha256()
    done = 0

    def rows(keep: bool) -> Iterator[list[tuple[str, dict[str, str]]]]:
        nonlocal done
        for batch in batches(copy):
            if keep:
                leaves.append([commitment(row, told) for row, told in batch])
            done += len(batch)
            yield [(row.tag, told) for row, told in batch]

    for format, laid_out, keep in (
        (Piece.Format.CSV, files.csv_of, True),
        (Piece.Format.JSON, files.json_of, False),
    ):
        writer = Writer(copy, attempt, format, lambda: done, digest)
        reader = Reader(laid_out(copy.disclosure.request, rows(keep)))
        assert copy.key is not None  # what is made now is made for a key
        recipient = pyrage.ssh.Recipient.from_str(copy.key.public)
        try:
            pyrage.encrypt_io(reader, writer, [recipient])
        except pyrage.EncryptError:
            if reader.error is not None:
                raise reader.error from None
            raise
        writer.close()
    return leaves, digest.digest()


def batches(copy: Copy) -> Iterator[list[tuple[DisclosedRow, dict[str, str]]]]:
    """All rows with what is told in each, in the order of tags. Three queries for each thousand."""
    after = -1
    while True:
        found = DisclosedRow.objects.filter(copy=copy, place__gt=after).select_related("resident", "values")
        rows = list(found.order_by("place")[:BATCH])
        if not rows:
            return
        yield list(zip(rows, told(rows), strict=True))
        after = rows[-1].place


def told(rows: list[DisclosedRow]) -> list[dict[str, str]]:
    """The exact values of each row; of a person whose key is destroyed, no phone. One query to the vault."""
    sealed = []
    for row in rows:
        row.resident.phone_sealed = row.values.phone_sealed
        sealed.append(row.resident)
    phones = contact.phones_of(sealed)
    return [
        {
            Field.NAME.value: row.values.name,
            Field.DWELLING.value: row.values.dwelling,
            Field.PHONE.value: phones.get(row.resident, ""),
        }
        for row in rows
    ]


def commitment(row: DisclosedRow, told: dict[str, str]) -> bytes:
    """The leaf of a row: SHA-256, as RFC 9162 hashes leaves, over the salt and the values in canonical JSON (RFC 8785)."""
    shown = {"tag": row.tag, **{field: told[field] for field in row.fields}}
    return leaf_hash(bytes(row.values.salt) + spelled(shown))


def commit(copy: Copy, request: Request) -> None:
    """Into the ledger, as it is handed over: the root of each thousand rows, and who got them for what."""
    about = {
        "disclosure": copy.disclosure_id,
        "copy": copy.pk,
        "request": request.pk,
        "recipient": request.recipient_id,
        "who_sha": sha256(request.recipient.name.encode()).hexdigest(),
        "purpose_sha": sha256(request.purpose.encode()).hexdigest(),
        "purpose_en_sha": sha256(request.purpose_en.encode()).hexdigest(),
    }
    made = Leaves.objects.filter(copy=copy).order_by("number")
    record_many(
        Act(
            kind="disclosed.rows",
            subject=copy.pk,
            neighborhood=copy.neighborhood_id,
            payload={**about, "number": each.number, "root": root(split(each)).hex()},
        )
        for each in made
    )


def split(leaves: Leaves) -> list[bytes]:
    hashes = bytes(leaves.hashes)
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
