"""A house with real servers, whose backups are made and put back by the commands, as an operator does it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from pyrage import x25519

from portal import erasure, sweeps
from residents.models import Backup, ErasureOrder, ErasurePlace
from tests.live import Live

State, Kind = ErasurePlace.State, ErasurePlace.Kind


@dataclass
class Operator:
    """At the console, with the key that opens the sets in a drawer."""

    live: Live
    drawer: Path
    key: x25519.Identity

    def __post_init__(self) -> None:
        self.identity = self.drawer / "identity.txt"
        self.identity.write_text(f"# kept in a drawer\n{self.key}\n")
        self.live.env["BACKUP_RECIPIENTS"] = str(self.key.to_public())

    def backup(self, *kinds: str) -> dict[str, Path]:
        """The newest set of each."""
        connections.close_all()
        for kind in kinds or ("data", "vault"):
            self.live.manage("backup", kind)
        return {kind: self.set_of(kind) for kind in kinds or ("data", "vault")}

    def set_of(self, kind: str) -> Path:
        newest = Backup.objects.filter(kind=kind, state=Backup.State.KEPT).latest("made_at")
        [found] = settings.BACKUP_FOLDERS[kind].glob(f"*{newest.pk}.age")
        return Path(found)

    def restore(
        self, sets: dict[str, Path], *also: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        connections.close_all()
        named = [part for kind, path in sets.items() for part in (f"--{kind}", str(path))]
        done = self.live.manage(
            *("restore", *named, "--identity", str(self.identity), "--over-newer-data", *also), check=False
        )
        connections.close_all()
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def manifest(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
        return found


@pytest.fixture
def operator(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    made = Operator(live, tmp_path, x25519.Identity.generate())
    monkeypatch.setattr(settings, "BACKUP_RECIPIENTS", [str(made.key.to_public())])
    return made


def swept(*, until: datetime | None = None) -> None:
    """What a worker does every few seconds."""
    assert sweeps.sweep(at=until or datetime.now(UTC))


def carried_through(order: ErasureOrder) -> None:
    assert erasure.run(order=order.pk, at=datetime.now(UTC))


def left_of(order: ErasureOrder) -> set[str]:
    """Kinds of places that have not said that it is gone."""
    return set(order.places.exclude(state=State.GONE).values_list("kind", flat=True))
