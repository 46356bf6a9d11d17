"""What a disk holds when the power goes: of all that a process wrote, only what it had asked to be kept.

The worst that a disk may do by the rules: what was not synced is gone, a file that was unlinked is back unless its folder was
synced since, and a new file is nowhere until it or its folder was.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEAD = struct.Struct("=IIQI")
CREATED, WROTE, CUT, SYNCED, UNLINKED = range(1, 6)
SAID = "said"


@dataclass
class File:
    now: bytearray = field(default_factory=bytearray)
    kept: bytes = b""


@dataclass
class Disk:
    """Files by path, as the process sees them, and those that the folder on the disk names."""

    seen: dict[str, File] = field(default_factory=dict)
    named: dict[str, File] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Disk:
        files = {
            str(path): File(bytearray(path.read_bytes()), path.read_bytes())
            for path in folder.iterdir()
            if path.is_file()
        }
        return cls(dict(files), dict(files))

    def takes(self, kind: int, path: str, offset: int, data: bytes) -> None:
        if kind == CREATED:
            self.seen[path] = File()
        elif kind == UNLINKED:
            self.seen.pop(path, None)
        elif kind == SYNCED and os.path.isdir(path):
            self.named = dict(self.seen)
        elif path in self.seen:
            file = self.seen[path]
            if kind == WROTE:
                file.now.extend(bytes(max(0, offset - len(file.now))))
                file.now[offset : offset + len(data)] = data
            elif kind == CUT:
                del file.now[offset:]
                file.now.extend(bytes(offset - len(file.now)))
            elif kind == SYNCED:
                file.kept = bytes(file.now)
                self.named[path] = (
                    file  # a new file's own sync brings its name along, on every file system of today
                )

    def after_the_cut(self) -> dict[str, bytes]:
        return {os.path.basename(path): file.kept for path, file in self.named.items()}


def cuts(log: Path, disk: Disk) -> Iterator[tuple[dict[str, bytes], list[str]]]:
    """After each call: what would be left, and what had been said by then. What is the same again is left out."""
    raw, at, said, before = log.read_bytes(), 0, [], None
    while at < len(raw):
        kind, path_length, offset, length = HEAD.unpack_from(raw, at)
        at += HEAD.size
        path = raw[at : at + path_length].decode()
        data = raw[at + path_length : at + path_length + length]
        at += path_length + length
        if os.path.basename(path) == SAID:
            said += data.decode().split("\n")[:-1] if kind == WROTE else []
        else:
            disk.takes(kind, path, offset, data)
        left = (disk.after_the_cut(), list(said))
        if left != before:
            before = left
            yield left
