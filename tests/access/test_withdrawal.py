"""Withdrawing: one act deletes what the server has, asks each gate, and is complete when every place has said so."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from access import cards, devices, enrolment, gates, photos, reading, receipts, rules, storage
from access.models import Credential, Device, Enrolment, FeedRow, SealedCopy, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from ledger.models import Entry
from portal import erasure
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace
from tests import make
from tests.enrolling import agree, two_portraits
from vault import keys, rewrite

pytestmark = pytest.mark.django_db
Kind, State = ErasurePlace.Kind, ErasurePlace.State
FACE, SENDING, STORING = Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET, Purpose.TEMPLATE_ON_SERVER


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings, monkeypatch) -> Path:
    settings.PHOTOS = tmp_path / "photos"
    # No table can be rewritten within the test's transaction; tests/processes does it for real.
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)
    return settings.PHOTOS


@pytest.fixture
def standings(resident, forms, now):
    return agree(resident, forms, at=now)


@pytest.fixture
def gate(here, resident, now):
    gate = gates.put_up(neighborhood=here, name="南门", by_face=True, at=now)
    make.enable(here, at=now)
    rules.add(gate=gate, resident=resident, at=now)
    return gate


@pytest.fixture
def device(here, gate, now):
    return pair(gate, b"p", now)


@pytest.fixture
def face(resident, standings, gate, now) -> Credential:
    return enrolled(resident, now)


def pair(gate, key: bytes, at):
    device = Device.objects.create(
        neighborhood=gate.neighborhood,
        gate=gate,
        public_key=key * 32,
        sealing_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        paired_at=at,
    )
    if gate.by_face:
        make.sign(device, at=at)
    return device


def begin(resident, at):
    return enrolment.begin(resident=resident, route=Enrolment.Route.PORTAL, pictures=two_portraits(), at=at)


def enrolled(resident, at) -> Credential:
    enrolment.work(enrolment=begin(resident, at).pk, at=at)
    return resident.credentials.active().get(kind="face")


def poll(device, at, *, since: int = 0) -> SimpleNamespace:
    """What the device is sent, and that it acknowledges it."""
    page = reading.read_page(caller=devices.find(device.pk), cursor=None, limit=100, at=at)
    devices.note_poll(caller=devices.find(device.pk), holds=page.cursor.version, at=at)
    return page


def erased(device, credential, at) -> None:
    version = FeedRow.objects.get(gate=device.gate, credential=credential).version
    receipts.take(device=device, receipts=[receipts.Receipt(credential.pk, version, at)], at=at)


def withdraw(resident, at, purpose=FACE) -> ErasureOrder:
    return withdrawal.withdraw(
        resident=resident, purpose=purpose, voice=own(resident.user, "zh-hans"), at=at,
    )  # fmt: skip


def waiting(order) -> list[str]:
    return sorted(order.places.exclude(state=State.GONE).values_list("kind", flat=True))


@pytest.mark.obligation("9", "F7", "F8", "F10", "F15")
def test_it_is_complete_only_when_the_gate_has_said_so(resident, face, device, now):
    assert "template" in poll(device, now).rows[0]
    order = withdraw(resident, now)
    assert not Template.objects.exists()
    assert not SealedCopy.objects.exists()
    assert not Enrolment.objects.exists()
    assert not Standing.objects.exists()
    erasure.run(order=order.pk, at=now)
    assert waiting(order) == [Kind.DEVICE]
    assert not ErasureOrder.objects.complete().exists()
    erased(device, face, now)
    assert ErasureOrder.objects.complete().get() == order
    assert Entry.objects.filter(kind="erasure.complete").count() == 1


@pytest.mark.obligation("F7")
def test_every_gate_that_holds_a_copy_is_told(resident, face, device, gate, now):
    """Found by what was sent, not by looking up the row that has just been deleted."""
    poll(device, now)
    withdraw(resident, now)
    row = FeedRow.objects.get(credential=face)
    assert (row.present, row.body) == (False, {})
    later = reading.read_page(
        caller=devices.find(device.pk), cursor=reading.Cursor(row.version - 1), limit=10, at=now
    )
    told = [json.loads(each) for each in later.rows]
    assert [(each["credential"], each["present"]) for each in told] == [(str(face.pk), False)]


def test_a_gate_that_never_had_a_copy_is_not_asked(resident, face, device, now):
    order = withdraw(resident, now)
    assert Kind.DEVICE not in order.places.values_list("kind", flat=True)


@pytest.mark.obligation("9", "F15")
def test_a_copy_of_an_earlier_enrolment_is_still_asked_for(resident, face, device, now):
    poll(device, now)
    enrolled(resident, now)  # the gate is offline and has not confirmed the drop of the first
    order = withdraw(resident, now)
    assert order.places.get(kind=Kind.DEVICE).target == face.pk


@pytest.mark.obligation("F15")
def test_a_device_lost_before_is_shown_as_lost(resident, face, device, now):
    poll(device, now)
    devices.revoke(device=device, at=now)
    order = withdraw(resident, now)
    erasure.run(order=order.pk, at=now)
    assert order.places.get(kind=Kind.DEVICE).state == State.LOST
    assert not order.is_complete


@pytest.mark.obligation("F13", "9")
def test_it_destroys_the_key_after_commit_and_only_this_residents(
    resident, neighbor, forms, face, standings, now
):
    theirs = agree(neighbor, forms, at=now)
    enrolled(neighbor, now)
    order = withdraw(resident, now)
    assert keys.state(standings[FACE].key) == keys.State.LIVE
    erasure.run(order=order.pk, at=now)
    used = [standings[purpose].key for purpose in (FACE, SENDING)]
    assert {keys.state(key) for key in used} == {keys.State.DESTROYED}
    assert keys.state(standings[STORING].key) == keys.State.ABSENT  # it never sealed anything
    assert keys.state(theirs[FACE].key) == keys.State.LIVE
    assert Template.objects.get().resident == neighbor


@pytest.mark.obligation("F16", "9")
@pytest.mark.parametrize("kind", [Kind.ROWS, Kind.PHOTOS, Kind.KEY, Kind.PAGES])
def test_a_place_that_fails_is_tried_again_and_keeps_nobody_else(
    resident, face, standings, now, kind, monkeypatch, caplog
):
    order = withdraw(resident, now)

    def fail(place, *_):
        raise OSError("a disk said: 柳一")

    monkeypatch.setitem(erasure.PLACE_KINDS, kind, fail)
    with caplog.at_level(logging.ERROR):
        assert not erasure.run(order=order.pk, at=now)
    assert "OSError" in caplog.text
    assert "柳一" not in caplog.text
    expected = {kind} | ({Kind.PAGES} if kind in (Kind.ROWS, Kind.KEY) else set())
    assert set(waiting(order)) == expected
    monkeypatch.undo()
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)
    later = now + timedelta(minutes=1)
    for _ in range(2):
        erasure.run(order=order.pk, at=later)
        later += timedelta(minutes=5)
    assert waiting(order) == []


@pytest.mark.obligation("F15")
@pytest.mark.parametrize("sure", [(False, True), (True, False)])
def test_pages_that_may_still_hold_something_are_not_called_gone(resident, face, now, sure, monkeypatch):
    order = withdraw(resident, now)
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: sure[0])
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: sure[1])
    erasure.run(order=order.pk, at=now)
    assert waiting(order) == [Kind.PAGES]


def test_a_file_is_rewritten_once_for_all_who_wait_for_it(here, now, monkeypatch):
    orders = []
    for _ in range(3):
        who = make.resident(here, at=now)
        make.face(who, at=now)
        orders.append(withdraw(who, now).pk)
    late, *others = orders
    key = ErasurePlace.objects.get(order=late, kind=Kind.KEY)
    ErasurePlace.objects.filter(pk=key.pk).update(due_at=now + timedelta(hours=1))
    rewritten = []
    monkeypatch.setattr(rewrite, "rewrite", lambda *, table, using: bool(rewritten.append(table)) or True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: bool(rewritten.append("vault_key")) or True)
    assert not erasure.run_all(orders=orders, at=now)
    assert sorted(rewritten) == sorted(set(rewritten))
    assert all(not waiting(ErasureOrder.objects.get(pk=each)) for each in others)
    # Its key was still there when the files were rewritten.
    assert set(waiting(ErasureOrder.objects.get(pk=late))) == {Kind.KEY, Kind.PAGES}


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-03-01T01:00+08:00", "2026-03-01T03:00+08:00"),
        ("2026-03-01T03:01+08:00", "2026-03-02T03:00+08:00"),
    ],
)
def test_by_day_only_files_wait_for_the_night(resident, face, now, settings, at, due):
    settings.PAGES_HOUR = 3
    order = open_order(
        resident=resident,
        purpose="face",
        cause=ErasureOrder.Cause.WITHDRAWN,
        places=[Place(kind=kind, target=resident.pk) for kind in (Kind.KEY, Kind.PAGES)],
        at=datetime.fromisoformat(at),
    )
    assert order.places.get(kind=Kind.KEY).due_at == datetime.fromisoformat(at)
    assert order.places.get(kind=Kind.PAGES).due_at == datetime.fromisoformat(due)


def test_each_attempt_waits_longer(resident, face, now, monkeypatch):
    order = withdraw(resident, now)
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: False)
    pauses = []
    for _ in range(4):
        erasure.run(order=order.pk, at=now)
        due = order.places.get(kind=Kind.PAGES).due_at
        pauses.append(due - now)
        now = due
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]


def test_run_twice_it_does_nothing_twice(resident, face, now):
    order = withdraw(resident, now)
    for _ in range(3):
        erasure.run(order=order.pk, at=now)
    assert Entry.objects.filter(kind="erasure.complete").count() == 1


@pytest.mark.obligation("9", "20")
def test_it_takes_the_photos_that_are_on_their_way(resident, standings, folder, now):
    begin(resident, now)
    order = withdraw(resident, now)
    erasure.run(order=order.pk, at=now)
    assert not any(path.is_file() for path in folder.rglob("*"))
    assert waiting(order) == []


@pytest.mark.obligation("9", "F8")
def test_it_takes_photos_that_no_row_knows(resident, standings, folder, now):
    """What a process left that died between its files and its row."""
    begun = begin(resident, now)
    Enrolment.objects.filter(pk=begun.pk).delete()
    order = withdraw(resident, now)
    erasure.run(order=order.pk, at=now)
    assert not any(path.is_file() for path in folder.rglob("*"))


@pytest.mark.obligation("5")
def test_stopping_to_send_photos_keeps_the_face(resident, face, standings, gate, now):
    waits = begin(resident, now)
    order = withdraw(resident, now, SENDING)
    erasure.run(order=order.pk, at=now)
    assert not Enrolment.objects.exists()
    assert not photos.remain(photos.consent_of(waits).pk)
    assert Template.objects.get().credential == face
    assert FeedRow.objects.get(credential=face).present
    assert keys.state(standings[FACE].key) == keys.State.LIVE
    assert waiting(order) == []


@pytest.mark.obligation("5", "19")
def test_stopping_to_store_keeps_the_face_at_the_gates(resident, face, device, now):
    poll(device, now)
    storage.drop_delivered_templates(at=now)
    assert Template.objects.exists()  # as agreed
    order = withdraw(resident, now, STORING)
    erasure.run(order=order.pk, at=now)
    assert not Template.objects.exists()
    assert SealedCopy.objects.filter(device=device).exists()
    assert FeedRow.objects.get(credential=face).present
    assert waiting(order) == []


@pytest.mark.obligation("3", "2")
def test_cards_rules_and_hours_stay_as_they_were(resident, standings, gate, now):
    card = cards.issue(resident=resident, number="04A2 33B1", at=now)
    before = list(FeedRow.objects.filter(credential=card).values())
    enrolled(resident, now)
    withdraw(resident, now)
    assert list(FeedRow.objects.filter(credential=card).values()) == before
    card.refresh_from_db()
    assert card.ended_at is None


@pytest.mark.obligation("9", "F23")
def test_a_new_yes_revives_nothing(resident, forms, face, standings, device, now):
    poll(device, now)
    order = withdraw(resident, now)
    erasure.run(order=order.pk, at=now)
    again = agree(resident, forms, at=now + timedelta(minutes=1))
    assert again[FACE].key != standings[FACE].key
    assert not Template.objects.exists()
    face.refresh_from_db()
    assert face.ended_at is not None
    assert not FeedRow.objects.get(credential=face).present
