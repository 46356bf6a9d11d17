"""Law 11: a backup from before an erasure, put back after it, brings nobody back (F14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access.models import Credential, FeedRow, SealedCopy, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from ledger import checkpoints, tree
from ledger.models import Checkpoint, Entry, Leaf
from residents import backups, leaving, moving
from residents.ages import today_in
from residents.models import Backup, ErasureOrder, ErasurePlace, Occupancy, Resident, Restoration
from tests import make
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
