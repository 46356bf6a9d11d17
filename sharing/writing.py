"""One attempt at the files of a copy: rows as they were settled, in the order of their tags, into pieces of age ciphertext.

Memory stays bounded whatever the number of rows: some of them, one piece and one sheet are held at a time. Each piece commits
with how far the attempt has come and its longer lease; an attempt that was overtaken finds that out with its next piece.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pyrage
from django.conf import settings
from django.db import transaction
from django.db.models import F
from pyrage import ssh

from sharing import files, given
from sharing.models import Copy, DisclosedRow, Field, Piece, Request, Sheet

PIECE = 1 << 20
AT_ONCE = 2000
Digest = Any  # of hashlib, which names no type for it


class Taken(Exception):
    """Somebody else has taken it up meanwhile, or it is void."""


def begin(copy: UUID, at: datetime) -> Attempt | None:
    """A new attempt, if nobody is at it. What an earlier one left goes."""
    until = at + timedelta(seconds=settings.COPY_LEASE_SECONDS)
    with transaction.atomic():
        idle = Copy.objects.idle(at).filter(pk=copy)
        if not idle.update(leased_until=until, attempt=F("attempt") + 1, done=0):
            return None
        Piece.objects.filter(copy=copy).delete()
        Sheet.objects.filter(copy=copy).delete()
        held = Copy.objects.select_related("key", "disclosure__request__recipient").get(pk=copy)
    return Attempt(held, at)


class Attempt:
    def __init__(self, copy: Copy, at: datetime) -> None:
        assert copy.key is not None  # by constraint: it is being made
        self.copy, self.number, self.at = copy, copy.attempt, at
        self.request: Request = copy.disclosure.request
        self.to = ssh.Recipient.from_str(copy.key.public)
        self.began, self.done = time.monotonic(), 0
        self.formula = False  # whether a spreadsheet would run any of it, were it not made harmless

    def write(self, kind: Piece.Format, digest: Digest) -> None:
        """Raises: Taken, and whatever went wrong while reading or keeping"""
        batches = self._rows(count_leaves=kind == Piece.Format.CSV)
        made = files.as_csv if kind == Piece.Format.CSV else files.as_json
        source, pieces = Source(made(self.request, batches)), Pieces(self._keeper(kind), digest)
        try:
            pyrage.encrypt_io(source, pieces, [self.to])
        except pyrage.EncryptError:
            # Its words quote what went wrong inside, where there may be a row: the error itself is raised instead.
            raise (source.error or pieces.error or RuntimeError("age did not encrypt")) from None
        pieces.end()

    def _rows(self, *, count_leaves: bool) -> Iterator[list[files.Row]]:
        last, sheet = "", 0
        leaves: list[bytes] = []
        rows = DisclosedRow.objects.filter(copy=self.copy).order_by("tag")
        while batch := given.read(rows.filter(tag__gt=last), AT_ONCE):
            last = batch[-1].tag
            if count_leaves:
                leaves += [each.leaf for each in batch]
                while len(leaves) >= given.SHEET:
                    sheet += 1
                    self._keep_sheet(sheet, leaves[: given.SHEET])
                    leaves = leaves[given.SHEET :]
            words = (value for each in batch for name, value in each.values.items() if name != Field.PHONE)
            self.formula = self.formula or any(map(files.is_formula, words))
            self.done += len(batch)
            yield [(each.tag, each.values) for each in batch]
        if leaves:
            self._keep_sheet(sheet + 1, leaves)

    def _keep_sheet(self, number: int, leaves: list[bytes]) -> None:
        with transaction.atomic():
            self._go_on()
            Sheet.objects.create(copy=self.copy, number=number, leaves=given.sheet(leaves))

    def _keeper(self, kind: Piece.Format) -> Callable[[int, bytes], None]:
        def keep(number: int, content: bytes) -> None:
            with transaction.atomic():
                self._go_on()
                Piece.objects.create(copy=self.copy, format=kind, number=number, content=content)

        return keep

    def _go_on(self) -> None:
        passed = timedelta(seconds=time.monotonic() - self.began + settings.COPY_LEASE_SECONDS)
        mine = Copy.objects.filter(pk=self.copy.pk, attempt=self.number, state=Copy.State.BUILDING)
        if not mine.update(done=self.done, leased_until=self.at + passed):
            raise Taken


class Source(io.BufferedIOBase):
    """What age reads from: chunks as they are made."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.held = chunks, memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int | None = -1) -> bytes:
        try:
            while not self.held:
                chunk = next(self.chunks, None)
                if chunk is None:
                    return b""
                self.held = memoryview(chunk)
        except BaseException as error:
            self.error = error
            raise
        size = len(self.held) if size is None or size < 0 else size
        part, self.held = bytes(self.held[:size]), self.held[size:]
        return part


class Pieces(io.BufferedIOBase):
    """What age writes to: whole pieces are kept, the last one with `end`."""

    def __init__(self, keep: Callable[[int, bytes], None], digest: Digest) -> None:
        self.keep, self.digest = keep, digest
        self.held, self.number = bytearray(), 0
        self.error: BaseException | None = None

    def write(self, part: Any) -> int:
        try:
            self.held += part
            while len(self.held) >= PIECE:
                self._keep(PIECE)
        except BaseException as error:
            self.error = error
            raise
        return len(part)

    def flush(self) -> None:
        """Nothing is kept before a piece is full."""

    def end(self) -> None:
        if self.held:
            self._keep(len(self.held))

    def _keep(self, size: int) -> None:
        content = bytes(self.held[:size])
        del self.held[:size]
        self.number += 1
        self.digest.update(content)
        self.keep(self.number, content)
