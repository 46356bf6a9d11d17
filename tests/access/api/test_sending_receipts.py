"""A device says what it erased. It is believed for what should be gone, and only for the latest word on it."""

from __future__ import annotations

import uuid

import pytest

from access import devices, feed, rules
from access.models import FeedRow, Rule, SealedCopy
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from residents.models import ErasurePlace
from tests import make
from tests.access.api.test_signing_in import problem

pytestmark = pytest.mark.django_db
State = ErasurePlace.State


@pytest.fixture
def face(who, now):
    return make.face(who, at=now)


def stop(who, now):
    return withdraw(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(who.user, "en"),
        at=now,
    )


def version(door, credential) -> int:
    return FeedRow.objects.get(gate=door, credential=credential).version


def place(reader) -> ErasurePlace:
    return ErasurePlace.objects.get(device=reader.device.pk)


@pytest.mark.obligation("9", "F7")
def test_a_place_is_gone_when_its_device_says_so_and_not_before(door, reader, who, face, now):
    reader.feed()
    order = stop(who, now)
    assert place(reader).state == State.WAITING
    assert (place(reader).target, place(reader).label) == (face.pk, door.name)
    gone = version(door, face)
    response = reader.receipts(make.receipt(face, gone, at=now))
    assert {"accepted": 1, "unknown": [], "stale": []}.items() <= response.json().items()
    assert make.is_signed(response)
    assert place(reader).state == State.GONE
    assert place(reader).evidence["version"] == gone
    assert not order.is_complete  # the server's own places have yet to answer


def test_it_may_be_said_twice(door, reader, who, face, now):
    reader.feed()
    stop(who, now)
    said = make.receipt(face, version(door, face), at=now)
    assert reader.receipts(said, said).json()["accepted"] == 1
    changed = place(reader).changed_at
    assert reader.receipts(said).json()["accepted"] == 1
    assert place(reader).changed_at == changed


@pytest.mark.obligation("9")
def test_another_device_cannot_say_it(door, reader, who, face, now):
    beside, elsewhere = make.device(door), make.device(make.gate(make.neighborhood(), at=now))
    reader.feed()
    stop(who, now)
    said = make.receipt(face, version(door, face), at=now)
    assert beside.receipts(said).json()["accepted"] == 1  # true of itself
    assert elsewhere.receipts(said).json()["unknown"] == [str(face.pk)]
    assert place(reader).state == State.WAITING


def test_what_should_be_there_is_not_erased_by_a_receipt(door, reader, who, face, now):
    reader.feed()
    said = make.receipt(face, version(door, face) + 5, at=now)
    answer = reader.receipts(said).json()
    assert (answer["accepted"], answer["stale"]) == (0, [str(face.pk)])
    assert SealedCopy.objects.filter(device=reader.device).exists()


def test_an_earlier_receipt_says_nothing_of_a_later_copy(door, reader, who, face, now):
    reader.feed()
    rule = Rule.objects.get()
    rules.remove(rule=rule, at=now)
    first_gone = version(door, face)
    make.rule(door, who, at=now)
    reader.feed()  # sent again
    stop(who, now)
    old = make.receipt(face, first_gone, at=now)
    assert reader.receipts(old).json()["stale"] == [str(face.pk)]
    assert place(reader).state == State.WAITING
    assert reader.receipts(old, make.receipt(face, version(door, face), at=now)).json()["stale"] == []
    assert place(reader).state == State.GONE


def test_a_copy_that_was_given_back_before_is_not_asked_for_again(door, reader, who, face, now):
    reader.feed()
    rules.remove(rule=Rule.objects.get(), at=now)
    reader.receipts(make.receipt(face, version(door, face), at=now))
    assert not SealedCopy.objects.exists()
    stop(who, now)
    assert not ErasurePlace.objects.filter(kind=ErasurePlace.Kind.DEVICE).exists()


def test_it_names_what_this_gate_was_never_told_of(reader, now):
    nobody = str(uuid.uuid4())
    assert reader.receipts(make.receipt(nobody, 3, at=now)).json()["unknown"] == [nobody]


def test_a_device_that_begins_anew_can_still_prove_it(door, reader, who, face, now):
    reader.feed()
    stop(who, now)
    [row] = reader.feed().json()["rows"]  # a snapshot
    assert (row["credential"], row["present"]) == (str(face.pk), False)
    reader.receipts(make.receipt(face, row["version"], at=now))
    assert place(reader).state == State.GONE
    assert reader.feed().json()["rows"] == []


@pytest.mark.obligation("9")
def test_what_a_lost_device_held_is_shown_as_lost_until_it_answers(door, reader, who, face, now):
    reader.feed()
    stop(who, now)
    devices.revoke(device=reader.device, at=now)
    assert place(reader).state == State.LOST
    problem(reader.receipts(make.receipt(face, version(door, face), at=now)), "device-revoked", 403)
    assert place(reader).state == State.LOST


def test_a_device_lost_before_the_withdrawal_is_shown_as_lost(reader, who, face, now):
    reader.feed()
    devices.revoke(device=reader.device, at=now)
    stop(who, now)
    assert place(reader).state == State.LOST


def test_too_many_at_once_are_refused_with_how_many_may_come(reader, now):
    said = [make.receipt(str(uuid.uuid4()), 1, at=now) for _ in range(501)]
    assert problem(reader.receipts(*said), "too-many-receipts", 413)["max_receipts"] == 500


@pytest.mark.parametrize(
    "bad",
    [
        {"version": "1"},
        {"version": -1},
        {"version": None},
        {"credential": "x"},
        {"erased_at": "now"},
        {"erased_at": None},
    ],
)
def test_one_bad_receipt_and_none_is_taken(door, reader, who, face, now, bad):
    reader.feed()
    stop(who, now)
    good = make.receipt(face, version(door, face), at=now)
    problem(reader.receipts(good, good | bad), "malformed", 400)
    assert place(reader).state == State.WAITING


def test_its_queries_do_not_grow_with_what_nobody_waits_for(
    door, reader, who, now, django_assert_num_queries
):
    credentials = [make.card(who, at=now) for _ in range(30)]
    rules.remove(rule=Rule.objects.get(), at=now)
    said = [make.receipt(each, version(door, each), at=now) for each in credentials]
    feed.refresh(gate=door, at=now)
    for some in (said[:2], said):
        with django_assert_num_queries(6):
            assert reader.receipts(*some).json()["accepted"] == len(some)
