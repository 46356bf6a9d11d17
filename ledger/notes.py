"""Signed notes as C2SP signed-note writes them: a text, an empty line, and a line for each signature.

    — <key name> base64(4 bytes of key id || signature)

A key's id is SHA-256 over its name, a newline, one byte for the kind of signature, and the public key, cut to four bytes:
a label, not a proof. A key is written down as a verifier key: `<name>+<id in hex>+base64(kind || public key)`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

ED25519 = 1
COSIGNATURE = 4  # Ed25519 with a time: C2SP tlog-cosignature
DASH = "—"
NAME = re.compile(r"[!-*,-~]{1,128}")
_LONGEST = 16_384
_MOST_SIGNATURES = 64


class BadNote(ValueError):
    """It is no signed note, or no key; the message says why and quotes nothing."""


@dataclass(frozen=True)
class Signature:
    name: str
    id: bytes
    bytes: bytes

    def line(self) -> str:
        return f"{DASH} {self.name} {base64.b64encode(self.id + self.bytes).decode()}\n"


@dataclass(frozen=True)
class Note:
    text: str  # with its final newline
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class Key:
    """A public key with its name and what it signs."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        spelled = f"{self.name}\n".encode() + bytes([self.kind]) + self.public
        return hashlib.sha256(spelled).digest()[:4]

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"


def key(text: str) -> Key:
    """A verifier key. Raises: BadNote"""
    name, _, rest = text.strip().partition("+")
    id, _, material = rest.partition("+")
    found = decoded(material)
    if not NAME.fullmatch(name) or len(found) != 33 or found[0] not in (ED25519, COSIGNATURE):
        raise BadNote("This is no Ed25519 verifier key.")
    made = Key(name, found[0], found[1:])
    if made.id.hex() != id:
        raise BadNote("The key's id does not belong to its name and key.")
    return made


def parse(data: bytes) -> Note:
    """Raises: BadNote"""
    if len(data) > _LONGEST:
        raise BadNote("The note is too long.")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise BadNote("The note is not UTF-8.") from None
    if re.search(r"[\0-\x09\x0b-\x1f]", whole):
        raise BadNote("The note has control characters.")
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or not text:
        raise BadNote("The note has no signatures.")
    signed = lines.removesuffix("\n").split("\n")
    if len(signed) > _MOST_SIGNATURES:
        raise BadNote("The note has too many signatures.")
    return Note(f"{text}\n", tuple(_signature(line) for line in signed))


def decoded(text: str) -> bytes:
    """Base64 in its one spelling. Raises: BadNote"""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("This is no base64.") from None
    if base64.b64encode(found).decode() != text:
        raise BadNote("This base64 has a second spelling.")
    return found


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH or not NAME.fullmatch(parts[1]):
        raise BadNote("A line of the note is no signature.")
    found = decoded(parts[2])
    if len(found) < 5:
        raise BadNote("A signature of the note is too short.")
    return Signature(parts[1], found[:4], found[4:])
