"""After an erasure and the end of its epoch nothing opens the face any more: not the disks, the logs or the backups of both
databases, with the root and every salt there is. Before, the same hunter opens it from each of them."""

from __future__ import annotations

import pytest

from access.models import Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from gate import sealing
from portal import erasure
from residents.models import ErasurePlace, Resident
from tests import make
from tests.vault import hunting
from tests.vault.hunting import Quarry
from vault import epochs, keys, rotation
from vault.models import Epoch, Key

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(places):
    return make.neighborhood()


def enrolled(place, at, seed: int) -> tuple[Resident, Quarry]:
    who = make.resident(place, at=at)
    face = make.face(who, at=at, seed=seed)
    standing = Standing.objects.get(resident=who, purpose=Purpose.FACE_AT_GATE)
    ciphertext = bytes(Template.objects.get(credential=face).ciphertext)
    context = f"access.template|{face.pk}"
    return who, Quarry(standing.key, who.pk, str(standing.purpose), ciphertext, context)


def said(found: bytes | None) -> bool:
    """Whether it is the template, and not just any bytes."""
    return found is not None and len(sealing.unpack_template(found)) == sealing.ENCODING_LENGTH


@pytest.mark.obligation("9", "21", "22", "23", "F13")
def test_nothing_opens_the_face_once_its_epoch_has_ended(place, now):
    who, quarry = enrolled(place, now, seed=1)
    _, neighbors = enrolled(place, now, seed=2)
    vault, data = hunting.dump("vault"), hunting.dump("default")
    assert quarry.ciphertext.hex().encode() in data, "a backup of the data has what the key opens"
    heaps = hunting.heaps()
    assert said(hunting.opened(quarry, heaps)), "out of the table's file, while it lives"

    order = withdrawal.withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=now)
    assert erasure.run(order=order.pk, at=now)
    assert keys.state(quarry.key) is keys.State.DESTROYED
    place_of_key = order.places.get(kind=ErasurePlace.Kind.KEY, target=quarry.key)
    final = epochs.final_on([quarry.key])[quarry.key]
    assert place_of_key.evidence["epoch"] == 1
    assert place_of_key.evidence["final_on"] >= final.expected.date().isoformat()

    # The key is gone, and not yet for good: whoever has a backup or the log still comes to the face.
    assert not said(hunting.opened(quarry, hunting.heaps())), "its pages are rewritten"
    assert said(hunting.opened(quarry, vault))
    assert said(hunting.opened(quarry, hunting.logs()))

    assert rotation.turn(now=True).retired == [1]

    logs, after = hunting.logs(), hunting.heaps()
    old = b"\x01" + bytes(Epoch.objects.get(number=1).name)
    assert any(window.startswith(old) for window in hunting.windows(logs)), "the bytes are still there"
    assert any(window.startswith(old) for window in hunting.windows(vault))
    assert hunting.opened(quarry, vault, data, logs, heaps, after) is None
    assert epochs.final_on([quarry.key])[quarry.key].since == Epoch.objects.get(number=1).retired_at

    # The hunter is as good as before: a face that nobody withdrew opens, out of what there is now.
    assert said(hunting.opened(neighbors, after))
    assert hunting.opened(neighbors, vault) is None, "and not out of the old backup either"
    assert Key.objects.filter(id=neighbors.key, epoch=2).exists()
