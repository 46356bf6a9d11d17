"""A face at two gates, stopped by its person: one gate has answered, the other is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.test import Client

from access.models import Credential, FeedRow, Gate
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from ledger import checkpoints, sequencing
from portal import erasure as places
from residents import erasure
from residents.models import ErasureOrder, ErasurePlace, Neighborhood, Resident, User
from tests import make
from tests.consent.papers import second_clerk as second_clerk


@dataclass
class Stopped:
    """`said` sends the receipt of one of the two readers."""

    who: Resident
    face: Credential
    doors: list[Gate]
    readers: list[make.Reader]
    order: ErasureOrder

    def said(self, number: int, *, at: datetime) -> None:
        row = FeedRow.objects.get(gate=self.doors[number], credential=self.face)
        assert self.readers[number].receipts(make.receipt(self.face, row.version, at=at)).status_code == 200

    def place(self, number: int) -> ErasurePlace:
        return self.order.places.get(device=self.readers[number].device.pk)


@pytest.fixture
def stopped(here: Neighborhood, resident: Resident, now: datetime) -> Stopped:
    return stop(here, resident, now)


def stop(here: Neighborhood, who: Resident, at: datetime) -> Stopped:
    doors = [make.gate(here, at=at), make.gate(here, at=at)]
    readers = [make.device(door) for door in doors]
    for door in doors:
        make.rule(door, who, at=at)
    face = make.face(who, at=at)
    for reader in readers:
        reader.feed()
    assert who.user is not None
    order = withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=at)
    return Stopped(who, face, doors, readers, order)


def ours_are_gone(order: ErasureOrder, at: datetime) -> None:
    """Without the files of the databases, which a test's transaction cannot rewrite."""
    places.run(order=order.pk, at=at)
    pages = order.places.filter(kind=ErasurePlace.Kind.PAGES).exclude(state=ErasurePlace.State.GONE)
    for place in pages:
        erasure.mark_gone(place=place.pk, evidence={"rewritten": True}, at=at)


def sequenced() -> None:
    sequencing.run()
    checkpoints.make()


@pytest.fixture
def sign_in(db: None) -> Callable[[Resident | User], Client]:
    def signed_in(who: Resident | User) -> Client:
        user = who.user if isinstance(who, Resident) else who
        assert user is not None
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return signed_in
