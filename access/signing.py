"""The server's own Ed25519 key, with which it signs what gates receive."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def server_key() -> Ed25519PrivateKey:
    return _load(settings.SERVER_KEY_FILE)


@lru_cache(maxsize=2)
def _load(file: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(Path(file).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("SERVER_KEY_FILE must hold an Ed25519 private key.")
    return key
