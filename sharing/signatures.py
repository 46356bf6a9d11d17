"""Public keys and signatures of recipients, as OpenSSH writes them: `ssh-ed25519`, and nothing else parses.

One key does both duties: `age` encrypts a file to it, and `ssh-keygen -Y sign -n linmen` signs with it. Other kinds of keys
cannot do both, and each further kind would be one more parser of what strangers paste (openssh's PROTOCOL.sshsig).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KIND = "ssh-ed25519"
NAMESPACE = "linmen"  # what is signed for others, git commits say, is no signature for us
LONGEST_KEY, LONGEST_SIGNATURE = 1000, 2000  # as pasted; real ones have some 100 and 300 characters
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
MAGIC, VERSION = b"SSHSIG", 1
HASHES = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
# Points of small order, their sign left out: by such a "key" anybody signs, and nothing can be encrypted to it.
WEAK = frozenset(
    bytes.fromhex(each)
    for each in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
# How shells end what is sent to `ssh-keygen`: bash, PowerShell, and neither.
ENDINGS = ("\n", "\r\n", "")


class KeyUnreadable(ValueError):
    """`reason` is one of: private, kind, unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignatureUnreadable(ValueError):
    """No signature of `ssh-keygen -Y sign` by such a key."""


class _Malformed(ValueError):
    """Not what it says it is."""


@dataclass(frozen=True)
class PublicKey:
    raw: bytes  # 32 bytes

    @property
    def line(self) -> str:
        """As it stands in a `.pub` file, without the comment: that may be a person's name."""
        return f"{KIND} {base64.b64encode(self._blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self._blob).digest()).decode().rstrip("=")

    @property
    def _blob(self) -> bytes:
        return _string(KIND.encode()) + _string(self.raw)


def read_key(pasted: str) -> PublicKey:
    """A line of a `.pub` file.

    Raises: KeyUnreadable
    """
    if "PRIVATE KEY" in pasted[:LONGEST_KEY]:
        raise KeyUnreadable("private")
    parts = pasted.split(None, 2)
    if len(pasted) > LONGEST_KEY or len(parts) < 2 or "\n" in pasted.strip():
        raise KeyUnreadable("unreadable")
    if parts[0] != KIND:
        raise KeyUnreadable("kind")
    try:
        return _key(_base64(parts[1]))
    except _Malformed:
        raise KeyUnreadable("unreadable") from None


def is_signed(*, text: str, signature: str, key: PublicKey) -> bool:
    """Whether exactly this text, with or without the end of the line that a shell adds, was signed for us with this key.

    Raises: SignatureUnreadable
    """
    try:
        by, hashed, made = _opened(signature)
    except _Malformed:
        raise SignatureUnreadable from None
    if by != key:
        return False
    return any(_verifies(by, made, hashed, (text + ending).encode()) for ending in ENDINGS)


def _opened(armored: str) -> tuple[PublicKey, bytes, bytes]:
    """Whose it says it is, the name of the hash, and the 64 bytes."""
    text = armored.strip()
    if len(text) > LONGEST_SIGNATURE or not (text.startswith(BEGIN) and text.endswith(END)):
        raise _Malformed
    blob = _base64("".join(text[len(BEGIN) : -len(END)].split()))
    if blob[:6] != MAGIC or int.from_bytes(blob[6:10], "big") != VERSION:
        raise _Malformed
    key, namespace, reserved, hashed, signature = _strings(blob[10:], 5)
    if namespace != NAMESPACE.encode() or reserved or hashed not in HASHES:
        raise _Malformed
    kind, made = _strings(signature, 2)
    if kind != KIND.encode() or len(made) != 64:
        raise _Malformed
    return _key(key), hashed, made


def _verifies(key: PublicKey, made: bytes, hashed: bytes, message: bytes) -> bool:
    digest = HASHES[hashed](message).digest()
    signed = MAGIC + b"".join(_string(part) for part in (NAMESPACE.encode(), b"", hashed, digest))
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(made, signed)
    except InvalidSignature:
        return False
    return True


def _key(blob: bytes) -> PublicKey:
    kind, raw = _strings(blob, 2)
    if kind != KIND.encode() or len(raw) != 32 or raw[:31] + bytes([raw[31] & 0x7F]) in WEAK:
        raise _Malformed
    return PublicKey(raw)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Malformed from None


def _strings(data: bytes, count: int) -> list[bytes]:
    """So many, each after its length, and nothing behind them."""
    found = []
    for _each in range(count):
        length = int.from_bytes(data[:4], "big")
        if len(data) < 4 + length or len(data) < 4:
            raise _Malformed
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    if data:
        raise _Malformed
    return found


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
