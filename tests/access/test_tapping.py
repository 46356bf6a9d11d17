"""Tap to add at a gate: the next unknown card shown there within two minutes, and no other."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from access import cards, tapping
from access.models import Credential, EntryEvent, FeedRow, TapRequest
from gate import sealing
from residents.ages import today_in
from residents.models import Resident
from residents.moving import move_out
from tests import make

pytestmark = pytest.mark.django_db
Outcome = TapRequest.Outcome
BOOT = str(uuid.uuid4())


@pytest.fixture
def place(db):
    return make.neighborhood()


@pytest.fixture
def door(place, now):
    return make.gate(place, at=now)


@pytest.fixture
def reader(door):
    return make.device(door)


@pytest.fixture
def who(place, door, now):
    found = make.resident(place, at=now)
    make.rule(door, found, at=now)
    return found


@pytest.fixture
def by(db):
    return make.User.objects.create(username="guard")


@pytest.fixture
def ask(door, reader, who, by, now):
    def awaiting(**also):
        return tapping.ask(
            **{
                "gate": door,
                "resident": who,
                "present": True,
                "by": by,
                "capacity": "property.clerk",
                "at": now,
            }
            | also
        )

    return awaiting


def digest(place, number: str) -> str:
    return sealing.card_digest(card_key=cards.card_key(place.pk), number=number)


def shown(place, number: str, at, sequence: int = 1) -> dict:
    return {
        "sequence": sequence,
        "at": at.isoformat(),
        "kind": "unknown",
        "credential": None,
        "outcome": "refused",
        "reason": "unknown_card",
        "digest": digest(place, number),
    }


def test_the_next_unknown_card_is_theirs_and_opens_from_the_next_poll(ask, reader, place, who, door, now):
    request = ask()
    said = reader.events(shown(place, "NEW00001", now + timedelta(seconds=20)), boot=BOOT).json()
    assert said["accepted"] == 1
    request.refresh_from_db()
    assert request.outcome == Outcome.ADDED
    card = Credential.objects.active().get(resident=who)
    assert request.credential == card
    assert bytes(card.digest).hex() == digest(place, "NEW00001")
    assert FeedRow.objects.get(credential=card, present=True).gate == door


@pytest.mark.obligation("F2")
def test_the_event_keeps_no_digest_and_no_number(ask, reader, place, now):
    ask()
    reader.events(shown(place, "NEW00001", now), boot=BOOT)
    kept = str(EntryEvent.objects.values().get())
    assert digest(place, "NEW00001") not in kept
    assert "NEW00001" not in kept


def test_only_the_first_card_is_taken(ask, reader, place, who, now):
    ask()
    seen = [
        shown(place, "SECOND01", now + timedelta(seconds=30), 1),
        shown(place, "FIRST001", now + timedelta(seconds=10), 2),
    ]
    reader.events(*seen, boot=BOOT)
    reader.events(shown(place, "THIRD001", now + timedelta(seconds=40), 3), boot=BOOT)
    card = Credential.objects.active().get(resident=who)
    assert bytes(card.digest).hex() == digest(place, "FIRST001")


@pytest.mark.parametrize("seconds", [-60, 130])
def test_a_card_shown_before_or_after_is_not_taken(ask, reader, place, now, seconds):
    """An event may wait for the network: whose card it was then is nobody's guess."""
    ask()
    reader.events(shown(place, "NEW00001", now + timedelta(seconds=seconds)), boot=BOOT)
    assert not Credential.objects.exists()


def test_an_event_that_comes_twice_adds_one_card(ask, reader, place, who, now):
    ask()
    event = shown(place, "NEW00001", now)
    reader.events(event, boot=BOOT)
    ask()
    assert reader.events(event, boot=BOOT).json()["duplicates"] == 1
    assert Credential.objects.filter(resident=who).count() == 1
    assert TapRequest.objects.get(closed_at=None).resident == who


def test_a_card_that_is_somebodys_is_refused_though_this_gate_does_not_know_it(ask, reader, place, who, now):
    """Their holder has no rule here, so to this gate it is an unknown card."""
    other = make.resident(place, at=now)
    theirs = make.card(other, at=now, number="THEIRS01")
    request = ask()
    assert reader.events(shown(place, "THEIRS01", now), boot=BOOT).json()["accepted"] == 1
    request.refresh_from_db()
    assert (request.outcome, request.credential) == (Outcome.TAKEN, None)
    assert Credential.objects.get(pk=theirs.pk).resident == other
    assert not Credential.objects.filter(resident=who).exists()


def test_a_card_shown_at_another_gate_is_not_taken(ask, place, who, now):
    ask()
    make.device(make.gate(place, at=now)).events(shown(place, "NEW00001", now), boot=BOOT)
    assert not Credential.objects.filter(resident=who).exists()


def test_nobody_waits_and_nothing_happens(reader, place, now):
    reader.events(shown(place, "NEW00001", now), boot=BOOT)
    assert not Credential.objects.exists()
    assert not TapRequest.objects.exists()


def test_one_card_at_a_time_is_awaited_at_a_gate(ask, place, now):
    ask()
    with pytest.raises(tapping.AnotherWaits):
        ask(resident=make.resident(place, at=now))
    later = now + tapping.WINDOW
    ask(resident=make.resident(place, at=now), at=later)
    assert set(TapRequest.objects.values_list("outcome", flat=True)) == {Outcome.OVER, ""}


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("forged", ["by another key", "in another gate's name"])
def test_who_is_not_the_reader_of_this_gate_cannot_add_a_card_to_anybody(ask, reader, place, now, forged):
    ask()
    other = make.device(make.gate(place, at=now))
    bent = (
        {"key": other.key}
        if forged == "by another key"
        else {"key": other.key, "keyid": str(other.device.pk)}
    )
    reader.events(shown(place, "NEW00001", now), boot=BOOT, **bent)
    assert not Credential.objects.exists()
    assert TapRequest.objects.get().closed_at is None


def test_two_desks_at_once_await_one_card(committed, request, now):
    door, who, by = (request.getfixturevalue(each) for each in ("door", "who", "by"))
    make.device(door)

    def desk(_number):
        try:
            return tapping.ask(gate=door, resident=who, present=True, by=by, capacity="x", at=now)
        except tapping.AnotherWaits:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as desks:
        assert sum(each is not None for each in desks.map(desk, range(2))) == 1


def test_it_is_refused_for_who_is_not_there_lives_elsewhere_or_where_no_reader_is(ask, place, now):
    with pytest.raises(tapping.NotPresent):
        ask(present=False)
    with pytest.raises(tapping.Elsewhere):
        ask(resident=make.resident(make.neighborhood(), at=now))
    with pytest.raises(tapping.NoReader):
        ask(gate=make.gate(place, at=now))
    assert not TapRequest.objects.exists()


def test_who_moves_out_in_these_two_minutes_gets_no_card_and_the_event_is_kept(ask, reader, place, who, now):
    request = ask()
    move_out(resident=who, on=today_in(place, now), by=who.user, at=now)
    assert reader.events(shown(place, "NEW00001", now), boot=BOOT).json()["accepted"] == 1
    request.refresh_from_db()
    assert request.outcome == Outcome.CANCELLED
    with pytest.raises(tapping.GoneAway):
        ask(resident=Resident.objects.get(pk=who.pk))
    assert not Credential.objects.exists()


def test_called_off_is_called_off(ask, reader, place, now):
    request = ask()
    assert tapping.cancel(request=request, at=now)
    assert not tapping.cancel(request=request, at=now)
    reader.events(shown(place, "NEW00001", now), boot=BOOT)
    assert not Credential.objects.exists()


def test_what_nobody_answered_is_closed_by_the_sweep(ask, now):
    request = ask()
    assert tapping.close_old(at=now + timedelta(minutes=2)) == 0
    assert tapping.close_old(at=now + timedelta(minutes=4)) == 1
    request.refresh_from_db()
    assert request.outcome == Outcome.OVER


@pytest.mark.obligation("20")
def test_requests_are_forgotten_after_half_a_year(ask, now):
    tapping.cancel(request=ask(), at=now)
    assert make.swept("access.taps", at=now + timedelta(days=179)) == 0
    assert make.swept("access.taps", at=now + timedelta(days=181)) == 1


@pytest.mark.parametrize(
    "bent",
    [
        {"digest": "xyz"},
        {"digest": "AB" * 32},
        {"digest": "ab" * 31},
        {"digest": 7},
        {"digest": ["ab" * 32]},
        {"kind": "card"},
    ],
)
def test_a_digest_of_another_shape_or_of_a_known_card_is_refused(ask, reader, place, now, bent):
    ask()
    answer = reader.events(shown(place, "NEW00001", now) | bent, boot=BOOT)
    assert answer.status_code == 400
    assert "digest" in answer.json()["errors"]["events"]["0"]
    assert not Credential.objects.exists()


def test_it_asks_as_much_for_five_hundred_unknown_cards_as_for_one(ask, reader, place, now):
    counts = []
    for many, start in ((1, 1), (499, 100)):
        ask()
        with CaptureQueriesContext(connection) as seen:
            reader.events(
                *(shown(place, f"CARD{start + n:05}", now, start + n) for n in range(many)), boot=BOOT
            )
        counts.append(len(seen))
    assert counts[0] == counts[1]
