"""Beside the old controller: what a gate would have done, for two weeks, and nobody moved until somebody switches over."""

from __future__ import annotations

import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from access import beside, cards, gates
from access.models import Credential, Device, EntryEvent, FeedRow, Gate, UnknownCard
from access.wanted import kinds_taken
from ledger.models import Entry
from tests import make
from tests.access.test_tapping import digest, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(db):
    return make.neighborhood()


@pytest.fixture
def by(db):
    return make.User.objects.create(username="clerk")


@pytest.fixture
def door(place, by, now):
    gate = make.gate(place, at=now, by_pin=True)
    return beside.begin(gate=gate, by=by, at=now - timedelta(days=8))


@pytest.fixture
def reader(door):
    return make.device(door)


@pytest.fixture
def card(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    return make.card(who, at=now)


def tap(card: Credential, at, sequence: int, **also) -> dict:
    return {
        "sequence": sequence,
        "at": at.isoformat(),
        "kind": "card",
        "credential": str(card.pk),
        "outcome": "would_open",
        "reason": "allowed",
    } | also


def boot() -> str:
    return str(uuid.uuid4())


@pytest.mark.obligation("A3")
def test_a_gate_beside_the_old_controller_is_told_of_cards_and_that_it_opens_nothing(reader, door, card):
    assert not door.in_service
    said = reader.feed().json()
    assert said["beside"] is True
    assert [row["credential"] for row in said["rows"]] == [str(card.pk)]
    assert kinds_taken(door) == {"card"}


@pytest.mark.obligation("1", "A3")
def test_it_cannot_be_in_service_as_well_not_even_by_raw_sql(committed, request, app_sql):
    door = request.getfixturevalue("door")
    door.in_service = True
    with pytest.raises(gates.Beside):
        gates.save(gate=door, at=door.beside_since)
    with pytest.raises(psycopg.errors.CheckViolation):
        app_sql().execute("UPDATE access_gate SET in_service = true WHERE id = %s", [door.pk])


def test_it_counts_what_it_would_have_opened_and_refused_and_what_it_does_not_know(
    reader, place, door, card, now
):
    reader.events(
        tap(card, now, 1),
        tap(card, now, 2),
        tap(card, now, 3, outcome="refused", reason="outside_hours"),
        shown(place, "NEW00001", now, 4),
        shown(place, "NEW00001", now, 5),
        shown(place, "NEW00002", now, 6),
        boot=boot(),
    )
    (report,) = beside.reports(place, at=now + timedelta(seconds=9))
    assert (report.would_open, report.unknown_taps, dict(report.refused)) == (2, 3, {"outside_hours": 1})
    assert (report.known, report.unknown) == (1, 2)
    assert report.share == pytest.approx(1 / 3)
    mark = UnknownCard.objects.get(digest=bytes.fromhex(digest(place, "NEW00001")))
    assert mark.taps == 2
    assert not EntryEvent.objects.filter(reason__contains=digest(place, "NEW00001")).exists()


def test_a_gate_in_service_keeps_no_marks(place, now):
    make.device(make.gate(place, at=now)).events(shown(place, "NEW00001", now), boot=boot())
    assert not UnknownCard.objects.exists()


def test_one_card_seen_again_is_one_mark_whoever_saw_it_first(reader, door, place, now):
    later = now + timedelta(hours=1)
    reader.events(shown(place, "NEW00001", later), boot=boot())
    make.device(door).events(shown(place, "NEW00001", now - timedelta(hours=1)), boot=boot())
    mark = UnknownCard.objects.get()
    assert mark.taps == 2
    assert mark.first_seen == now - timedelta(hours=1)
    assert mark.last_seen <= now + timedelta(minutes=1)  # a gate's clock is not believed about the future


def test_a_card_that_is_added_is_no_longer_unknown(reader, place, door, by, now):
    reader.events(shown(place, "NEW00001", now), boot=boot())
    mark = UnknownCard.objects.get()
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    card = beside.add(mark=mark, resident=who, by=by, at=now)
    assert FeedRow.objects.filter(credential=card, gate=door, present=True).exists()
    (report,) = beside.reports(place, at=now)
    assert report.unknown == 0
    with pytest.raises(cards.CardTaken):
        beside.add(mark=mark, resident=make.resident(place, at=now), by=by, at=now)


def test_a_mark_is_not_added_to_somebody_elsewhere(reader, place, by, now):
    reader.events(shown(place, "NEW00001", now), boot=boot())
    with pytest.raises(beside.NotTheirNeighborhood):
        beside.add(
            mark=UnknownCard.objects.get(), resident=make.resident(make.neighborhood(), at=now), by=by, at=now
        )
    assert not Credential.objects.exists()


@pytest.mark.obligation("20")
def test_marks_go_after_fourteen_days(reader, place, now):
    reader.events(shown(place, "NEW00001", now), boot=boot())
    assert make.swept("access.unknown_cards", at=now + timedelta(days=13)) == 0
    assert make.swept("access.unknown_cards", at=now + timedelta(days=15)) == 1
    assert not UnknownCard.objects.exists()


def test_it_is_ready_when_it_knows_enough_has_listened_long_enough_and_is_heard(
    reader, place, door, card, now
):
    reader.events(tap(card, now, 1), boot=boot())
    Device.objects.filter(pk=reader.device.pk).update(last_poll_at=now)
    (report,) = beside.reports(place, at=now)
    assert report.is_ready
    reader.events(shown(place, "NEW00001", now), boot=boot())
    (report,) = beside.reports(place, at=now)
    assert (report.knows_enough, report.is_ready) == (False, False)
    Gate.objects.filter(pk=door.pk).update(beside_since=now - timedelta(days=2))
    Device.objects.filter(pk=reader.device.pk).update(last_poll_at=now - timedelta(hours=1))
    (report,) = beside.reports(place, at=now)
    assert (report.listened_enough, report.is_heard) == (False, False)


def test_before_any_card_was_shown_it_says_no_share(place, door, now):
    (report,) = beside.reports(place, at=now)
    assert report.share is None
    assert not report.is_ready


@pytest.mark.obligation("A3")
def test_switching_over_is_one_act_and_every_card_goes_on_opening(reader, place, door, card, by, now):
    cursor = reader.feed().json()["cursor"]
    rows = list(FeedRow.objects.filter(credential=card, present=True).values_list("gate", "body"))
    Device.objects.filter(pk=reader.device.pk).update(last_poll_at=now)
    gate = beside.switch_over(gate=door, by=by, at=now)
    assert (gate.in_service, gate.beside_since) == (True, None)
    assert reader.feed(cursor).json()["beside"] is False
    assert list(FeedRow.objects.filter(credential=card, present=True).values_list("gate", "body")) == rows
    assert Entry.objects.get(kind="gate.switched_over").opening.payload["by"] == str(by.pk)
    with pytest.raises(beside.NotListening):
        beside.switch_over(gate=door, by=by, at=now)


def test_it_is_not_switched_over_while_its_reader_is_silent(reader, door, by, now):
    Device.objects.filter(pk=reader.device.pk).update(last_poll_at=now - timedelta(minutes=6))
    with pytest.raises(beside.NotHeard):
        beside.switch_over(gate=door, by=by, at=now)
    assert Gate.objects.get(pk=door.pk).beside_since is not None


def test_another_neighborhoods_gates_are_not_reported(door, now):
    assert beside.reports(make.neighborhood(), at=now) == []


def test_the_report_asks_as_much_for_five_gates_as_for_one(reader, place, by, card, now):
    counts = []
    for more in (0, 4):
        for _ in range(more):
            gate = beside.begin(gate=make.gate(place, at=now), by=by, at=now)
            make.device(gate).events(tap(card, now, 1), shown(place, "NEW00001", now, 2), boot=boot())
        with CaptureQueriesContext(connection) as seen:
            beside.reports(place, at=now)
        counts.append(len(seen))
    assert counts == [5, 5]


def test_a_mark_of_a_gate_elsewhere_is_refused_by_the_database(door, now):
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        UnknownCard.objects.create(
            neighborhood=make.neighborhood(),
            gate=door,
            digest=b"x" * 32,
            taps=1,
            first_seen=now,
            last_seen=now,
        )
