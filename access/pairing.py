"""Pairing: a one-time code becomes a device's identity. The server keeps public keys and no secret of the device."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from django.db import IntegrityError, transaction

from access.cards import card_key
from access.feed import lock_counter, refresh
from access.models import Device, Gate, PairingCode
from consent import enabling
from consent.models import Modality
from gate.sealing import seal_card_key
from residents.models import User
from vault import blind

LIFE = timedelta(hours=1)
LENGTH = 10  # 50 bits, and each is good for an hour
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread


class PairingRefused(Exception):
    """No device came of it, and the code is as it was. `code` and `says` are for the answer."""

    code = "pairing-refused"
    says = ""


class CodeWrong(PairingRefused):
    code = "pairing-code-wrong"
    says = "There is no such code."


class CodeUsed(PairingRefused):
    code = "pairing-code-used"
    says = "This code was used before. Ask for a new one."


class CodeExpired(PairingRefused):
    code = "pairing-code-expired"
    says = "This code is too old. Ask for a new one."


class KeyInUse(PairingRefused):
    code = "pairing-key-in-use"
    says = "Another device has this key, or had it: begin anew, with new keys."


@dataclass(frozen=True)
class Paired:
    device: Device
    card_key: bytes  # sealed to the device


def make_code(*, gate: Gate, by: User | None, at: datetime) -> str:
    """The code for one device on this gate. Shown once: only its keyed digest is kept."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    PairingCode.objects.create(gate=gate, digest=_digest(code), made_by=by, made_at=at, expires_at=at + LIFE)
    return f"{code[:5]}-{code[5:]}"


def pair(*, code: str, public_key: bytes, sealing_key: bytes, at: datetime) -> Paired:
    """Spend the code. The caller has checked that whoever asks holds the private half of `public_key`.

    A device that lost the answer asks again with the same keys and gets the same one.

    Raises: CodeWrong, CodeUsed, CodeExpired, KeyInUse
    """
    digest = _digest(code)
    try:
        with transaction.atomic():
            device = _spend(digest, public_key, sealing_key, at) or _paired_before(
                digest, public_key, sealing_key, at
            )
    except IntegrityError as error:
        raise KeyInUse from error
    return Paired(device, sealed_card_key(device))


def _spend(digest: bytes, public_key: bytes, sealing_key: bytes, at: datetime) -> Device | None:
    codes = PairingCode.objects.filter(digest=digest)
    if not codes.filter(used_at=None, expires_at__gt=at).update(used_at=at):
        return None
    gate = Gate.objects.get(pairing_codes__digest=digest)
    lock_counter(gate.neighborhood_id)  # before anything else that `gates.save` holds
    if gate.by_face and Device.objects.trusted().filter(gate=gate).exists():
        enabling.make_stale(
            neighborhood=gate.neighborhood,
            modality=Modality.FACE,
            because=enabling.Because.READER_ADDED,
            at=at,
        )
    device = Device.objects.create(
        neighborhood_id=gate.neighborhood_id,
        gate=gate,
        public_key=public_key,
        sealing_key=sealing_key,
        paired_at=at,
    )
    if gate.by_face:
        refresh(gate=gate, at=at)  # no face is told to it until a sign hangs beside it
    return device


def _paired_before(digest: bytes, public_key: bytes, sealing_key: bytes, at: datetime) -> Device:
    code = PairingCode.objects.filter(digest=digest).first()
    if code is None:
        raise CodeWrong
    if code.used_at is None:
        raise CodeExpired
    same = Device.objects.trusted().filter(
        gate=code.gate_id, paired_at=code.used_at, public_key=public_key, sealing_key=sealing_key
    )
    device = same.first()
    if device is None or at >= code.expires_at:
        raise CodeUsed
    return device


def sealed_card_key(device: Device) -> bytes:
    return seal_card_key(
        card_key=card_key(device.neighborhood_id),
        recipient=X25519PublicKey.from_public_bytes(bytes(device.sealing_key)),
        device=str(device.pk),
    )


def _digest(code: str) -> bytes:
    """As people read it aloud: case, spaces and dashes do not count, O is 0, I and L are 1."""
    plain = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    return blind.index(domain="access.pairing", value=plain)
