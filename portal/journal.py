"""The erasure journal: one line for each thing that a restore must not undo. Only ever added to, and apart from what it erased.

A folder of files, `000001.jsonl` and so on, one a day at most, so that old ones can go as a whole. Each line is a JSON object
with its number `n`, what kind of thing it is, and `before`: SHA-256 over the line before it, so that a line that was changed,
left out or put in breaks the chain. `head.json` says where the last whole line ends and what the chain has come to: a journal
that ends before its head has lost its end. A line that was torn by a crash lies behind the head, was never relied on, and goes
with the next one that is written.

A line is on the disk (fsync) before `append` returns. Writers in several processes take turns by a lock of the kernel's.
Nothing in it is a name, a number of somebody's or a secret: ids, codes and times (docs/adr/0040).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from portal import locks

Line = dict[str, Any]
NOTHING = "0" * 64
# Both users of the house write it: whom the site runs as, and who owns the tables. The folder lets in no other.
MODE = 0o660


class JournalRefused(Exception):
    """The journal is not what it should be. What is said is for the operator."""


class NoJournal(JournalRefused):
    """There is none in this folder."""


class JournalBroken(JournalRefused):
    """Lines were changed, left out or lost."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """Up to where: the number of the last line, and what the chain has come to."""

    system: str
    n: int
    chain: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """What must be known to go on writing, and what was written last of each kind."""

    system: str  # of which house this is the journal: by chance, once
    n: int
    chain: str
    file: str
    size: int
    day: str
    leaves: int = 0  # how many leaves of the ledger's tree it knows to be there
    until: str = ""  # keys and confirmations up to here

    @property
    def position(self) -> Position:
        return Position(system=self.system, n=self.n, chain=self.chain)


class Journal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def is_there(self) -> bool:
        return (self.folder / "head.json").is_file()

    def head(self) -> Head:
        """Raises: NoJournal, JournalBroken"""
        try:
            return Head(**json.loads((self.folder / "head.json").read_text(encoding="ascii")))
        except FileNotFoundError:
            if any(self.files()):
                raise JournalBroken(f"The journal in {self.folder} has lost its head.json.") from None
            raise NoJournal(f"There is no journal in {self.folder}.") from None
        except (ValueError, TypeError):
            raise JournalBroken(f"head.json in {self.folder} cannot be read.") from None

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.jsonl"))

    @contextmanager
    def writing(self, *, at: datetime, leaves: int = 0) -> Iterator[Writer]:
        """Alone. Begins a journal where there is none: `leaves` is how large the ledger's tree is then. Raises: JournalBroken"""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self.folder / "lock"
        if not lock.exists():
            os.close(os.open(lock, os.O_CREAT | os.O_RDWR, MODE))
            _shared(lock)
        with locks.locked(lock):
            yield Writer.opened(self, at=at, leaves=leaves)

    def lines(self, *, after: Position | None = None) -> Iterator[Line]:
        """Every line, or those after a position that a backup was made at. The chain is checked to the very end.

        Raises: NoJournal, JournalBroken
        """
        head = self.head()
        if after is not None and after.system != head.system:
            raise JournalRefused(
                "This is the journal of another system than the backup: another house, or one begun anew."
            )
        chain, seen = None, False
        last = 0
        for line, raw in self._raw(head):
            if chain is None:
                chain = line["before"]
                seen = after is None or after.chain == chain
                if after is not None and line["n"] > after.n + 1:
                    raise JournalRefused("The journal does not reach back to this backup: it is too old.")
            if line["before"] != chain or (last and line["n"] != last + 1):
                raise JournalBroken(f"Line {line['n']} of the journal does not follow the one before.")
            chain, last = _hash(raw), line["n"]
            if seen and (after is None or line["n"] > after.n):
                yield line
            if after is not None and line["n"] == after.n:
                if chain != after.chain:
                    raise JournalBroken(f"Line {after.n} of the journal is not what it was.")
                seen = True
        if (last, chain) != (head.n, head.chain):
            raise JournalBroken(
                f"The end of the journal is missing: {head.n} lines were written, {last} are there."
            )
        if not seen:
            raise JournalBroken("The journal does not hold the moment at which this backup was made.")

    def _raw(self, head: Head) -> Iterator[tuple[Line, bytes]]:
        """Lines as they lie there, up to where the head says."""
        for path in self.files():
            if path.name > head.file:
                return
            data = path.read_bytes()
            if path.name == head.file:
                if len(data) < head.size:
                    raise JournalBroken("The end of the journal is missing.")
                data = data[: head.size]
            for raw in data.splitlines(keepends=True):
                try:
                    line = json.loads(raw)
                    _number, _before = int(line["n"]), str(line["before"])
                except (ValueError, TypeError, KeyError):
                    raise JournalBroken(f"A line in {path.name} of the journal cannot be read.") from None
                yield line, raw

    def drop_before(self, n: int) -> int:
        """Whole files of lines that no backup is older than. How many went."""
        with locks.locked(self.folder / "lock"):
            head = self.head()
            files = [path for path in self.files() if path.name < head.file]
            if not files:
                return 0
            firsts = [_first(path) for path in [*files[1:], self.folder / head.file]]
            old = [path for path, following in zip(files, firsts, strict=True) if following <= n]
            for path in old:
                path.unlink()
            return len(old)


class Writer:
    def __init__(self, journal: Journal, head: Head) -> None:
        self.folder, self.head = journal.folder, head

    @classmethod
    def opened(cls, journal: Journal, *, at: datetime, leaves: int) -> Self:
        try:
            head = journal.head()
        except NoJournal:
            system = str(uuid4())
            head = Head(
                system=system, n=0, chain=NOTHING, file="000001.jsonl", size=0, day=_day(at), leaves=leaves
            )
            writer = cls(journal, head)
            writer.append([{"kind": "begun", "system": system, "leaves": leaves}], at=at)
            return writer
        writer = cls(journal, head)
        writer._lose_what_was_torn()
        return writer

    def append(self, lines: Iterable[Line], *, at: datetime, **known: Any) -> Position:
        """Durable when it returns, all or, of a crash in between, none. `known` goes into the head with them."""
        head, data = self.head, b""
        if head.day != _day(at) and head.size:
            head = replace(head, file=f"{int(head.file[:6]) + 1:06}.jsonl", size=0, day=_day(at))
        for line in lines:
            written = {"n": head.n + 1, "at": at.isoformat(), **line, "before": head.chain}
            raw = json.dumps(written, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
            head = replace(head, n=head.n + 1, chain=_hash(raw))
            data += raw
        head = replace(head, size=head.size + len(data), **known)
        if data:
            _write(self.folder / head.file, data)
        _replace(self.folder / "head.json", json.dumps(head.__dict__).encode())
        self.head = head
        return head.position

    def _lose_what_was_torn(self) -> None:
        """What lies behind the head was written by nobody who lived to rely on it."""
        path = self.folder / self.head.file
        found = path.stat().st_size if path.exists() else 0
        if found < self.head.size:
            raise JournalBroken("The end of the journal is missing.")
        if found > self.head.size:
            os.truncate(path, self.head.size)
        for later in self.folder.glob("[0-9]*.jsonl"):
            if later.name > self.head.file:
                later.unlink()


def batched(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _write(path: Path, data: bytes) -> None:
    new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)
    if new:
        _shared(path)
        _sync_folder(path.parent)


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    _write(draft, data)
    os.replace(draft, path)
    _sync_folder(path.parent)


def _shared(path: Path) -> None:
    """Whatever the umask: the folder decides who comes near."""
    path.chmod(MODE)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _first(path: Path) -> int:
    with path.open(encoding="ascii") as lines:
        first: int = json.loads(lines.readline())["n"]
    return first


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _day(at: datetime) -> str:
    return at.date().isoformat()
