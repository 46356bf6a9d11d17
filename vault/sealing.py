"""Sealing bytes under a key of the vault, and opening them again.

A sealed value is format (1) | nonce (12) | AES-256-GCM ciphertext and tag. It is bound to its key and to a
`context` that the caller names (say ``residents.phone|<resident id>``), so that a value moved to another row
or column does not open there. Plain keys live only as long as the call.
"""

import secrets
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.keys import KeyDestroyed, KeyMissing, unwrapped

FORMAT = b"\x01"
NONCE_BYTES = 12


class Tampered(Exception):
    """The value was changed, or belongs to another key or context."""


class Plain(NamedTuple):
    """One value to seal, for `encrypt_many`."""

    key: UUID
    plaintext: bytes
    context: str


class Sealed(NamedTuple):
    """One value to open, for `decrypt_many`."""

    key: UUID
    ciphertext: bytes
    context: str


def encrypt(*, key: UUID, plaintext: bytes, context: str) -> bytes:
    """Seal under the key. Raises `KeyDestroyed` or `KeyMissing`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain_key = _alive(key, unwrapped([key]))
    return FORMAT + nonce + AESGCM(plain_key).encrypt(nonce, plaintext, _bound_to(key, context))


def encrypt_many(items: Iterable[Plain]) -> list[bytes]:
    """Seal many values with one query to the vault, in the order given. Raises `KeyDestroyed` or `KeyMissing`."""
    wanted = list(items)
    if not wanted:
        return []
    keys = unwrapped(item.key for item in wanted)
    ciphers = {key: AESGCM(_alive(key, keys)) for key in {item.key for item in wanted}}
    sealed = []
    for item in wanted:
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _bound_to(item.key, item.context)
        sealed.append(FORMAT + nonce + ciphers[item.key].encrypt(nonce, item.plaintext, bound))
    return sealed


def decrypt(*, key: UUID, ciphertext: bytes, context: str) -> bytes:
    """Open one value. Raises `KeyDestroyed`, `KeyMissing` or `Tampered`."""
    return _open(_alive(key, unwrapped([key])), Sealed(key, ciphertext, context))


def decrypt_many(items: Iterable[Sealed]) -> list[bytes | None]:
    """Open many values with one query to the vault, in the order given; None where the key was destroyed.

    Raises `KeyMissing` or `Tampered` as `decrypt` does: those are faults, a destroyed key is not.
    """
    wanted = list(items)
    if not wanted:
        return []
    keys = unwrapped(item.key for item in wanted)
    for item in wanted:
        if item.key not in keys:
            raise KeyMissing(f"key {item.key}")
    return [None if (plain := keys[item.key]) is None else _open(plain, item) for item in wanted]


def _alive(key: UUID, keys: dict[UUID, bytes | None]) -> bytes:
    if key not in keys:
        raise KeyMissing(f"key {key}")
    plain = keys[key]
    if plain is None:
        raise KeyDestroyed(f"key {key}")
    return plain


def _open(plain_key: bytes, item: Sealed) -> bytes:
    ciphertext = bytes(item.ciphertext)
    head = len(FORMAT) + NONCE_BYTES
    if ciphertext[: len(FORMAT)] != FORMAT or len(ciphertext) < head:
        raise Tampered(f"not a value sealed by key {item.key}")
    try:
        return AESGCM(plain_key).decrypt(
            ciphertext[len(FORMAT) : head], ciphertext[head:], _bound_to(item.key, item.context)
        )
    except InvalidTag:
        raise Tampered(f"a value does not open under key {item.key}") from None


def _bound_to(key: UUID, context: str) -> bytes:
    return b"linmen sealed v1|" + key.bytes + context.encode()
