"""One file on its way: rows go in, pieces of age ciphertext that only the recipient can open come out.

age pulls what it encrypts. So that two files can be made from one reading of the rows it pulls in a thread of its own, which
touches no database; whoever gives it rows waits until it has taken them, so that no more than one batch of them is ever held.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from queue import Queue
from threading import Thread
from typing import Any

import pyrage
from pyrage import ssh

from sharing import files
from sharing.models import Piece, Request

PIECE = 1 << 20
MAKING = {Piece.Format.CSV: files.as_csv, Piece.Format.JSON: files.as_json}


class File:
    def __init__(self, kind: Piece.Format, request: Request, to: ssh.Recipient) -> None:
        self.kind, self.to, self.number = kind, to, 0
        self.digest = sha256()
        self._given: Queue[Sequence[files.Row] | None] = Queue(maxsize=1)
        self._rows = iter(self._given.get, None)
        self._source, self._pieces = Source(MAKING[kind](request, self._rows)), Pieces()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._encrypt, name=f"age {kind}", daemon=True)
        self._thread.start()

    def give(self, rows: Sequence[files.Row]) -> None:
        self._given.put(rows)

    def end(self) -> None:
        """There are no more rows, or nobody wants the file any more. Safe to repeat."""
        if self._thread.is_alive():
            self._given.put(None)
            self._thread.join()

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Those that are whole by now, once and in order; the last one after `end`.

        Raises: whatever went wrong while it was made
        """
        if self._error is not None:
            raise self._error
        while self._pieces.whole:
            piece = self._pieces.whole.popleft()
            self.number += 1
            self.digest.update(piece)
            yield self.number, piece

    def _encrypt(self) -> None:
        try:
            pyrage.encrypt_io(self._source, self._pieces, [self.to])
            self._pieces.end()
        except BaseException as error:  # noqa: BLE001 - raised where the rows come from
            # What age says quotes what went wrong inside, where there may be a row: the error itself is kept instead.
            age = isinstance(error, pyrage.EncryptError)
            self._error = (self._source.error or RuntimeError("age did not encrypt")) if age else error
        for _unwanted in self._rows:  # or whoever gives would wait for ever
            pass


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
    """What age writes to: whole pieces, the last one with `end`."""

    def __init__(self) -> None:
        self.held, self.whole = bytearray(), deque[bytes]()

    def write(self, part: Any) -> int:
        self.held += part
        while len(self.held) >= PIECE:
            self._cut(PIECE)
        return len(part)

    def flush(self) -> None:
        """Nothing is whole before a piece is full."""

    def end(self) -> None:
        if self.held:
            self._cut(len(self.held))

    def _cut(self, size: int) -> None:
        self.whole.append(bytes(self.held[:size]))
        del self.held[:size]
