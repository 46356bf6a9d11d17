"""The house's own secrets: given by the environment, or made on first use where this is a demo or a test."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from portal import places


def _signing_key() -> str:
    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


MADE = {
    "secret": lambda: secrets.token_urlsafe(48),
    "wrapping": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "server.pem": _signing_key,
    "ledger.pem": _signing_key,
}


def given(variable: str) -> str:
    """A secret from the variable, or from the file that `<variable>_FILE` names; else empty.

    A file that cannot be read counts as none: `portal.checks` says so in words, and refuses the start.
    """
    if value := os.environ.get(variable):
        return value
    file = os.environ.get(f"{variable}_FILE")
    try:
        return Path(file).read_text(encoding="ascii").strip() if file else ""
    except (OSError, UnicodeDecodeError):
        return ""


def signs(file: Path) -> bool:
    """Whether it holds an Ed25519 private key that needs no password."""
    try:
        return isinstance(load_pem_private_key(file.read_bytes(), password=None), Ed25519PrivateKey)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return False


def made(var: Path, name: str) -> Path:
    """The file under `var/keys`, made if need be; of two processes that make it at once, one wins."""
    folder = places.make_private(var / "keys")
    path = folder / name
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder, encoding="ascii") as draft:
            draft.write(MADE[name]())
            draft.flush()
            try:
                os.link(draft.name, path)
            except FileExistsError:
                pass
    return path
