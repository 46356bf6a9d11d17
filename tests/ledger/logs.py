"""Logs to be checked: entries with their places, a witness, and verify.py where nothing of Linmen is installed."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from nacl.signing import SigningKey

from ledger import checkpoints, sequencing
from ledger.models import Checkpoint, Entry
from ledger.notes import COSIGNATURE, Key, Signature
from ledger.record import Act, record_many

BASE = Path(__file__).resolve().parent.parent.parent
PROGRAMS = BASE / "ledger"
SUBJECT = UUID("5b0c6a2e-7f64-4a4e-9f0e-0d8a3c1f2b11")
# What PyNaCl consists of, and what it stands on.
PYNACL = ("nacl", "_cffi_backend*", "cffi", "pycparser")


def write(count: int = 1, **payload: object) -> list[Entry]:
    with transaction.atomic():
        return record_many(
            Act(
                kind="test.made",
                subject=SUBJECT,
                neighborhood=uuid4(),
                payload={"n": n, "way": "portal", **payload},
            )
            for n in range(count)
        )


def grow(count: int = 1) -> Checkpoint:
    """So many more leaves, under a checkpoint."""
    write(count)
    sequencing.run()
    made = checkpoints.make()
    assert made is not None
    return made


@dataclass
class Cosigner:
    name: str = "witness.example"
    secret: SigningKey = field(default_factory=lambda: SigningKey(bytes(range(32))))

    @property
    def key(self) -> Key:
        return Key(self.name, COSIGNATURE, bytes(self.secret.verify_key))

    def cosign(self, text: str, time: int) -> str:
        """The line of a witness under a checkpoint's text."""
        signed = self.secret.sign(f"cosignature/v1\ntime {time}\n{text}".encode()).signature
        return Signature(self.name, self.key.id, time.to_bytes(8, "big") + signed).line()

    def note(self, checkpoint: Checkpoint, time: int) -> bytes:
        text = checkpoint.note.rpartition("\n\n")[0] + "\n"
        return f"{text}\n{self.cosign(text, time)}".encode()


def bare(folder: Path) -> Path:
    """A folder with PyNaCl in it and nothing else."""
    packages = folder / "packages"
    packages.mkdir(exist_ok=True)
    [found] = [Path(each) for each in site.getsitepackages() if (Path(each) / "nacl").is_dir()]
    for pattern in PYNACL:
        for each in found.glob(pattern):
            if not (packages / each.name).exists():
                (packages / each.name).symlink_to(each)
    return packages


def run(program: str, *arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Isolated, without site-packages, in an empty environment: a machine that has never heard of Linmen."""
    code = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[2:];"
        " runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    for name in ("verify.py", "witness.py"):
        (folder / name).write_bytes((PROGRAMS / name).read_bytes())
    return subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-c", code, str(bare(folder)), str(folder / program)),
            *(str(each) for each in arguments),
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )


def signed(text: str) -> str:
    """A note that the log's own key signs, whatever it says: what an operator could do who has the key."""
    key = checkpoints.key()
    return f"{text}\n{Signature(key.name, key.id, checkpoints._private().sign(text.encode())).line()}"


def saved(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file
