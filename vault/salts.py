"""The salts of wrapping epochs: each a file of its own in two folders, on two media, and in no database.

A salt makes, with the root, the wrapping key of its epoch, and neither says anything without the other. So a salt that is
lost loses every key of its epoch, hence two places; and a salt that is destroyed ends whatever was wrapped in its epoch,
wherever copies of that lie, hence no third. A file is called after its epoch, `<16 hex digits>.salt`, holds 32 bytes, and
is known to be whole by that: the name follows from root and salt.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from vault import wrapping
from vault.wrapping import NAME_BYTES, AesGcmWrapper, WrappingKeyMissing

SALT_BYTES = 32
SUFFIX = ".salt"


class SaltMissing(WrappingKeyMissing):
    """Neither folder holds the salt of this epoch."""


class SaltForeign(WrappingKeyMissing):
    """The salt was changed, or it belongs to another root."""


class PlaceMissing(Exception):
    """A folder for salts is not there, or what was written to it cannot be read again."""


# What this process opened, by where it lay. Forgotten as soon as anything is asked after the files have gone.
_opened: dict[tuple[Path, Path, bytes], AesGcmWrapper] = {}


class SaltFiles:
    """`vault.wrapping.Keeper` in two folders."""

    def __init__(self, *, folders: tuple[Path, Path], root: bytes) -> None:
        self.folders = folders
        self._root = root

    def prepare(self) -> None:
        for folder in self.folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    def make(self, *, known: Collection[bytes]) -> bytes:
        """One that was made before and never came into use, because its maker died, is taken up first."""
        self._clear_drafts()
        for name in sorted(self.names() - set(known)):
            with suppress(WrappingKeyMissing):  # not of this root: none of ours
                self.mend([name])
                return name
        salt = secrets.token_bytes(SALT_BYTES)
        name = self._name(salt)
        for folder in self.folders:
            self._write(folder, name, salt)
        return name

    def wrapper(self, name: bytes) -> AesGcmWrapper:
        _forget_the_gone()
        at = (*self.folders, name + wrapping.name(self._root))
        if (found := _opened.get(at)) is None:
            found = _opened[at] = AesGcmWrapper(wrapping.of_epoch(self._root, self._read(name)))
        return found

    def lacking(self, names: Collection[bytes]) -> list[str]:
        return [
            f"{folder}: {name.hex()}"
            for name in sorted(names)
            for folder in self.folders
            if not self._is_whole(folder, name)
        ]

    def mend(self, names: Collection[bytes]) -> None:
        for name in sorted(names):
            salt = self._read(name)
            for folder in self.folders:
                if not self._is_whole(folder, name):
                    self._write(folder, name, salt)

    def destroy(self, name: bytes) -> bool:
        for folder in self.folders:
            for path in (_file(folder, name), _draft(folder, name)):
                with suppress(FileNotFoundError):
                    _overwrite(path)
                    os.unlink(path)
                    _sync(folder)
        _forget_the_gone()
        return all(folder.is_dir() and not _file(folder, name).exists() for folder in self.folders)

    def names(self) -> set[bytes]:
        return {name for folder in self.folders for name in _names(folder)}

    def _name(self, salt: bytes) -> bytes:
        return wrapping.name(wrapping.of_epoch(self._root, salt))

    def _read(self, name: bytes) -> bytes:
        """From the first folder that has it whole."""
        found = False
        for folder in self.folders:
            try:
                salt = _file(folder, name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            found = True
            if self._fits(salt, name):
                return salt
        if found:
            raise SaltForeign(
                f"The salt of epoch {name.hex()} was changed, or belongs to another wrapping key."
            )
        raise SaltMissing(f"The salt of epoch {name.hex()} is in neither folder.")

    def _is_whole(self, folder: Path, name: bytes) -> bool:
        try:
            return self._fits(_file(folder, name).read_bytes(), name)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _fits(self, salt: bytes, name: bytes) -> bool:
        return len(salt) == SALT_BYTES and self._name(salt) == name

    def _write(self, folder: Path, name: bytes, salt: bytes) -> None:
        """Under its own name only when it is whole and on the medium; read again from there."""
        if not folder.is_dir():
            raise PlaceMissing(f"There is no folder {folder}.")
        draft = _draft(folder, name)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(salt)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, _file(folder, name))
        _sync(folder)
        with _file(folder, name).open("rb") as file:
            if hasattr(os, "posix_fadvise"):  # from the medium, not from memory
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if file.read() != salt:
                raise PlaceMissing(f"What was written to {folder} reads otherwise.")

    def _clear_drafts(self) -> None:
        """Of makers that died."""
        for folder in self.folders:
            if not folder.is_dir():
                raise PlaceMissing(f"There is no folder {folder}.")
            for path in folder.glob(f".*{SUFFIX}"):
                with suppress(FileNotFoundError):
                    _overwrite(path)
                    os.unlink(path)


def _file(folder: Path, name: bytes) -> Path:
    return folder / f"{name.hex()}{SUFFIX}"


def _draft(folder: Path, name: bytes) -> Path:
    return folder / f".{name.hex()}{SUFFIX}"


def _names(folder: Path) -> Iterator[bytes]:
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(ValueError):
            name = bytes.fromhex(path.stem)
            if len(name) == NAME_BYTES:
                yield name


def _overwrite(path: Path) -> None:
    """In its place, so that the block it lay in holds something else; as far as a medium lets one write in place."""
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(max(SALT_BYTES, path.stat().st_size)))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _forget_the_gone() -> None:
    for at in list(_opened):
        main, copy, named = at
        name = named[:NAME_BYTES]
        if not (_file(main, name).exists() or _file(copy, name).exists()):
            _opened.pop(at, None)
