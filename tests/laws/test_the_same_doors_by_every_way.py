"""Whoever says no to a face has the same doors at the same hours as whoever says yes: by card, by PIN and by QR code."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from access import pins
from access.feed import refresh
from access.models import Credential, FeedRow, Gate
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from residents.models import Resident
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("2", "3")]
BESIDE = ("card", "pin", "qr")


@pytest.fixture
def doors(db, now) -> list[Gate]:
    where = make.neighborhood()
    everything = {"by_pin": True, "by_qr": True, "at": now}
    return [make.gate(where, **everything), make.gate(where, **everything), make.gate(where, at=now)]


@pytest.fixture
def pair(doors, now) -> tuple[Resident, Resident]:
    """Of one dwelling, so by the same rules: one refuses, the other is about to consent."""
    refuser = make.resident(doors[0].neighborhood, at=now)
    consenter = make.resident(doors[0].neighborhood, lives_in=make.home(refuser), at=now)
    make.rule(doors[0], refuser, at=now)
    make.rule(doors[1], refuser, at=now, days=[1, 2, 3, 4, 5], hours=(time(6), time(22)))
    make.rule(doors[2], refuser, at=now)
    for who in (refuser, consenter):
        make.card(who, at=now)
        pins.choose(resident=who, pin="284951", at=now)
        code = Credential.objects.create(
            neighborhood=who.neighborhood, resident=who, kind="qr", created_at=now
        )
        refresh(credentials=[code], at=now)
    return refuser, consenter


def opens(who: Resident) -> dict[str, list[tuple[object, object]]]:
    rows = FeedRow.objects.filter(present=True, credential__resident=who).order_by("gate")
    return {
        kind: [(row.gate_id, row.body["windows"]) for row in rows.filter(credential__kind=kind)]
        for kind in BESIDE
    }


def test_the_doors_and_the_hours_are_the_same(pair, doors, now):
    refuser, consenter = pair
    make.face(consenter, at=now)
    assert opens(refuser) == opens(consenter)
    assert [len(opens(refuser)[kind]) for kind in BESIDE] == [3, 2, 2], (
        "as far as the door has a reader for it"
    )


def test_saying_yes_and_stopping_changes_no_other_way(pair, doors, now):
    _refuser, consenter = pair
    before = opens(consenter)
    make.face(consenter, at=now)
    assert opens(consenter) == before
    withdraw(
        resident=consenter,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(consenter.user, "en"),
        at=now,
    )
    assert opens(consenter) == before


def test_running_out_changes_no_other_way(pair, doors, now):
    _refuser, consenter = pair
    before = opens(consenter)
    make.face(consenter, at=now)
    assert make.swept("consent.lapsed", at=now + timedelta(days=366)) == 1
    assert opens(consenter) == before
