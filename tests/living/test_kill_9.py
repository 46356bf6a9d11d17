"""`kill -9` at every commit point of a move-out and of the erasure after the grace: late, and no worse (F16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import devices, reading, receipts
from access.models import Credential, FeedRow, SealedCopy, Template
from consent.models import Standing
from ledger.models import Entry
from portal import erasure, sweeps
from residents import contact, last_days, leaving, moving
from residents.ages import today_in
from residents.models import ErasureOrder, ErasurePlace, Occupancy, Resident
from tests import long_ago, make
from tests.processes.crashing import die_before, points_of
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
State = ErasurePlace.State


@pytest.fixture(autouse=True)
def ground(committed, tmp_path: Path, settings) -> None:
    settings.PHOTOS = tmp_path / "photos"
    settings.PHOTOS.mkdir(mode=0o700)


@pytest.fixture
def place(committed):
    return make.neighborhood()


@pytest.fixture
def reader(place, now):
    return make.device(make.gate(place, at=now), at=now)


def settled(place, reader) -> Resident:
    """A card, and a face that the gate holds a copy of."""
    at = datetime.now(UTC)
    who = make.resident(place, at=at)
    make.rule(reader.device.gate, who, at=at)
    make.card(who, at=at)
    make.face(who, at=at)
    page = reading.read_page(caller=devices.find(reader.device.pk), cursor=None, limit=500, at=at)
    devices.note_poll(caller=devices.find(reader.device.pk), holds=page.cursor.version, at=at)
    return who


def leave(who: Resident):
    def act() -> None:
        at = datetime.now(UTC)
        moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)
        for order in ErasureOrder.objects.filter(resident=who):
            erasure.run(order=order.pk, at=at)

    return act


def sweep() -> None:
    for turn in range(3):
        assert sweeps.sweep(at=datetime.now(UTC) + turn * timedelta(minutes=4))


def confirm(reader, who: Resident) -> None:
    at = datetime.now(UTC)
    for row in FeedRow.objects.filter(credential__resident=who):
        assert not row.present
        receipts.take(
            device=reader.device, receipts=[receipts.Receipt(row.credential_id, row.version, at)], at=at
        )


def count(who: Resident, kind: str) -> int:
    return Entry.objects.filter(subject=who.pk, kind=kind).count()


@pytest.mark.obligation("9", "F10", "F16")
def test_moving_out(place, reader):
    leave(settled(place, reader))()  # the first of a day begins a file of the journal
    points = points_of(leave(settled(place, reader)))
    committed_at = points.index("commit of default")
    for point in range(1, len(points) + 1):
        who = settled(place, reader)
        key = Standing.objects.get(resident=who).key
        die_before(point, leave(who))
        where = f"killed before {points[point - 1]}"
        who.refresh_from_db()
        if point <= committed_at + 1:
            assert who.left_at is None, where
            assert Credential.objects.active().filter(resident=who).count() == 2, f"half moved out: {where}"
            leave(who)()
        sweep()
        confirm(reader, who)
        orders = ErasureOrder.objects.filter(resident=who)
        assert orders.count() == 2, where
        assert set(orders) <= set(ErasureOrder.objects.complete()), where
        assert keys.state(key) == keys.State.DESTROYED, where
        assert not Credential.objects.active().filter(resident=who).exists(), where
        assert not Template.objects.filter(resident=who).exists(), where
        assert not SealedCopy.objects.filter(credential__resident=who).exists(), where
        assert count(who, "residence.left") == 1, where
        assert count(who, "erasure.complete") == 2, where


@pytest.mark.obligation("9", "F16", "F23")
def test_becoming_a_tombstone(place):
    def left() -> Resident:
        at = datetime.now(UTC) - timedelta(days=31)
        who = make.resident(place, at=at, until=at.date())
        contact.set_phone(who, "0571 8800 0000")
        who.save()
        last_days.carry_out(resident=who, at=datetime.now(UTC))
        long_ago.left_at(who, at)
        return Resident.objects.get(pk=who.pk)

    def erase(who: Resident):
        def act() -> None:
            at = datetime.now(UTC)
            order = leaving.erase(resident=who, at=at)
            assert order
            erasure.run(order=order.pk, at=at)

        return act

    erase(left())()
    points = points_of(erase(left()))
    assert any(name.startswith("vault: INSERT INTO vault_key") for name in points), points
    for point in range(1, len(points) + 1):
        who = left()
        die_before(point, erase(who))
        sweep()
        where = f"killed before {points[point - 1]}"
        who.refresh_from_db()
        assert (who.name, who.user, who.phone_sealed) == ("", None, None), where
        assert who.erased_at is not None, where
        assert not Occupancy.objects.filter(resident=who).exists(), where
        assert keys.state(who.contact_key) == keys.State.DESTROYED, where
        order = ErasureOrder.objects.get(resident=who, purpose=leaving.PERSON)
        assert not order.places.exclude(state=State.GONE).exists(), where
        assert count(who, "erasure.complete") >= 1, where
