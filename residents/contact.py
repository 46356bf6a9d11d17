"""A resident's phone number: sealed at rest, found by a blind index, never required."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from residents.models import Neighborhood, Resident
from vault import blind, keys, sealing

PURPOSE = "contact"


class PhoneRefused(ValueError):
    """The number cannot be read as a phone number. The message says what to do."""


def normalise(phone: str) -> str:
    """Digits with an optional leading plus; full-width digits, spaces and dashes are forgiven.

    Raises: PhoneRefused
    """
    digits = re.sub(
        r"[\s\-()（）－]", "", phone.translate(str.maketrans("０１２３４５６７８９＋", "0123456789+"))
    )
    if not re.fullmatch(r"\+?[0-9]{5,15}", digits):
        raise PhoneRefused(
            _("Write the phone number in digits, for example 0571 8888 0000, or leave it empty.")
        )
    return digits.removeprefix("+86") if len(digits) == 14 else digits


def set_phone(resident: Resident, phone: str) -> None:
    """Seal the number into the resident's row (not saved); empty removes it.

    Raises: PhoneRefused
    """
    if not phone.strip():
        resident.phone_sealed = resident.phone_index = None
        return
    number = normalise(phone)
    keys.ensure(id=resident.contact_key, subject=resident.pk, purpose=PURPOSE)
    resident.phone_sealed = sealing.encrypt(
        key=resident.contact_key, plaintext=number.encode(), context=_context(resident)
    )
    resident.phone_index = index(resident.neighborhood, number)


def set_phones(numbers: Mapping[Resident, str]) -> None:
    """Seal many normalised numbers of one neighborhood into their residents' rows (not saved), in bulk."""
    keys.ensure_many(subjects={each.contact_key: each.pk for each in numbers}, purpose=PURPOSE)
    sealed = sealing.encrypt_many(
        sealing.Plain(each.contact_key, number.encode(), _context(each)) for each, number in numbers.items()
    )
    for (resident, number), ciphertext in zip(numbers.items(), sealed, strict=True):
        resident.phone_sealed = ciphertext
        resident.phone_index = index(resident.neighborhood, number)


def phone_of(resident: Resident) -> str:
    """The number in the clear, or an empty string. Callers have asked `lookups.is_open` or are the resident."""
    if resident.phone_sealed is None:
        return ""
    return sealing.decrypt(
        key=resident.contact_key, ciphertext=bytes(resident.phone_sealed), context=_context(resident)
    ).decode()


def phones_of(residents: list[Resident]) -> dict[Resident, str]:
    """Many numbers with one query to the vault."""
    having = [resident for resident in residents if resident.phone_sealed is not None]
    opened = sealing.decrypt_many(
        sealing.Sealed(resident.contact_key, bytes(resident.phone_sealed or b""), _context(resident))
        for resident in having
    )
    return {
        resident: plain.decode() for resident, plain in zip(having, opened, strict=True) if plain is not None
    }


def opened(numbers: Iterable[tuple[UUID, UUID, bytes | None]]) -> list[str]:
    """Numbers as they were sealed, each under a resident's key and for that resident, in the clear; empty where there is none,
    or its key is gone. One query to the vault."""
    wanted = list(numbers)
    plain = iter(
        sealing.decrypt_many(
            sealing.Sealed(key, bytes(sealed), f"residents.phone|{resident}")
            for key, resident, sealed in wanted
            if sealed is not None
        )
    )
    return [(next(plain) or b"").decode() if sealed is not None else "" for _, _, sealed in wanted]


def index(neighborhood: Neighborhood, number: str) -> bytes:
    """By which to find a normalised number again, within one neighborhood only."""
    return blind.index(domain=f"phone|{neighborhood.pk}", value=number)


def _context(resident: Resident) -> str:
    return f"residents.phone|{resident.pk}"
