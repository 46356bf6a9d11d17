"""Enrolment photos on their short way from the browser to the worker.

They lie under PHOTOS/<standing>/<enrolment>/1 and 2, encrypted before they touch the disk, under the key of the consent
that allowed them to come: the one to send them over the internet, or at the office the one for the face itself. A
standing has one folder, so that a withdrawal can look at one place and say that nothing is left.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from access.models import Enrolment
from consent.models import Standing
from vault import keys, sealing

NAMES = ("1", "2")


class PhotosLost(Exception):
    """The files are not there, not whole, or no key opens them."""


@dataclass(frozen=True)
class Folder:
    standing: UUID
    enrolment: UUID
    since: datetime


def consent_of(enrolment: Enrolment) -> Standing:
    """The consent whose key the photos are under."""
    return enrolment.photo_standing or enrolment.standing


def seal(*, enrolment: Enrolment, photos: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Encrypts them, in memory. Raises `vault.keys.KeyDestroyed` where consent has just ended."""
    consent = consent_of(enrolment)
    keys.ensure(id=consent.key, subject=consent.resident_id, purpose=consent.purpose)
    first, second = (
        sealing.encrypt(key=consent.key, plaintext=photo, context=_context(enrolment.pk, name))
        for name, photo in zip(NAMES, photos, strict=True)
    )
    return first, second


def write(*, enrolment: Enrolment, sealed: tuple[bytes, bytes]) -> None:
    """Whole or not at all, and on the disk when this returns."""
    root = _root()
    of_standing = root / str(consent_of(enrolment).pk)
    folder = of_standing / str(enrolment.pk)
    _make(of_standing, folder)
    for name, data in zip(NAMES, sealed, strict=True):
        draft = folder / f"{name}.part"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / name)
    for made in (folder, of_standing, root):
        _sync(made)


def read(enrolment: Enrolment) -> tuple[bytes, bytes]:
    """The plain photos, in memory. Raises `PhotosLost`."""
    key = consent_of(enrolment).key
    folder = _root() / str(consent_of(enrolment).pk) / str(enrolment.pk)
    try:
        first, second = (
            sealing.decrypt(
                key=key, ciphertext=(folder / name).read_bytes(), context=_context(enrolment.pk, name)
            )
            for name in NAMES
        )
    except (FileNotFoundError, keys.KeyDestroyed, keys.KeyMissing, sealing.Tampered) as lost:
        raise PhotosLost(f"photos of enrolment {enrolment.pk}") from lost
    return first, second


def delete(*, standing: UUID, enrolment: UUID) -> None:
    """Gone from the disk's folder when this returns; safe to repeat."""
    _remove(_root() / str(standing) / str(enrolment))


def delete_all(standing: UUID) -> None:
    """Everything that came under this consent, also what a dead process left behind."""
    _remove(_root() / str(standing))


def remain(standing: UUID) -> bool:
    return any(path.is_file() for path in (_root() / str(standing)).rglob("*"))


def folders() -> Iterator[Folder]:
    """What lies there, whatever the database says about it."""
    for of_standing in _uuid_folders(_root()):
        for folder in _uuid_folders(of_standing):
            try:
                since = datetime.fromtimestamp(folder.stat().st_mtime, tz=UTC)
            except FileNotFoundError:  # somebody else has just removed it
                continue
            yield Folder(UUID(of_standing.name), UUID(folder.name), since)


def _root() -> Path:
    root = Path(settings.PHOTOS)
    if not root.is_dir():
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(root.stat().st_mode) != 0o700:
        root.chmod(0o700)
    return root


def _make(of_standing: Path, folder: Path) -> None:
    while True:
        of_standing.mkdir(mode=0o700, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileNotFoundError:
            continue  # a worker that finished with the one before has just tidied up
        return


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, onerror=_unless_gone)
    above = folder.parent
    if above != _root():
        try:
            above.rmdir()  # the standing's folder goes with its last enrolment
        except OSError:
            pass  # not empty, or gone already
        above = _root()
    for changed in (folder.parent, above):
        if changed.exists():
            _sync(changed)


def _unless_gone(
    function: object, path: str, info: tuple[type[BaseException], BaseException, object]
) -> None:
    """Two workers may delete at once: what the other one removed is no failure."""
    if not isinstance(info[1], FileNotFoundError):
        raise info[1]


def _uuid_folders(above: Path) -> Iterator[Path]:
    try:
        found = sorted(above.iterdir())
    except FileNotFoundError:
        return
    for path in found:
        try:
            UUID(path.name)
        except ValueError:
            continue  # not ours
        if path.is_dir():
            yield path


def _sync(folder: Path) -> None:
    """Names are on the disk only once their folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _context(enrolment: UUID, name: str) -> str:
    return f"access.photo|{enrolment}|{name}"
