"""What a device's store holds in the open, and what only with a key that lies elsewhere.

With a key, three things are encrypted (AES-SIV, RFC 5297) before SQLite sees them: the device's private keys, and with them
the templates and the card key that are sealed to it, and so every digest of a card; the PINs' verifiers; and who came and
went. Whoever takes the store's disk alone then has opaque numbers, hours of the day, and nothing to try PINs against.

The key is a file; where that file comes from decides what all this is worth, and that is for the board to say: a
credential that systemd opens with the TPM, a stick that is locked up elsewhere. Beside the store on the same
card it protects from nobody. Without one, everything lies as the site sent it.

Equal values make equal bytes, on purpose: what an erasure looks for in the raw file must be what was written.
"""

import base64
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_INFO = b"linmen gate store v1"
_SECRET_FACTS = ("signing_key", "sealing_key")


class StoreLocked(Exception):
    """The store and the key do not belong together."""


class BadKeyFile(Exception):
    """Not a key, or one that others can read or change."""


class Safe:
    def __init__(self, key: bytes | None = None) -> None:
        self._cipher = None
        if key is not None:
            wide = HKDF(algorithm=SHA256(), length=64, salt=None, info=_INFO).derive(key)
            self._cipher = AESSIV(wide)

    @property
    def has_key(self) -> bool:
        return self._cipher is not None

    def close(self, value: bytes, about: str) -> bytes:
        return value if self._cipher is None else self._cipher.encrypt(value, [about.encode()])

    def open(self, value: bytes, about: str) -> bytes:
        """Raises: StoreLocked"""
        if self._cipher is None:
            return value
        try:
            return self._cipher.decrypt(value, [about.encode()])
        except (InvalidTag, ValueError) as error:
            raise StoreLocked(f"{about} was not written with this key") from error

    def fits(self, kept: bytes, about: str) -> None:
        """`kept`: a private key as it lies in the store. Raises: StoreLocked"""
        is_open = len(kept) == KEY_BYTES
        if self.has_key and is_open:
            raise StoreLocked("this store was begun without a key: forget it, and pair anew")
        if not self.has_key and not is_open:
            raise StoreLocked("this store was closed with a key, and none is given")
        self.open(kept, about)

    def close_text(self, text: str | None, about: str) -> str | None:
        if text is None or self._cipher is None:
            return text
        return base64.b64encode(self.close(text.encode(), about)).decode()

    def open_text(self, text: str | None, about: str) -> str | None:
        if text is None or self._cipher is None:
            return text
        try:
            closed = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise StoreLocked(f"{about} was not written with a key") from error
        return self.open(closed, about).decode()


def is_secret(fact: str) -> bool:
    """The device's private keys, under whatever name the coming or the former one is kept."""
    return fact.endswith(_SECRET_FACTS)


def read_key(file: Path) -> bytes:
    """Raises: BadKeyFile, OSError"""
    with file.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        key = opened.read(KEY_BYTES + 1)
    # A group may read: systemd gives a service its credentials by an access list, which shows as one.
    if stat.S_IMODE(mode) & 0o027:
        raise BadKeyFile(f"{file} can be read or changed by others: chmod 600")
    if len(key) != KEY_BYTES:
        raise BadKeyFile(f"{file} holds no key of {KEY_BYTES} bytes")
    return key


def new_key(file: Path) -> None:
    """A fresh one. Never over another: what that one closed, nothing opens again. Raises: OSError"""
    to = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(to, "wb") as opened:
        opened.write(os.urandom(KEY_BYTES))
        opened.flush()
        os.fsync(opened.fileno())
