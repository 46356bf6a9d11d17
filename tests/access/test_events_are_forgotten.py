"""Entry events live for a time, and outlive a face without its credential (law 8)."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from access import events
from access.models import EntryEvent
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from residents.models import Neighborhood
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
        voice=own(who.user, "en"),
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
def test_an_event_is_kept_for_a_month_and_not_a_day_longer(door, who, now):
    device, card = make.device(door, at=now).device, make.card(who, at=now)
    life = timedelta(days=30)
    passed(device, card, now - life - timedelta(seconds=1), kind="card")
    passed(device, card, now - life + timedelta(days=1), kind="card")
    assert make.swept("access.entry_events", at=now) == 1
    assert EntryEvent.objects.count() == 1


@pytest.mark.obligation("20")
def test_a_neighborhood_may_keep_them_for_less_and_for_itself_alone(door, who, now):
    Neighborhood.objects.filter(pk=door.neighborhood_id).update(entry_event_days=3)
    device, card = make.device(door, at=now).device, make.card(who, at=now)
    other = make.gate(make.neighborhood(), at=now)
    theirs = make.resident(other.neighborhood, at=now)
    for reader, key in ((device, card), (make.device(other, at=now).device, make.card(theirs, at=now))):
        for days in (2, 4, 29):
            passed(reader, key, now - timedelta(days=days), kind="card")
    assert make.swept("access.entry_events", at=now) == 2
    assert EntryEvent.objects.filter(gate=door).count() == 1
    assert EntryEvent.objects.filter(gate=other).count() == 3


@pytest.mark.obligation("20")
@pytest.mark.parametrize("days", [0, 31, 3650, None])
def test_no_neighborhood_keeps_them_for_longer_or_for_ever(door, days):
    with pytest.raises(IntegrityError), transaction.atomic():
        Neighborhood.objects.filter(pk=door.neighborhood_id).update(entry_event_days=days)
