"""PINs: chosen by the resident, or lent by the desk until there is a card again (laws 1, 2 and 13).

A keypad is told the number first, then the PIN (`gate.keypad`). The number is drawn by the system and stays with the
resident for as long as they keep a PIN; the PIN itself is known to its holder only.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from access.feed import refresh
from access.models import Credential
from consent.decisions import one_at_a_time
from gate import keypad
from ledger.record import record
from residents.models import Resident

DRAWS = 50


class PinRefused(ValueError):
    """No PIN came of it; the one before is as it was."""


class PinMalformed(PinRefused):
    """Not six to eight digits."""


class PinWeak(PinRefused):
    """One of those that are guessed first."""


class NoNumberFree(RuntimeError):
    """All keypad numbers of the neighborhood seem to be taken."""


@dataclass(frozen=True)
class Lent:
    """What the desk says or prints, this once."""

    credential: Credential
    number: str
    pin: str


def read(pin: str) -> str:
    """Raises: PinMalformed, PinWeak"""
    least, most = keypad.PIN_DIGITS
    if not re.fullmatch(rf"[0-9]{{{least},{most}}}", pin):
        raise PinMalformed
    if keypad.is_weak(pin):
        raise PinWeak
    return pin


def choose(*, resident: Resident, pin: str, at: datetime) -> Credential:
    """The resident's own PIN; another one before ends with it. Their keypad number stays. The same again changes nothing.

    Raises: PinMalformed, PinWeak
    """
    kept = (
        Credential.objects.active()
        .filter(resident=resident, kind=Credential.Kind.PIN, temporary=False)
        .first()
    )
    if kept is not None and keypad.is_right(kept.verifier or "", read(pin)):
        return kept
    verifier = keypad.hash_pin(read(pin))  # slow, so before any lock
    return _write(resident=resident, verifier=verifier, temporary=False, at=at)


def lend(*, resident: Resident, at: datetime) -> Lent:
    """A PIN for somebody without a card, good until a card is handed out (`cards.issue`)."""
    pin = _draw_pin()
    credential = _write(resident=resident, verifier=keypad.hash_pin(pin), temporary=True, at=at)
    assert credential.number is not None
    return Lent(credential, credential.number, pin)


@transaction.atomic
def stop(*, resident: Resident, at: datetime) -> bool:
    """The resident wants no PIN any more. False if there was none.

    Raises: django.db.DatabaseError at commit where nothing but this PIN opens a gate for them (a trigger)
    """
    one_at_a_time(resident)
    chosen = Credential.objects.active().filter(resident=resident, kind=Credential.Kind.PIN, temporary=False)
    return bool(end(list(chosen), because=Credential.Ended.STOPPED, at=at))


@transaction.atomic
def end(pins: list[Credential], *, because: Credential.Ended, at: datetime) -> int:
    found = Credential.objects.active().filter(pk__in=[pin.pk for pin in pins], kind=Credential.Kind.PIN)
    ended = found.update(ended_at=at, ended_because=because)
    refresh(credentials=pins, at=at)
    return ended


@transaction.atomic
def _write(*, resident: Resident, verifier: str, temporary: bool, at: datetime) -> Credential:
    resident = one_at_a_time(resident)
    before = list(
        Credential.objects.active().filter(resident=resident, kind=Credential.Kind.PIN, temporary=temporary)
    )
    Credential.objects.filter(pk__in=[pin.pk for pin in before]).update(
        ended_at=at, ended_because=Credential.Ended.REPLACED
    )
    pin = create_keyed(
        resident, verifier=verifier, temporary=temporary, at=at, keep=before[0].number if before else None
    )
    record(
        kind="pin.lent" if temporary else "pin.chosen",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"credential": pin.pk, "replaced": [old.pk for old in before]},
    )
    refresh(credentials=[*before, pin], at=at)
    return pin


def create_keyed(
    resident: Resident,
    *,
    verifier: str,
    at: datetime,
    kind: Credential.Kind = Credential.Kind.PIN,
    temporary: bool = False,
    keep: str | None = None,
    pk: UUID | None = None,
) -> Credential:
    """What is typed at a keypad, under a number of its own that nobody else in the neighborhood has just now.

    Raises: NoNumberFree
    """
    for _attempt in range(DRAWS):
        try:
            with transaction.atomic():
                return Credential.objects.create(
                    **({} if pk is None else {"pk": pk}),
                    neighborhood_id=resident.neighborhood_id,
                    resident=resident,
                    kind=kind,
                    number=keep or draw_number(),
                    verifier=verifier,
                    temporary=temporary,
                    created_at=at,
                )
        except IntegrityError as error:
            if "credential_number_once" not in str(error):
                raise
            keep = None
    raise NoNumberFree


def draw_number() -> str:
    """Five digits, none of them leading nought: some people's phones and heads drop it."""
    return str(10_000 + secrets.randbelow(90_000))


def _draw_pin() -> str:
    while True:
        pin = f"{secrets.randbelow(10**6):06}"
        if not keypad.is_weak(pin):
            return pin
