"""What the rules about gates and ways in are about."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from access import pins
from access.models import (
    Credential,
    Enrolment,
    EntryEvent,
    FeedRow,
    PairingCode,
    Pass,
    Silence,
    TapRequest,
    UnknownCard,
)
from consent.models import Purpose
from tests import make
from tests.retention.due.places import Place, StillThere, numbers, there


def enrolment(state: str, field: str, **also: Any) -> Callable[[Place, datetime], StillThere]:
    def made(place: Place, clock: datetime) -> StillThere:
        who = place.somebody()
        face, sending = (
            make.consent(who, purpose=purpose, at=place.now)
            for purpose in (Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET)
        )
        row = Enrolment.objects.create(
            neighborhood=place.neighborhood,
            resident=who,
            standing=face,
            photo_standing=sending,
            route=Enrolment.Route.PORTAL,
            state=state,
            **{"created_at": clock, field: clock, **also},
        )
        return there(Enrolment, row.pk, state=state)

    return made


def event(place: Place, clock: datetime) -> StillThere:
    row = EntryEvent.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        device=place.device,
        boot=uuid.uuid4(),
        sequence=1,
        kind="card",
        outcome="opened",
        device_time=clock,
        received_at=clock,
    )
    return there(EntryEvent, row.pk)


def card(place: Place, clock: datetime) -> StillThere:
    row = make.card(place.who, at=clock)
    Credential.objects.filter(pk=row.pk).update(ended_at=clock)
    return there(Credential, row.pk, digest__isnull=False)


def pin(place: Place, clock: datetime) -> StillThere:
    row = pins.lend(resident=place.somebody(), at=clock).credential
    Credential.objects.filter(pk=row.pk).update(ended_at=clock)
    return there(Credential, row.pk, verifier__isnull=False)


def ended_way(place: Place, clock: datetime) -> StillThere:
    row = Credential.objects.create(
        neighborhood=place.neighborhood, resident=place.who, kind="face", created_at=clock, ended_at=clock
    )
    return there(Credential, row.pk)


def tombstone(place: Place, clock: datetime) -> StillThere:
    ended_way(place, place.now)
    row = FeedRow.objects.create(
        neighborhood=place.neighborhood,
        gate=make.gate(place.neighborhood, at=place.now),  # not the one that others use meanwhile
        credential=Credential.objects.filter(kind="face").latest("created_at"),
        version=next(numbers) + 1_000_000,
        present=False,
        changed_at=clock,
    )
    return there(FeedRow, row.pk)


def visit(place: Place, clock: datetime) -> StillThere:
    way = Credential.objects.create(
        neighborhood=place.neighborhood,
        resident=place.who,
        kind="pass",
        number=f"{next(numbers) + 20_000}",
        verifier="slow",
        created_at=clock,
    )
    row = Pass.objects.create(
        neighborhood=place.neighborhood,
        credential=way,
        valid_from=clock,
        valid_until=clock + timedelta(hours=1),
        made_at=clock,
    )
    # Its number and verifier went long before: another rule sees to those.
    Credential.objects.filter(pk=way.pk).update(ended_at=clock, number=None, verifier=None)
    return there(Pass, row.pk)


def tap(place: Place, clock: datetime) -> StillThere:
    row = TapRequest.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        resident=place.who,
        by=place.user(),
        capacity="property.clerk",
        made_at=clock,
        until=clock + timedelta(minutes=2),
        closed_at=clock,
        outcome="over",
    )
    return there(TapRequest, row.pk)


def unknown_card(place: Place, clock: datetime) -> StillThere:
    row = UnknownCard.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        digest=uuid.uuid4().bytes,
        taps=1,
        first_seen=clock,
        last_seen=clock,
    )
    return there(UnknownCard, row.pk)


def pairing_code(place: Place, clock: datetime) -> StillThere:
    row = PairingCode.objects.create(
        gate=place.gate, digest=uuid.uuid4().bytes, made_at=clock, expires_at=clock
    )
    return there(PairingCode, row.pk)


def silence(place: Place, clock: datetime) -> StillThere:
    row = Silence.objects.create(
        neighborhood=place.neighborhood,
        gate=place.gate,
        device=place.device,
        since=clock - timedelta(hours=1),
        noticed_at=clock - timedelta(minutes=50),
        over_at=clock,
    )
    return there(Silence, row.pk)
