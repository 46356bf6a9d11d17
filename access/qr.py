"""A resident's QR code: a credential without secrets, and a signed token that stands for it for some hours.

The token is written anew each time it is looked at, with a serial of its own: a gate spends a serial when it opens, so a
picture of somebody's code, taken over their shoulder, opens nothing once they are through. Nothing is kept of a token.
It needs a phone or paper, so it comes beside a card or a PIN and never in place of one (laws 1 and 2).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from access.feed import refresh
from access.models import Credential
from access.signing import server_key
from consent.decisions import one_at_a_time
from gate import tokens
from ledger.record import record
from residents.models import Resident


@dataclass(frozen=True)
class Shown:
    """What the screen shows, and for how long it works."""

    credential: Credential
    text: str
    issued: datetime
    expires: datetime


def current(resident: Resident) -> Credential | None:
    return resident.credentials.active().filter(kind=Credential.Kind.QR).first()


def token_for(*, resident: Resident, at: datetime) -> Shown:
    """Another token each time; the credential is made the first time, and the gates hear of it at their next poll."""
    return show(credential=current(resident) or _make(resident, at), at=at)


def show(*, credential: Credential, at: datetime) -> Shown:
    issued = at.replace(microsecond=0)
    expires = issued + timedelta(hours=settings.QR_HOURS)
    token = tokens.Token(
        kind=tokens.QR,
        credential=str(credential.pk),
        issued=issued,
        expires=expires,
        serial=secrets.token_bytes(tokens.SERIAL_BYTES),
    )
    return Shown(credential, tokens.write(token, key=server_key()), issued, expires)


@transaction.atomic
def stop(*, resident: Resident, at: datetime) -> bool:
    """Every code shown so far opens nothing more: a phone is lost, or a picture got about. False if there was none."""
    one_at_a_time(resident)
    ended = list(resident.credentials.active().filter(kind=Credential.Kind.QR))
    Credential.objects.filter(pk__in=[each.pk for each in ended]).update(
        ended_at=at, ended_because=Credential.Ended.STOPPED
    )
    for each in ended:
        record(
            kind="qr.stopped",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={"credential": each.pk},
        )
    refresh(credentials=ended, at=at)
    return bool(ended)


@transaction.atomic
def _make(resident: Resident, at: datetime) -> Credential:
    """Two tabs take turns, and the second finds what the first made."""
    resident = one_at_a_time(resident)
    made = current(resident)
    if made is None:
        made = Credential.objects.create(
            neighborhood_id=resident.neighborhood_id,
            resident=resident,
            kind=Credential.Kind.QR,
            created_at=at,
        )
        record(
            kind="qr.made",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={"credential": made.pk},
        )
        refresh(credentials=[made], at=at)
    return made
