"""What a QR code says: `LM1.` + payload + `.` + signature, both base64url without padding; 138 characters, always.

The payload is 35 bytes, big-endian:

    version     1   1
    kind        1   1 is a resident's code, 2 a visitor's
    flags       1   bit 0: opens once at each gate; the other bits are 0
    credential 16   the UUID of the row that it stands for
    issued      4   seconds since 1970, UTC
    expires     4   the same; from then on it opens nothing
    serial      8   drawn at random: a resident's code is spent by it, once at each gate

The server signs `LABEL + payload` with its Ed25519 key, which a device knows from its pairing; the label keeps the
signature from being taken for one over anything else. A token is a claim, not a right: whether a door opens is for the
credential's row and its hours to say.

Read strictly (F20): what a scanner sees comes from strangers. Length first, then one alphabet, then one spelling, and
nothing of it is ever evaluated, logged or kept as it came.
"""

import base64
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LABEL = b"linmen qr v1\0"
LENGTH = 138
SERIAL_BYTES = 8
QR, PASS = "qr", "pass"

_VERSION = 1
_PAYLOAD = struct.Struct(">BBB16sII8s")
_KINDS = {QR: 1, PASS: 2}
_ONCE = 0b1
_FORM = re.compile(r"LM1\.(?P<payload>[A-Za-z0-9_-]{47})\.(?P<signature>[A-Za-z0-9_-]{86})")


class Unreadable(ValueError):
    """Not a token of ours: another code, a damaged one, or something worse. Never says what it was."""


class Foreign(ValueError):
    """The form of a token, but not signed by our server."""


@dataclass(frozen=True)
class Token:
    kind: str
    credential: str
    issued: datetime
    expires: datetime
    serial: bytes
    once: bool = False


def write(token: Token, *, key: Ed25519PrivateKey) -> str:
    """Whole seconds; a fraction of the last one is given away. ValueError for what could not be read back."""
    if len(token.serial) != SERIAL_BYTES:
        raise ValueError("a serial has 8 bytes")
    payload = _PAYLOAD.pack(
        _VERSION,
        _KINDS[token.kind],
        _ONCE if token.once else 0,
        UUID(token.credential).bytes,
        int(token.issued.timestamp()),
        int(token.expires.timestamp()),
        token.serial,
    )
    return f"LM1.{_encode(payload)}.{_encode(key.sign(LABEL + payload))}"


def read(text: object, *, key: Ed25519PublicKey) -> Token:
    """Raises: Unreadable, Foreign"""
    if not isinstance(text, str) or len(text) != LENGTH:
        raise Unreadable
    match = _FORM.fullmatch(text)
    if match is None:
        raise Unreadable
    payload, signature = _decode(match["payload"]), _decode(match["signature"])
    try:
        key.verify(signature, LABEL + payload)
    except InvalidSignature as error:
        raise Foreign from error
    # Nothing of the payload is looked at before: only our own server gets as far as this.
    version, kind, flags, credential, issued, expires, serial = _PAYLOAD.unpack(payload)
    known = {number: name for name, number in _KINDS.items()}
    if version != _VERSION or kind not in known or flags & ~_ONCE or expires <= issued:
        raise Unreadable
    return Token(
        kind=known[kind],
        credential=str(UUID(bytes=credential)),
        issued=datetime.fromtimestamp(issued, UTC),
        expires=datetime.fromtimestamp(expires, UTC),
        serial=serial,
        once=bool(flags & _ONCE),
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:  # the last character has bits to spare: only one of its spellings counts
        raise Unreadable
    return raw
