"""Making a set of a backup and seeing it gone: pg_dump's own format, encrypted as it comes to keys that no machine here holds.

The data and the vault are two sets with two lives, and never in one folder: what opens the vault's set must not lie beside
what it unlocks. Beside each set stands a manifest that says, in the clear, what a restore must know before it opens anything:
where the erasure journal stood, which wrapping key the vault has, and until when the set may be anywhere at all.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pyrage
from django.conf import settings
from django.db import connections
from pyrage import x25519

from portal import embedded, journalling, locks
from portal.journal import Position
from portal.owner import as_owner
from residents import backups as register
from residents.models import Backup

Kind = Backup.Kind
ALIAS = {Kind.DATA: "default", Kind.VAULT: "vault"}
# What steps aside while a restore is under way is in no set.
ASIDE = "before_restore"
MARK = "linmen-backups.json"
# Whoever was signed in signs in again: a session of then is nothing to put back.
WITHOUT_ROWS = ("django_session",)
NAME_OF_WRAPPING_KEY = "SELECT encode(substring(wrapped FROM 2 FOR 8), 'hex') FROM vault_canary"


class BackupRefused(Exception):
    """What is said is for the operator."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known of a set without opening it."""

    id: str
    holds: str
    system: str
    made_at: str
    expires_at: str
    journal: int
    chain: str
    sha256: str
    size: int
    wrapping: str
    origin: str

    @property
    def position(self) -> Position:
        return Position(system=self.system, n=self.journal, chain=self.chain)


def make(*, kind: Backup.Kind, at: datetime) -> Backup:
    """One set, whole and on the disk when this returns. Raises: BackupRefused"""
    to = recipients()
    folder = settings.BACKUP_FOLDERS[kind]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder / ".lock"):
        journalling.begin(at=at)
        _mark(folder, kind)
        end(at=at)
        forget_unfinished(kind=kind, at=at)
        begun = register.begin(
            kind=kind, made_at=at, expires_at=at + timedelta(days=settings.BACKUP_DAYS[kind])
        )
        position = journalling.keep_backup(backup=begun, at=at)
        Backup.objects.filter(pk=begun.pk).update(evidence={"journal": position.n})
        part = folder / f"{_name(begun)}.part"
        sha256, size = _dump(ALIAS[kind], part, to)
        manifest = Manifest(
            id=str(begun.pk),
            holds=str(kind),
            system=position.system,
            made_at=at.isoformat(),
            expires_at=begun.expires_at.isoformat(),
            journal=position.n,
            chain=position.chain,
            sha256=sha256,
            size=size,
            wrapping=wrapping_key_of_the_vault(),
            origin=settings.LEDGER_ORIGIN,
        )
        os.replace(part, folder / f"{_name(begun)}.age")
        _write_down(folder / f"{_name(begun)}.json", asdict(manifest))
        register.keep(backup=begun.pk, sha256=sha256, size=size)
    begun.refresh_from_db()
    return begun


def end(*, at: datetime) -> int:
    """Sets whose time is up go, and their folder is asked again. How many are gone by now.

    A folder that cannot be seen from here says nothing: not that they are gone, and not that they are there (law 12).
    """
    gone = 0
    for backup in Backup.objects.over(at).order_by("expires_at"):
        if backup.declared:
            gone += register.seen_gone(
                backup=backup.pk, evidence={**backup.evidence, "declared": True}, at=at
            )
        elif _delete(backup):
            gone += register.seen_gone(backup=backup.pk, evidence={**backup.evidence, "files": 0}, at=at)
    return gone


def forget_unfinished(*, kind: Backup.Kind, at: datetime) -> int:
    """Sets that a crash cut off. Holding the folder's lock: nobody is making one."""
    cut_off = Backup.objects.filter(kind=kind, state=Backup.State.MAKING)
    return sum(
        register.seen_gone(backup=each.pk, evidence={**each.evidence, "unfinished": True, "files": 0}, at=at)
        for each in cut_off
        if _delete(each)
    )


def overdue(*, at: datetime) -> int:
    """Sets that should be gone, and have not been seen gone."""
    return Backup.objects.over(at).count()


def read(path: Path) -> tuple[Manifest, Path]:
    """A set by its file or its manifest, or the newest of a folder. Raises: BackupRefused"""
    if path.is_dir():
        found = sorted(path.glob("*.json"))
        named = [each for each in found if each.name != MARK]
        if not named:
            raise BackupRefused(f"There is no backup set in {path}.")
        path = named[-1]
    manifest = path.with_suffix(".json")
    try:
        said = Manifest(**json.loads(manifest.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BackupRefused(f"{manifest} is missing: without it nobody knows what this set is.") from None
    except (ValueError, TypeError):
        raise BackupRefused(f"{manifest} is no manifest of a backup set.") from None
    return said, path.with_suffix(".age")


def digest(path: Path) -> tuple[str, int]:
    sha256, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                sha256.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read: {error.strerror}") from None
    return sha256.hexdigest(), size


def recipients() -> list[Any]:
    """Raises: BackupRefused"""
    if not settings.BACKUP_RECIPIENTS:
        raise BackupRefused(
            "Nobody could open it: set BACKUP_RECIPIENTS to an age public key (`manage.py backup key` makes a pair)."
        )
    try:
        return [x25519.Recipient.from_str(each) for each in settings.BACKUP_RECIPIENTS]
    except pyrage.RecipientError:
        raise BackupRefused("BACKUP_RECIPIENTS names what is no age public key.") from None


def tool(name: str) -> str:
    if settings.POSTGRES_TOOLS:
        return str(Path(settings.POSTGRES_TOOLS) / name)
    found = shutil.which(name) if settings.PRODUCTION else None
    return found or str(embedded.postgres_binaries() / name)


def where(alias: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment with which PostgreSQL's tools reach a database. Call it as the owner."""
    at = connections[alias].settings_dict
    arguments = ["--host", at["HOST"], "--port", str(at["PORT"] or "5432"), "--username", at["USER"]]
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGPASSWORD": at["PASSWORD"] or ""}
    return [*arguments, "--no-password", "--dbname", at["NAME"]], env


def wrapping_key_of_the_vault() -> str:
    """Its name, which tells it from any other and nothing of it."""
    with connections["vault"].cursor() as cursor:
        cursor.execute(NAME_OF_WRAPPING_KEY)
        row = cursor.fetchone()
    return str(row[0]) if row else ""


class Into(io.BufferedIOBase):
    """What age writes to."""

    def __init__(self, path: Path) -> None:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.file = os.fdopen(opened, "wb")
        self.sha256, self.size = hashlib.sha256(), 0

    def write(self, part: Any) -> int:
        data = bytes(part)
        self.sha256.update(data)
        self.size += len(data)
        return self.file.write(data)

    def settle(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()


def _dump(alias: str, part: Path, to: list[Any]) -> tuple[str, int]:
    """Straight from pg_dump through age into the file: nothing of it lies anywhere in the clear."""
    with as_owner(alias):
        arguments, env = where(alias)
    left_out = [f"--exclude-table-data={table}" for table in WITHOUT_ROWS]
    command = [
        tool("pg_dump"),
        "--format=custom",
        "--no-owner",
        f"--exclude-schema={ASIDE}",
        *left_out,
        *arguments,
    ]
    out = Into(part)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as dumping:
        assert dumping.stdout is not None
        assert dumping.stderr is not None
        pyrage.encrypt_io(cast(io.BufferedIOBase, dumping.stdout), out, to)
        said = dumping.stderr.read().decode(errors="replace")
    out.settle()
    if dumping.returncode:
        part.unlink(missing_ok=True)
        raise BackupRefused(f"pg_dump ended with {dumping.returncode}: {said[-500:]}")
    return out.sha256.hexdigest(), out.size


def _mark(folder: Path, kind: Backup.Kind) -> None:
    """Whose folder it is: an empty one that nobody marked may be a disk that is not there today."""
    known = {"system": journalling.here().head().system, "holds": str(kind)}
    mark = folder / MARK
    if not mark.exists():
        _write_down(mark, known)
    if json.loads(mark.read_text(encoding="utf-8")) != known:
        raise BackupRefused(
            f"{folder} is for other sets: the data and the vault, and two houses, never share a folder."
        )


def _delete(backup: Backup) -> bool:
    """True when its folder was asked, and holds no file of it."""
    folder: Path = settings.BACKUP_FOLDERS[backup.kind]
    try:
        known = json.loads((folder / MARK).read_text(encoding="utf-8"))
        if known["holds"] != backup.kind:
            return False
        for file in folder.glob(f"*{backup.pk}*"):
            file.unlink(missing_ok=True)
        return not any(folder.glob(f"*{backup.pk}*"))
    except (OSError, ValueError, KeyError):
        return False


def _name(backup: Backup) -> str:
    return f"{backup.made_at:%Y%m%dT%H%M%SZ}-{backup.pk}"


def _write_down(path: Path, said: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = locks.try_lock(path)
    if lock is None:
        raise BackupRefused("Another one is at work here.")
    try:
        yield
    finally:
        os.close(lock)


def declare(*, kind: Backup.Kind, days: int, at: datetime) -> Backup:
    """A set that was made elsewhere, and is gone by then: archived write-ahead log, a snapshot of a disk, a copy by hand."""
    if not 0 < days <= register.LONGEST.days:
        raise BackupRefused(f"From 1 to {register.LONGEST.days} days.")
    made = register.begin(kind=kind, made_at=at, expires_at=at + timedelta(days=days), declared=True)
    journalling.keep_backup(backup=made, at=at)
    return made


def put_down(lines: list[dict[str, Any]], *, at: datetime) -> None:
    """After a restore: the sets that the journal knows of, which the database of then did not."""
    for line in lines:
        expires_at = datetime.fromisoformat(line["expires_at"])
        if Backup.objects.filter(pk=line["id"]).exists() or expires_at <= at:
            continue
        made = register.begin(
            kind=Kind(line["holds"]),
            made_at=datetime.fromisoformat(line["made_at"]),
            expires_at=expires_at,
            declared=line["declared"],
            id=UUID(line["id"]),
        )
        Backup.objects.filter(pk=made.pk).update(evidence={"journal": line["n"]})
    # Their files may be whole: what is certain is only when they are gone.
    Backup.objects.filter(state=Backup.State.MAKING).update(state=Backup.State.KEPT)
