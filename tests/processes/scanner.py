"""Looks for bytes in everything a house keeps: both databases row by row, Redis, files, temp folders, the gates' disks.

Each needle is looked for as it is, as hex, and as base64 at each of the three alignments, standard and for URLs.
PostgreSQL's write-ahead log is left out, as it is a place with an end of its own; its data files are not.
"""

from __future__ import annotations

import base64
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import redis

from portal import embedded
from tests.live import Live

WINDOW = 24
HEAD = 8  # bytes by which a place is worth a closer look
AT_ONCE = 8 * 1024 * 1024
LEFT_OUT = {"pg_wal"}
REDIS_READS = {
    b"string": lambda client, name: [client.get(name)],
    b"list": lambda client, name: client.lrange(name, 0, -1),
    b"set": lambda client, name: client.smembers(name),
    b"hash": lambda client, name: [part for pair in client.hgetall(name).items() for part in pair],
    b"zset": lambda client, name: client.zrange(name, 0, -1),
    b"stream": lambda client, name: [
        part for _, pair in client.xrange(name) for item in pair.items() for part in item
    ],
    b"none": lambda client, name: [],  # it ran out while we looked
}


@dataclass(frozen=True)
class Needle:
    """What to look for: pieces of the secret, so that a page boundary within it hides nothing."""

    patterns: tuple[bytes, ...]

    @classmethod
    def of(cls, secret: bytes) -> Needle:
        assert len(secret) >= WINDOW, "too short to tell from chance"
        last = len(secret) - WINDOW
        pieces = {secret[at : at + WINDOW] for at in (last // 4, last // 2, last * 3 // 4)}
        return cls(tuple(form for piece in sorted(pieces) for form in spellings(piece)))

    @classmethod
    def short(cls, secret: bytes) -> Needle:
        """Looked for whole: of a number of eleven digits no part would tell anything."""
        assert len(secret) >= 10, "too short to tell from chance"
        return cls(tuple(spellings(secret)))

    def is_in(self, held: bytes) -> bool:
        return any(pattern in held for pattern in self.patterns)


def spellings(piece: bytes) -> Iterator[bytes]:
    yield piece
    yield piece.hex().encode()
    yield piece.hex().upper().encode()
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The characters at either end also depend on neighboring bytes: leave them off.
            spelled = encode(b"\0" * shift + piece)
            begins = -(-shift * 8 // 6)
            ends = (shift + len(piece)) * 8 // 6
            yield spelled[begins:ends]


class Search:
    """For many needles at once, in one pass: their number hardly counts."""

    def __init__(self, needles: Mapping[str, Needle]) -> None:
        self._known: dict[bytes, set[tuple[bytes, str]]] = {}
        for name, needle in needles.items():
            for pattern in needle.patterns:
                self._known.setdefault(pattern[:HEAD], set()).add((pattern, name))
        self._longest = max(len(p) for needle in needles.values() for p in needle.patterns)
        self._begins = np.zeros(1 << 16, dtype=bool)
        self._begins[[int.from_bytes(head[:2], "little") for head in self._known]] = True
        self._heads = np.array([int.from_bytes(head, "little") for head in self._known], dtype=np.uint64)

    def names_in(self, held: bytes) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(held), AT_ONCE):
            found |= self._in_part(held[start : start + AT_ONCE + self._longest])
        return found

    def _in_part(self, held: bytes) -> set[str]:
        if len(held) < HEAD:
            return set()
        octets = np.frombuffer(held, dtype=np.uint8)
        pairs = octets[:-1].astype(np.uint16) | (octets[1:].astype(np.uint16) << 8)
        places = np.flatnonzero(self._begins[pairs[: len(held) - HEAD + 1]])
        heads = np.zeros(len(places), dtype=np.uint64)
        for nth in range(HEAD):
            heads |= octets[places + nth].astype(np.uint64) << np.uint64(8 * nth)
        return {
            name
            for place in places[np.isin(heads, self._heads)]
            for pattern, name in self._known[held[place : place + HEAD]]
            if held.startswith(pattern, place)
        }


class Scanner:
    def __init__(self, house: Live) -> None:
        self._house = house
        self._began = time.time() - 1

    def find(self, needles: Mapping[str, bytes]) -> dict[str, set[str]]:
        """Needle -> where it is: "rows", "redis", "temp", or the first folder or two under `var/`."""
        wanted = {
            name: Needle.of(secret) if len(secret) >= WINDOW else Needle.short(secret)
            for name, secret in needles.items()
        }
        search = Search(wanted)
        found: dict[str, set[str]] = {name: set() for name in wanted}
        for where, held in self._everything():
            for name in search.names_in(held):
                found[name].add(where)
        return found

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        self._flush_pages()
        yield from self._rows()
        yield from self._redis()
        yield from self._files()
        yield from self._temp()

    def _flush_pages(self) -> None:
        """What PostgreSQL has in memory goes to its files; files it has given up are removed."""
        with embedded.connect(self._house.var) as cluster:
            cluster.execute("CHECKPOINT")

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        for database in embedded.DATABASES.values():
            with embedded.connect(self._house.var, database) as session:
                tables = session.execute(
                    "SELECT c.oid::regclass::text, c.relnamespace = 'public'::regnamespace FROM pg_class c"
                    " WHERE c.relkind IN ('r', 'm', 't')"
                ).fetchall()
                for table, ours in tables:
                    # The catalogs (samples of columns, among others) have types without a binary form: hex there.
                    form = "binary" if ours else "text"
                    with session.cursor().copy(
                        f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT {form})"
                    ) as copy:
                        yield "rows", b"".join(bytes(part) for part in copy)

    def _redis(self) -> Iterator[tuple[str, bytes]]:
        socket = str(embedded.paths(self._house.var)[1])
        for number in range(16):
            with redis.Redis(unix_socket_path=socket, db=number) as client:
                for name in client.scan_iter(count=1000):
                    held = REDIS_READS[client.type(name)](client, name)
                    yield "redis", b"\n".join([name, *(part or b"" for part in held)])

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for folder, below, files in os.walk(self._house.var):
            below[:] = [name for name in below if name not in LEFT_OUT]
            for name in files:
                path = Path(folder) / name
                parts = path.relative_to(self._house.var).parts
                yield "/".join(parts[: 2 if parts[0] == "gates" else 1]), _read(path)

    def _temp(self) -> Iterator[tuple[str, bytes]]:
        """Anything younger than this scanner in the folders where programs put what they do not name."""
        for root in {tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"}:
            for folder, below, files in os.walk(root):
                # The tests' own temp folder, and other houses' places, are not this house's.
                below[:] = [name for name in below if not name.startswith(("pytest-", "bash_jobs"))]
                for name in files:
                    path = Path(folder) / name
                    if not path.is_relative_to(self._house.var) and self._is_young(path):
                        yield "temp", _read(path)

    def _is_young(self, path: Path) -> bool:
        try:
            return path.lstat().st_mtime >= self._began
        except OSError:
            return False


def _read(path: Path) -> bytes:
    """Nothing for what is no file, or has gone while we looked."""
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    except OSError:
        return b""
