"""The wrapping key, the one secret that is kept for good, and the keys that are made from it for an epoch.

It comes from `settings.WRAPPING_KEY`, base64 of 32 bytes, which the settings take from a file or the environment. It is
on paper, serves blind indexes and the canary, and wraps no resident's key by itself: that does the wrapping key of an
epoch, made from it and from a salt that no database holds (`vault.salts`) and that is destroyed with the epoch. All else
in the vault asks through `Wrapper` and `Keeper`, so that a key service can stand in for both later.
"""

import base64
import binascii
import secrets
from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
NONCE_BYTES = 12
NAME_BYTES = 8
FORMAT = b"\x01"


class WrappingKeyMissing(ImproperlyConfigured):
    """No usable wrapping key, or not the one that wrapped this key."""


class WrappedKeyDamaged(Exception):
    """The wrapped bytes do not belong to this key, or were changed."""


class Wrapper(Protocol):
    """Wraps and unwraps data keys; `aad` ties the wrapped bytes to one row."""

    def wrap(self, key: bytes, *, aad: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, aad: bytes) -> bytes: ...


class Keeper(Protocol):
    """Keeps what makes the wrapping key of each epoch, by the epoch's name, and can lose it for good."""

    def prepare(self) -> None:
        """Make the places to keep it in, where there are none yet."""

    def make(self, *, known: Collection[bytes]) -> bytes:
        """The name of an epoch that is none of `known` yet; kept in every place for good when this returns."""

    def wrapper(self, name: bytes) -> Wrapper:
        """Raises `WrappingKeyMissing` where it is not kept, or was made under another root."""

    def lacking(self, names: Collection[bytes]) -> list[str]:
        """Which of these are not in which place, in words without secrets; empty: all are everywhere."""

    def mend(self, names: Collection[bytes]) -> None:
        """Copy each of these to the places where it is lacking, from one where it is whole."""

    def destroy(self, name: bytes) -> bool:
        """End it in every place, and look again: true when none of them has it."""

    def names(self) -> set[bytes]:
        """Of which epochs there is anything, anywhere."""


class AesGcmWrapper:
    """AES-256-GCM: format (1) | name of the wrapping key (8) | nonce (12) | key and tag (48)."""

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(derive(secret, "wrap"))
        # The name tells a wrong wrapping key from damaged bytes, and one epoch's key from the next.
        self.name = name(secret)

    def wrap(self, key: bytes, *, aad: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return FORMAT + self.name + nonce + self._aead.encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, *, aad: bytes) -> bytes:
        if named(wrapped) != self.name:
            raise WrappingKeyMissing("This key was wrapped by another wrapping key than the one configured.")
        head = len(FORMAT) + NAME_BYTES
        nonce, sealed = wrapped[head : head + NONCE_BYTES], wrapped[head + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, sealed, aad)
        except InvalidTag:
            raise WrappedKeyDamaged("A wrapped key does not fit its row.") from None


def root() -> AesGcmWrapper:
    """What the wrapping secret itself wraps: the canary, and keys from before there were epochs."""
    return _wrapper(secret())


def secret() -> bytes:
    """The wrapping secret itself: for `root`, for epochs, and for what `vault.blind` derives from it."""
    return _secret(settings.WRAPPING_KEY)


def named(wrapped: bytes) -> bytes:
    """The name of the wrapping key that wrapped these bytes. Raises `WrappedKeyDamaged`."""
    head = len(FORMAT) + NAME_BYTES
    if wrapped[: len(FORMAT)] != FORMAT or len(wrapped) < head + NONCE_BYTES:
        raise WrappedKeyDamaged("Not a wrapped key.")
    return wrapped[len(FORMAT) : head]


def of_epoch(secret: bytes, salt: bytes) -> bytes:
    """The wrapping key of an epoch. It takes both: the root for ever on paper, and the salt while there is one."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=b"linmen v1|epoch").derive(secret)


def name(secret: bytes) -> bytes:
    """What tells one wrapping key from another, and nothing of either."""
    return derive(secret, "name")[:NAME_BYTES]


def is_guessable(secret: bytes) -> bool:
    """All zeros, a pattern, a typed sentence: no 32 random bytes look so in the lifetime of the world.

    Of random bytes some 30 values differ, and so do the steps between them; fewer than 16 never happens.
    """
    steps = {(b - a) % 256 for a, b in pairwise(secret)}
    return len(set(secret)) < 16 or len(steps) < 16 or all(0x20 <= byte < 0x7F for byte in secret)


def derive(secret: bytes, label: str) -> bytes:
    """32 bytes from the wrapping secret, for one use only."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"linmen v1|" + label.encode()).derive(secret)


@lru_cache(maxsize=4)
def _wrapper(secret: bytes) -> AesGcmWrapper:
    return AesGcmWrapper(secret)


@lru_cache(maxsize=4)
def _secret(text: str) -> bytes:
    if not text:
        raise WrappingKeyMissing("Set WRAPPING_KEY_FILE or WRAPPING_KEY.")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise WrappingKeyMissing("The wrapping key is not base64.") from None
    if len(key) != KEY_BYTES:
        raise WrappingKeyMissing(f"The wrapping key has {len(key)} bytes; it needs {KEY_BYTES}.")
    return key


def check_wrapping_key(**kwargs: Any) -> list[CheckMessage]:
    """System check: what is given must be a key. Whether one must be given is the portal's to say."""
    try:
        if settings.WRAPPING_KEY:
            secret()
    except WrappingKeyMissing as error:
        return [Error(str(error), id="vault.E001")]
    return []
