"""Law 11: a backup from before an erasure, put back after it, brings nobody back (F14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access import losing
from access.models import Credential, FeedRow, SealedCopy, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from ledger import checkpoints, tree
from ledger.models import Checkpoint, Entry, Leaf
from residents import backups, leaving, moving
from residents.ages import today_in
from residents.models import Backup, ErasureOrder, ErasurePlace, Occupancy, Resident, Restoration
from tests import long_ago, make
from tests.restoring.conftest import carried_through, left_of, swept
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Kind, State = ErasurePlace.Kind, ErasurePlace.State


@pytest.mark.obligation("9", "F14")
def test_what_was_stopped_stays_gone(operator, here, resident, neighbor, now):
    """Face, key and consent; and what a neighbor had agreed to is still there."""
    face, other = make.face(resident, at=now), make.face(neighbor, at=now, seed=2)
    standing = Standing.objects.get(resident=resident)
    swept()
    sets = operator.backup()
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=own(resident.user, "en"), at=datetime.now(UTC)
    )
    assert {"backup"} <= left_of(order)
    carried_through(order)
    assert left_of(order) == {Kind.BACKUP}
    swept()
    signed, size = checkpoints.newest(), tree.size()
    last = bytes(Leaf.objects.get(index=size - 1).hash)

    operator.restore(sets)
    assert left_of(ErasureOrder.objects.get(pk=order.pk)) <= {Kind.BACKUP, Kind.PHOTOS}
    swept()  # photos are in no backup; their folder is the worker's to look into

    assert not Standing.objects.filter(resident=resident).exists()
    assert not Template.objects.filter(resident=resident).exists()
    assert keys.state(standing.key) == keys.State.DESTROYED
    assert not Credential.objects.active().filter(pk=face.pk).exists()
    again = ErasureOrder.objects.get(pk=order.pk)
    assert (again.cause, again.opened_at) == (order.cause, order.opened_at)
    assert left_of(again) == {Kind.BACKUP}
    assert ErasureOrder.objects.filter(resident=resident).count() == 1
    # Whoever never stopped anything has it.
    assert Template.objects.filter(credential=other).exists()
    assert Standing.objects.filter(resident=neighbor).exists()
    # The log grew on: what was signed is still of this tree.
    assert bytes(Leaf.objects.get(index=size - 1).hash) == last
    assert Checkpoint.objects.get(pk=signed.pk).note == signed.note
    assert tree.root(signed.size) == bytes(signed.root)
    swept()
    assert checkpoints.newest().size > signed.size
    assert Entry.objects.filter(kind="backup.restored").count() == 1
    backups.insist_on_serving()
    assert Restoration.objects.filter(finished_at=None).count() == 0


def move_out(who: Resident) -> None:
    now = datetime.now(UTC)
    moving.move_out(resident=who, on=today_in(who.neighborhood, now), by=who.user, at=now)


@pytest.mark.obligation("9", "F14", "F23")
def test_who_moved_out_lives_there_no_more_and_opens_no_gate(operator, here, resident, neighbor, now):
    """Consents, cards and the residence itself; the one who stayed lives on."""
    gate = make.gate(here, at=now)
    reader = make.device(gate, at=now)
    for who in (resident, neighbor):
        make.rule(gate, who, at=now)
        make.card(who, at=now)
    make.face(resident, at=now)
    stolen = make.card(neighbor, at=now)
    swept()
    sets = operator.backup()
    losing.report_lost(resident=neighbor, card=stolen, by=None, at=datetime.now(UTC))
    move_out(resident)
    orders = list(ErasureOrder.objects.filter(resident=resident))
    assert len(orders) == 2
    for order in orders:
        carried_through(order)
    swept()
    operator.restore(sets)
    resident.refresh_from_db()
    assert resident.left_at is not None
    today = today_in(here, datetime.now(UTC))
    assert not Occupancy.objects.standing(today).filter(resident=resident).exists()
    assert not Credential.objects.active().filter(resident=resident).exists()
    assert not Standing.objects.filter(resident=resident).exists()
    assert set(ErasureOrder.objects.filter(resident=resident).values_list("pk", flat=True)) == {
        o.pk for o in orders
    }
    assert not FeedRow.objects.filter(present=True, credential__resident=resident).exists()
    assert not SealedCopy.objects.filter(device=reader.device, credential__resident=resident).exists()
    # A card that was reported lost opens nothing again, and nobody is left without a way in.
    assert not Credential.objects.active().filter(pk=stolen.pk).exists()
    assert not FeedRow.objects.filter(present=True, credential=stolen).exists()
    assert Credential.objects.active().filter(resident=neighbor).exists()
    assert FeedRow.objects.filter(present=True, credential__resident=neighbor).exists()


@pytest.mark.obligation("9", "F14", "F23")
def test_who_was_erased_is_a_tombstone_again(operator, here, resident, now):
    """Name, account and phone; the grace was over after the backup."""
    card = make.card(resident, at=now)
    move_out(resident)
    long_ago.left_at(resident, now - timedelta(days=31))
    swept_until = datetime.now(UTC)
    sets = operator.backup()
    assert Resident.objects.get(pk=resident.pk).name
    order = leaving.erase(resident=resident, at=swept_until)
    assert order is not None
    erasure_places = left_of(order)
    assert "backup" in erasure_places
    swept()
    operator.restore(sets)
    again = Resident.objects.get(pk=resident.pk)
    assert again.erased_at is not None
    assert (again.name, again.user, again.phone_sealed) == ("", None, None)
    assert keys.state(again.contact_key) == keys.State.DESTROYED
    assert not Occupancy.objects.filter(resident=resident).exists()
    assert Credential.objects.filter(pk=card.pk).exists()
    assert ErasureOrder.objects.get(pk=order.pk).purpose == leaving.PERSON


@pytest.mark.obligation("9", "F14")
def test_a_vault_put_back_alone_opens_nothing_that_was_shut(operator, here, resident, neighbor, now):
    make.face(resident, at=now)
    make.face(neighbor, at=now, seed=2)
    theirs = {who: Standing.objects.get(resident=who).key for who in (resident, neighbor)}
    swept()
    sets = operator.backup()
    voice = own(resident.user, "en")
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=voice, at=datetime.now(UTC)
    )
    carried_through(order)
    operator.restore({"vault": sets["vault"]})
    assert keys.state(theirs[resident]) == keys.State.DESTROYED
    assert keys.state(theirs[neighbor]) == keys.State.LIVE
    backups.insist_on_serving()


@pytest.mark.obligation("9", "F14")
def test_data_put_back_alone_find_no_key_for_what_was_stopped(operator, here, resident, now):
    make.face(resident, at=now)
    swept()
    sets = operator.backup("data")
    voice = own(resident.user, "en")
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=voice, at=datetime.now(UTC)
    )
    operator.restore(sets)
    swept()
    assert not Standing.objects.filter(resident=resident).exists()
    assert left_of(ErasureOrder.objects.get(pk=order.pk)) == {Kind.BACKUP}


@pytest.mark.obligation("9", "F14")
def test_a_set_that_was_made_since_is_waited_for_as_well(operator, here, resident, now):
    """The database of then does not know it; the journal does."""
    make.face(resident, at=now)
    first = operator.backup()
    operator.backup("data")
    later = Backup.objects.latest("made_at")
    operator.restore(first)
    assert Backup.objects.get(pk=later.pk).expires_at == later.expires_at
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=own(resident.user, "en"), at=datetime.now(UTC)
    )
    waits_for = set(order.places.filter(kind=Kind.BACKUP).values_list("target", flat=True))
    assert waits_for == set(Backup.objects.values_list("pk", flat=True))
    assert len(waits_for) == 3


@pytest.mark.obligation("9", "F14")
def test_a_backup_of_a_backup_goes_on_forgetting(operator, here, resident, neighbor, now):
    """Put back twice, from the same set, with an erasure in between: both are gone."""
    make.face(resident, at=now)
    make.face(neighbor, at=now, seed=2)
    swept()
    sets = operator.backup()
    for who in (resident, neighbor):
        order = withdrawal.withdraw(
            resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=datetime.now(UTC)
        )
        carried_through(order)
        swept()
        operator.restore(sets)
        swept()
    assert not Standing.objects.exists()
    assert Restoration.objects.filter(finished_at=None).count() == 0


@pytest.mark.obligation("9", "F14")
def test_who_moved_out_and_in_again_since_is_not_put_out_of_doors(operator, here, resident, now):
    """Law 13: what ended has ended, and who lives here by the newest word has a way in."""
    gate = make.gate(here, at=now)
    make.rule(gate, resident, at=now)
    card = make.card(resident, at=now)
    sets = operator.backup()
    move_out(resident)
    resident.refresh_from_db()
    at = datetime.now(UTC)
    moving.move_in(resident=resident, unit=make.unit(here), since=today_in(here, at), at=at)
    for order in ErasureOrder.objects.filter(resident=resident):
        carried_through(order)
    swept()
    operator.restore(sets)
    resident.refresh_from_db()
    assert resident.left_at is None
    assert Occupancy.objects.standing(today_in(here, at)).filter(resident=resident).exists()
    assert not Credential.objects.active().filter(pk=card.pk).exists()
    assert Credential.objects.active().plain().filter(resident=resident).exists()
