"""What only one device may read: face templates and the card key, sealed with HPKE (RFC 9180).

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode, one message per encapsulation. What the sealed
bytes belong to (device, credential, version) is bound through HPKE's `info`, after a label and a zero byte: the
library's public interface has no separate associated data, and for a single message the two bind equally. So a
template copied to another device, put under another credential or replayed as another version does not open.

Card numbers leave the site only as HMAC digests, under a key that each device holds sealed to itself.
"""

import hashlib
import hmac
import math
import re
import struct
import unicodedata
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gate import face_models

# The model that made it: a template of another one does not open (gate/face_models.py).
TEMPLATE_VERSION = face_models.CURRENT.number
ENCODING_LENGTH = 128
TEMPLATE_BYTES = 1 + 4 * ENCODING_LENGTH
CARD_KEY_BYTES = 32

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_TEMPLATE_INFO = b"linmen template v1"
_CARD_KEY_INFO = b"linmen card key v1"
_CARD_SEPARATORS = re.compile(r"[\s:\-]+")
_CARD_NUMBER = re.compile(r"[0-9A-Z]{4,32}")


class CannotOpen(Exception):
    """Sealed bytes that were not sealed to this key for this purpose, or were damaged."""


def pack_template(encoding: Sequence[float]) -> bytes:
    """One byte that numbers the model, then 128 little-endian float32. ValueError for anything but 128 finite numbers."""
    if len(encoding) != ENCODING_LENGTH:
        raise ValueError(f"a template has {ENCODING_LENGTH} numbers")
    try:
        packed = struct.pack(f"<B{ENCODING_LENGTH}f", TEMPLATE_VERSION, *encoding)
    except (struct.error, OverflowError) as error:
        raise ValueError("a template holds numbers of float32 size") from error
    unpack_template(packed)
    return packed


def is_of_this_model(packed: bytes) -> bool:
    return packed[:1] == bytes([TEMPLATE_VERSION])


def unpack_template(packed: bytes) -> tuple[float, ...]:
    if len(packed) != TEMPLATE_BYTES:
        raise ValueError(f"a packed template has {TEMPLATE_BYTES} bytes")
    version, *numbers = struct.unpack(f"<B{ENCODING_LENGTH}f", packed)
    if version != TEMPLATE_VERSION:
        raise ValueError("a template of another model")
    # A NaN compares false with every threshold, an infinity with itself: neither may reach a comparison.
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a template holds finite numbers")
    return tuple(numbers)


def seal_template(
    *,
    packed: bytes,
    recipient: X25519PublicKey,
    device: str,
    credential: str,
    version: int,
) -> bytes:
    """Seals what `pack_template` made, for one device, one credential, one version."""
    unpack_template(packed)
    return _SUITE.encrypt(packed, recipient, info=_template_info(device, credential, version))


def open_template(
    *, sealed: bytes, key: X25519PrivateKey, device: str, credential: str, version: int
) -> tuple[float, ...]:
    packed = _open(sealed, key, _template_info(device, credential, version))
    try:
        return unpack_template(packed)
    except ValueError as error:
        raise CannotOpen("the sealed bytes are not a template") from error


def seal_card_key(*, card_key: bytes, recipient: X25519PublicKey, device: str) -> bytes:
    if len(card_key) != CARD_KEY_BYTES:
        raise ValueError(f"a card key has {CARD_KEY_BYTES} bytes")
    return _SUITE.encrypt(card_key, recipient, info=_CARD_KEY_INFO + b"\0" + device.encode())


def open_card_key(*, sealed: bytes, key: X25519PrivateKey, device: str) -> bytes:
    card_key = _open(sealed, key, _CARD_KEY_INFO + b"\0" + device.encode())
    if len(card_key) != CARD_KEY_BYTES:
        raise CannotOpen("the sealed bytes are not a card key")
    return card_key


def normalise_card_number(number: str) -> str:
    """One spelling for one card: full-width digits, spaces, colons and dashes fold away. ValueError if nothing is left."""
    plain = _CARD_SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).upper()
    if not _CARD_NUMBER.fullmatch(plain):
        raise ValueError("A card number has 4 to 32 letters and digits.")
    return plain


def card_digest(*, card_key: bytes, number: str) -> str:
    """Hex HMAC-SHA256 of the normalised number."""
    return hmac.new(card_key, normalise_card_number(number).encode("ascii"), hashlib.sha256).hexdigest()


def _template_info(device: str, credential: str, version: int) -> bytes:
    return _TEMPLATE_INFO + b"\0" + f"{device}|{credential}|{version}".encode()


def _open(sealed: bytes, key: X25519PrivateKey, info: bytes) -> bytes:
    try:
        return _SUITE.decrypt(sealed, key, info=info)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("not sealed to this device for this purpose, or damaged") from error
