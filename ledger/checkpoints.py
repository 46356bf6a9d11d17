"""What the log says of itself, signed: so many leaves, this root. C2SP tlog-checkpoint; cosigned as tlog-cosignature says.

The text of a checkpoint is three lines: the origin (the log's name, LEDGER_ORIGIN), the size in decimal, the root in
base64. It is signed with the log's own Ed25519 key (LEDGER_KEY_FILE), under the origin as its name. A witness signs the
same text with two lines before it, `cosignature/v1` and `time <seconds>`; its signature carries the time in eight bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet

from ledger import sequencing, tree
from ledger.models import Checkpoint, Cosignature, Leaf, Waiting, Witness
from ledger.notes import COSIGNATURE, ED25519, BadNote, Key, Note, Signature, parse

TIME_BYTES = 8
SIGNATURE_BYTES = 64
# How far a witness's clock may be ahead of ours.
AHEAD_SECONDS = 300


class NotOurs(Exception):
    """A checkpoint that this log never made."""


class NoWitness(Exception):
    """Nothing in the note was signed by a witness that is known here."""


@dataclass(frozen=True)
class Handed:
    """What came of the cosignatures in a note."""

    checkpoint: Checkpoint
    witnesses: list[Witness]
    new: int


def key() -> Key:
    """The log's public key, to be printed on notice boards."""
    return key_of(settings.LEDGER_ORIGIN)


def key_of(origin: str) -> Key:
    """The same, under the name that something is of: one that the log had before, or else the one it has."""
    name = origin if origin in settings.LEDGER_FORMER_ORIGINS else settings.LEDGER_ORIGIN
    return Key(name, ED25519, _private().public_key().public_bytes_raw())


def sign(message: bytes) -> bytes:
    """With the log's key. Callers see to it that no message of theirs can be read as a checkpoint."""
    return _private().sign(message)


def text(*, size: int, root: bytes) -> str:
    return f"{settings.LEDGER_ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n"


@transaction.atomic(durable=True)
def make(*, before: Callable[[int, str], None] | None = None) -> Checkpoint | None:
    """A checkpoint of the tree as it is now; None where it has not grown, or another process is at it.

    `before` is called with its size and the whole note, while nothing can grow and before anybody else can read it.
    """
    if not sequencing.hold():
        return None
    size = tree.size()
    if size <= _signed():
        return None
    root = tree.root(size)
    body = text(size=size, root=root)
    signed = Signature(settings.LEDGER_ORIGIN, key().id, _private().sign(body.encode()))
    whole = f"{body}\n{signed.line()}"
    if before is not None:
        before(size, whole)
    return Checkpoint.objects.create(size=size, root=root, note=whole)


def newest() -> Checkpoint | None:
    return _ours().order_by("-size").first()


def _ours() -> QuerySet[Checkpoint]:
    """Under the name that the log has now. Those of before a backup was restored promised another history."""
    return Checkpoint.objects.filter(note__startswith=f"{settings.LEDGER_ORIGIN}\n")


def _signed() -> int:
    """How much of the tree was signed, under whatever name."""
    last = Checkpoint.objects.order_by("-size").first()
    return last.size if last else 0


def uncovered_since() -> datetime | None:
    """When the oldest entry was made that no checkpoint covers yet: one that waits, or a leaf. Three queries."""
    waiting = Waiting.objects.order_by("entry_id").values_list("entry__at", flat=True).first()
    leaves = Leaf.objects.filter(index__gte=_signed()).order_by("index")
    found = [at for at in (waiting, leaves.values_list("entry__at", flat=True).first()) if at]
    return min(found, default=None)


def covering(index: int) -> Checkpoint | None:
    """The newest checkpoint with this leaf in it: one that somebody cosigned, if there is any."""
    seen = Cosignature.objects.filter(
        checkpoint__size__gt=index, checkpoint__note__startswith=f"{settings.LEDGER_ORIGIN}\n"
    ).select_related("checkpoint")
    if cosigned := seen.order_by("-checkpoint__size").first():
        return cosigned.checkpoint
    return _ours().filter(size__gt=index).order_by("-size").first()


def cosignatures(checkpoint: Checkpoint) -> list[Cosignature]:
    found = Cosignature.objects.filter(checkpoint=checkpoint).select_related("witness")
    return list(found.order_by("timestamp", "pk"))


def note(checkpoint: Checkpoint, signed: Iterable[Cosignature] | None = None) -> str:
    """The whole signed note: the log's own signature, and those of its witnesses."""
    signed = cosignatures(checkpoint) if signed is None else signed
    return checkpoint.note + "".join(_line(each) for each in signed)


def known(witness: Witness) -> Key:
    return Key(witness.name, COSIGNATURE, bytes(witness.public_key))


def take(data: bytes, *, at: datetime) -> Handed:
    """Cosignatures that somebody hands in, as a checkpoint with their lines. A second one of a witness changes nothing.

    Raises: BadNote, NotOurs, NoWitness
    """
    given = parse(data)
    checkpoint = _of(given)
    witnesses = {(each.name, known(each).id): each for each in _named(given)}
    found = [
        (witnesses[signed.name, signed.id], signed)
        for signed in given.signatures
        if (signed.name, signed.id) in witnesses
    ]
    if not found:
        raise NoWitness
    made = [_cosignature(checkpoint, given.text, witness, signed, at) for witness, signed in found]
    before = Cosignature.objects.filter(checkpoint=checkpoint).count()
    Cosignature.objects.bulk_create(made, ignore_conflicts=True)
    after = Cosignature.objects.filter(checkpoint=checkpoint).count()
    return Handed(checkpoint, [witness for witness, _ in found], after - before)


def welcome(given: Key) -> Witness:
    """A witness whose cosignatures are taken from now on. Raises: BadNote"""
    if given.kind != COSIGNATURE:
        raise BadNote("This key signs no cosignatures (its kind is not 4).")
    return Witness.objects.create(name=given.name, public_key=given.public)


def _of(given: Note) -> Checkpoint:
    """Ours, to the letter. Raises: NotOurs"""
    lines = given.text.split("\n")
    size = lines[1] if len(lines) > 1 else ""
    if not (size.isascii() and size.isdecimal() and len(size) < 19):
        raise NotOurs
    found = Checkpoint.objects.filter(size=int(size)).first()
    if found is None or not found.note.startswith(f"{given.text}\n"):
        raise NotOurs
    return found


def _named(given: Note) -> list[Witness]:
    return list(Witness.objects.filter(name__in={each.name for each in given.signatures}))


def _cosignature(
    checkpoint: Checkpoint, body: str, witness: Witness, signed: Signature, at: datetime
) -> Cosignature:
    if len(signed.bytes) != TIME_BYTES + SIGNATURE_BYTES:
        raise BadNote("A cosignature has another length than eight bytes of time and 64 of signature.")
    timestamp = int.from_bytes(signed.bytes[:TIME_BYTES], "big")
    if timestamp > at.timestamp() + AHEAD_SECONDS:
        raise BadNote("A cosignature is from the future.")
    signature = signed.bytes[TIME_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(bytes(witness.public_key)).verify(
            signature, f"cosignature/v1\ntime {timestamp}\n{body}".encode()
        )
    except InvalidSignature:
        raise BadNote("A cosignature is not the witness's own.") from None
    return Cosignature(checkpoint=checkpoint, witness=witness, timestamp=timestamp, signature=signature)


def _line(each: Cosignature) -> str:
    signed = each.timestamp.to_bytes(TIME_BYTES, "big") + bytes(each.signature)
    return Signature(each.witness.name, known(each.witness).id, signed).line()


def _private() -> Ed25519PrivateKey:
    return _load(settings.LEDGER_KEY_FILE)


@lru_cache(maxsize=2)
def _load(file: str) -> Ed25519PrivateKey:
    found = load_pem_private_key(Path(file).read_bytes(), password=None)
    if not isinstance(found, Ed25519PrivateKey):
        raise ImproperlyConfigured("LEDGER_KEY_FILE must hold an Ed25519 private key.")
    return found
