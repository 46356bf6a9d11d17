"""Entry events live for a time, and outlive a face without its credential (law 8)."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings

from access import events
from access.models import EntryEvent
from consent.models import Decision, Purpose
from consent.withdrawal import withdraw
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(now):
    return make.gate(make.neighborhood(), at=now)


@pytest.fixture
def who(door, now):
    found = make.resident(door.neighborhood, at=now)
    make.rule(door, found, at=now)
    return found


def passed(device, credential, at, *, kind, sequence=1):
    seen = events.Seen(sequence, at, kind, credential.pk, "opened", "allowed")
    events.take(device=device, boot=uuid.uuid4(), events=[seen], at=at)


def stop(who, at):
    withdraw(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        actor=who.user,
        language="en",
        route=Decision.Route.PORTAL,
        at=at,
    )


@pytest.mark.obligation("9", "F12")
def test_a_withdrawal_takes_the_face_out_of_its_events_and_of_late_ones(door, who, now):
    device = make.device(door, at=now).device
    card, face = make.card(who, at=now), make.face(who, at=now)
    passed(device, card, now, kind="card")
    passed(device, face, now, kind="face")
    stop(who, now)
    passed(device, face, now, kind="face")
    assert list(EntryEvent.objects.filter(kind="face").values_list("credential", flat=True)) == [None, None]
    assert EntryEvent.objects.get(kind="card").credential == card.pk


@pytest.mark.obligation("20")
def test_an_event_is_kept_for_its_life_and_not_a_day_longer(door, who, now):
    device, card = make.device(door, at=now).device, make.card(who, at=now)
    life = timedelta(days=settings.ENTRY_EVENT_DAYS)
    passed(device, card, now - life - timedelta(seconds=1), kind="card")
    passed(device, card, now - life + timedelta(days=1), kind="card")
    assert events.forget_old(at=now) == 1
    assert EntryEvent.objects.count() == 1
